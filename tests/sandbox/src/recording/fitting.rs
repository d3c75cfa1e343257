//! Whether a request is one that was recorded: apart from stand-ins, ids and times.

use std::collections::HashMap;

use serde_json::Value;

use crate::recording::exchange::Payload;

/// Numbers from here on are times in milliseconds.
const TIMES: f64 = 1e11;

/// What stands for what: the stand-ins of the recording, and the ids of its requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bindings {
    pub(crate) stand_ins: HashMap<String, String>,
    pub(crate) ids: HashMap<String, Value>,
}

/// Where two differ: the names of members on the way.
pub(crate) type Difference = String;

impl Bindings {
    pub(crate) fn payload(&mut self, recorded: &Payload, body: &[u8]) -> Result<(), Difference> {
        let body = match recorded {
            Payload::None if body.is_empty() => return Ok(()),
            Payload::Bytes(_) if !body.is_empty() => return Ok(()),
            Payload::Json(value) => {
                let actual =
                    serde_json::from_slice(body).map_err(|_| "body, no JSON".to_owned())?;
                return self.value("body", "", value, &actual);
            }
            Payload::Form(pairs) => return self.pairs("form", pairs, body),
            _ => "body",
        };
        Err(body.to_owned())
    }

    /// Parameters, in any order.
    pub(crate) fn pairs(
        &mut self,
        place: &str,
        recorded: &[(String, String)],
        encoded: &[u8],
    ) -> Result<(), Difference> {
        let actual: HashMap<String, String> =
            form_urlencoded::parse(encoded).into_owned().collect();
        for (name, value) in recorded {
            let there = actual.get(name).ok_or_else(|| format!("{place}.{name}, missing"))?;
            if !self.text(value, there) {
                return Err(format!("{place}.{name}"));
            }
        }
        let more = actual.keys().find(|name| !recorded.iter().any(|(known, _)| known == *name));
        more.map_or(Ok(()), |name| Err(format!("{place}.{name}, which is new")))
    }

    fn value(
        &mut self,
        place: &str,
        name: &str,
        recorded: &Value,
        actual: &Value,
    ) -> Result<(), Difference> {
        let differs = || Err(place.to_owned());
        match (recorded, actual) {
            (Value::Object(recorded), Value::Object(actual)) => {
                for (name, value) in recorded {
                    let place = format!("{place}.{name}");
                    match actual.get(name) {
                        Some(there) => self.value(&place, name, value, there)?,
                        None => return Err(format!("{place}, missing")),
                    }
                }
                match actual.keys().find(|name| !recorded.contains_key(*name)) {
                    Some(name) => Err(format!("{place}.{name}, which is new")),
                    None => Ok(()),
                }
            }
            (Value::Array(recorded), Value::Array(actual)) if recorded.len() == actual.len() => {
                for (number, (value, there)) in recorded.iter().zip(actual).enumerate() {
                    self.value(&format!("{place}.{number}"), name, value, there)?;
                }
                Ok(())
            }
            (Value::String(_) | Value::Number(_), Value::String(_) | Value::Number(_))
                if name == "id" =>
            {
                self.ids.insert(plain(recorded), actual.clone());
                Ok(())
            }
            (Value::String(recorded), Value::String(_) | Value::Number(_)) => {
                if self.text(recorded, &plain(actual)) { Ok(()) } else { differs() }
            }
            (Value::Number(recorded), Value::Number(actual)) => {
                let is_time = [recorded, actual]
                    .iter()
                    .all(|number| number.as_f64().is_some_and(|number| number >= TIMES));
                if is_time || recorded == actual { Ok(()) } else { differs() }
            }
            (recorded, actual) if recorded == actual => Ok(()),
            _ => differs(),
        }
    }

    /// Whether a text fits one with stand-ins, each of which stands for anything.
    pub(crate) fn text(&mut self, recorded: &str, actual: &str) -> bool {
        // No recursion: how many there are is up to whoever wrote the text.
        let (mut recorded, mut actual) = (recorded, actual);
        while let Some((before, name, behind)) = stand_in(recorded) {
            let Some(rest) = actual.strip_prefix(before) else { return false };
            // What stands for it ends where the next plain text begins.
            let next = stand_in(behind).map_or(behind, |(before, _, _)| before);
            let end = if next.is_empty() { Some(rest.len()) } else { rest.find(next) };
            let Some(end) = end else { return false };
            self.stand_ins.insert(name.to_owned(), rest[..end].to_owned());
            (recorded, actual) = (behind, &rest[end..]);
        }
        recorded == actual
    }
}

/// The first stand-in of a text, with what is before and behind it.
pub(crate) fn stand_in(text: &str) -> Option<(&str, &str, &str)> {
    let begin = text.find('{')?;
    let end = begin + text[begin..].find('}')? + 1;
    Some((&text[..begin], &text[begin..end], &text[end..]))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Bindings;
    use crate::recording::exchange::Payload;

    fn fits(recorded: Value, actual: Value) -> Result<Bindings, String> {
        let mut bindings = Bindings::default();
        bindings.payload(&Payload::Json(recorded), actual.to_string().as_bytes())?;
        Ok(bindings)
    }

    #[test]
    fn stand_ins_ids_and_times_stand_for_others() {
        let recorded = json!({"id": 1, "a": "{text-1}", "p": "/v1/{account-1}/{file-1}",
                              "t": 1_700_000_000_000_u64, "list": ["x", null, true]});
        let actual = json!({"id": "other", "a": "Hi {you}", "p": "/v1/le2/a.png",
                            "t": 1_800_000_000_000_u64, "list": ["x", null, true]});
        let bindings = fits(recorded, actual).expect("it fits");
        assert_eq!(bindings.ids["1"], "other");
        let stand_in = |name: &str| bindings.stand_ins[name].as_str();
        assert_eq!(stand_in("{text-1}"), "Hi {you}");
        assert_eq!((stand_in("{account-1}"), stand_in("{file-1}")), ("le2", "a.png"));
    }

    #[test]
    fn a_difference_is_named() {
        for (recorded, actual, place) in [
            (json!({"a": "x"}), json!({"a": "y"}), "body.a"),
            (json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), "body.a.b"),
            (json!({"a": [1, 2]}), json!({"a": [1, 3]}), "body.a.1"),
            (json!({"a": [1]}), json!({"a": [1, 2]}), "body.a"),
            (json!({"a": 1}), json!({}), "body.a, missing"),
            (json!({}), json!({"b": 1}), "body.b, which is new"),
            (json!({"a": true}), json!({"a": false}), "body.a"),
            (json!({"a": "to {account-1}!"}), json!({"a": "to le1"}), "body.a"),
        ] {
            assert_eq!(fits(recorded, actual).expect_err("a difference"), place);
        }
        assert!(Bindings::default().payload(&Payload::None, b"x").is_err());
        let form = [("v".to_owned(), "3".to_owned()), ("s".to_owned(), "{removed}".to_owned())];
        let pairs = |query: &str| Bindings::default().pairs("query", &form, query.as_bytes());
        assert_eq!(pairs("s=secret&v=3"), Ok(()));
        assert_eq!(pairs("v=3"), Err("query.s, missing".to_owned()));
        assert_eq!(pairs("s=secret&v=4"), Err("query.v".to_owned()));
        assert_eq!(pairs("s=secret&v=3&x=1"), Err("query.x, which is new".to_owned()));
    }
}
