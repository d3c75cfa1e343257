//! What a client reads of JSON: pointers, and what has to be there.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lpc_sandbox::serde_json::{self, Map, Value};

use crate::values::Values;

/// Says what is not as the client needs it, if anything.
pub fn check(json: &Value, reads: &Map<String, Value>, values: &Values) -> Result<(), String> {
    reads.iter().try_for_each(|(pointer, expected)| {
        let pointer = values.fill(pointer)?;
        let expected = values.fill_json(expected)?;
        let found = pick(json, &segments(&pointer));
        if found.is_empty() {
            return Err(format!("{pointer}: nothing is there"));
        }
        found.iter().try_for_each(|found| {
            let fits = fits(found.as_ref(), &expected)?;
            let found = found.as_ref().map_or("nothing".to_owned(), Value::to_string);
            let wanted = expected.as_str().map_or_else(|| expected.to_string(), str::to_owned);
            if fits { Ok(()) } else { Err(format!("{pointer}: not {wanted}, but {found}")) }
        })
    })
}

/// The one text or number that stands there, as text.
pub fn one(json: &Value, pointer: &str, values: &Values) -> Result<String, String> {
    let pointer = values.fill(pointer)?;
    match pick(json, &segments(&pointer)).as_slice() {
        [Some(Value::String(text))] => Ok(text.clone()),
        [Some(Value::Number(number))] => Ok(number.to_string()),
        found => Err(format!("{pointer}: not one text or number, but {found:?}")),
    }
}

fn segments(pointer: &str) -> Vec<&str> {
    pointer.split('/').skip(1).collect()
}

/// What stands at a pointer: one thing or nothing, but where `*` is in it.
fn pick(json: &Value, segments: &[&str]) -> Vec<Option<Value>> {
    let Some((segment, rest)) = segments.split_first() else { return vec![Some(json.clone())] };
    let next = match json {
        Value::Array(items) if *segment == "*" => {
            return items.iter().flat_map(|item| pick(item, rest)).collect();
        }
        Value::Array(items) => match segment.split_once('=') {
            Some((name, value)) => items.iter().find(|item| item[name] == value),
            None => segment.parse::<usize>().ok().and_then(|place| items.get(place)),
        },
        Value::Object(members) => members.get(*segment),
        // A token: what follows is one of its claims.
        Value::String(token) => match claims(token) {
            Some(claims) => return pick(&claims, segments),
            None => None,
        },
        _ => None,
    };
    next.map_or_else(|| vec![None], |next| pick(next, rest))
}

fn claims(token: &str) -> Option<Value> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

fn fits(found: Option<&Value>, expected: &Value) -> Result<bool, String> {
    if let Some(part) = expected.get("$has") {
        let part = part.as_str().ok_or("$has needs a text")?;
        return Ok(found.and_then(Value::as_str).is_some_and(|text| text.contains(part)));
    }
    let Some(kind) = expected.as_str().and_then(|text| text.strip_prefix('$')) else {
        return Ok(found == Some(expected));
    };
    let (kind, optional) = kind.strip_suffix('?').map_or((kind, false), |kind| (kind, true));
    let Some(found) = found else { return Ok(optional || kind == "absent") };
    Ok(match kind {
        "absent" => false,
        "any" => true,
        "text" => found.as_str().is_some_and(|text| !text.is_empty()),
        "int32" => found.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "int64" => found.is_i64(),
        "array" => found.is_array(),
        "object" => found.is_object(),
        _ => return Err(format!("${kind} is no kind of value")),
    })
}

#[cfg(test)]
mod tests {
    use lpc_sandbox::serde_json::json;

    use super::*;

    #[test]
    fn members_are_found_and_held_against_what_is_expected() {
        let json = json!({
            "dialogs": [{"id": "a", "state": "CLOSE"}, {"id": "b", "state": "OPEN", "n": 7}],
            "token": format!("x.{}.y", URL_SAFE_NO_PAD.encode(r#"{"exp":5}"#)),
            "long": 5_000_000_000_i64, "none": null, "empty": [], "said": "User 5 already",
        });
        let mut values = Values::default();
        values.set("state", "OPEN");
        values.set("id", "b");
        for (pointer, expected, fits) in [
            ("/dialogs/0/id", json!("a"), true),
            ("/dialogs/0/id", json!("b"), false),
            ("/dialogs/2/id", json!("a"), false),
            ("/dialogs/state={state}/id", json!("{id}"), true),
            ("/dialogs/state=LOCKED/id", json!("$text"), false),
            ("/dialogs/*/id", json!("$text"), true),
            ("/dialogs/*/n", json!("$int32"), false),
            ("/dialogs/*/n", json!("$int32?"), true),
            ("/empty/*/n", json!("$int32?"), false),
            ("/dialogs", json!("$array"), true),
            ("/dialogs/0", json!("$object"), true),
            ("/dialogs/0", json!("$array"), false),
            ("/token/exp", json!("$int32"), true),
            ("/token/exp", json!(5), true),
            ("/token/iat", json!("$int32"), false),
            ("/long", json!("$int64"), true),
            ("/long", json!("$int32"), false),
            ("/none", json!("$int64?"), false),
            ("/none", json!("$any"), true),
            ("/none", json!("$absent"), false),
            ("/nothing", json!("$absent"), true),
            ("/nothing", json!("$any"), false),
            ("/said", json!({"$has": "5 already"}), true),
            ("/said", json!({"$has": "6"}), false),
            ("/said", json!("$text"), true),
            ("/long", json!("$text"), false),
        ] {
            let reads = Map::from_iter([(pointer.to_owned(), expected.clone())]);
            let checked = check(&json, &reads, &values);
            assert_eq!(checked.is_ok(), fits, "{pointer} {expected}: {checked:?}");
        }
        let unknown = Map::from_iter([("/long".to_owned(), json!("$long"))]);
        assert!(check(&json, &unknown, &values).is_err());
    }
}
