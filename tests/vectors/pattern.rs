//! Comparing what was expected with what came, placeholders and all.

use std::collections::BTreeMap;

use serde_json::Value;

/// What may stand for any text: its first occurrence says which, the others must be the same.
/// `$any` is never the same, and stands for any JSON where it stands alone.
const PLACEHOLDERS: [&str; 13] = [
    "account",
    "any",
    "client",
    "conversation",
    "dialog",
    "expires",
    "host",
    "id",
    "id2",
    "id3",
    "path",
    "path2",
    "secret",
];

/// The texts that placeholders stand for.
#[derive(Default)]
pub struct Bindings(BTreeMap<String, String>);

impl Bindings {
    pub fn set(&mut self, name: &str, text: &str) {
        self.0.insert(name.to_owned(), text.to_owned());
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Puts the texts in the places of their placeholders.
    pub fn fill(&self, text: &str) -> String {
        let put = |part| match part {
            Part::Text(text) => text.to_owned(),
            Part::Placeholder(name) => {
                self.0.get(name).cloned().unwrap_or_else(|| format!("${name}"))
            }
        };
        parts(text).into_iter().map(put).collect()
    }

    /// As [`fill`](Bindings::fill), for every text within.
    pub fn fill_all(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.fill(text).into(),
            Value::Array(items) => items.iter().map(|item| self.fill_all(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.fill_all(value))).collect()
            }
            plain => plain.clone(),
        }
    }

    /// Compares JSON; the difference says where it is.
    pub fn json(&mut self, expected: &Value, actual: &Value) -> Result<(), String> {
        self.json_at("", expected, actual)
    }

    fn json_at(&mut self, at: &str, expected: &Value, actual: &Value) -> Result<(), String> {
        if expected == "$any" {
            return Ok(());
        }
        match (expected, actual) {
            (Value::String(expected), Value::String(actual)) => {
                self.text(expected, actual).map_err(|why| format!("{at}: {why}"))
            }
            (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
                expected
                    .iter()
                    .zip(actual)
                    .enumerate()
                    .try_for_each(|(index, (e, a))| self.json_at(&format!("{at}[{index}]"), e, a))
            }
            (Value::Object(expected), Value::Object(actual)) => {
                for (name, expected) in expected {
                    let at = format!("{at}.{name}");
                    let Some(actual) = actual.get(name) else {
                        return Err(format!(
                            "{at}: {} expected, but it is missing",
                            shown(expected)
                        ));
                    };
                    self.json_at(&at, expected, actual)?;
                }
                match actual.iter().find(|(name, _)| !expected.contains_key(*name)) {
                    Some((name, extra)) => {
                        Err(format!("{at}.{name}: nothing expected, got {}", shown(extra)))
                    }
                    None => Ok(()),
                }
            }
            _ if expected == actual => Ok(()),
            _ => Err(format!("{at}: expected {}, got {}", shown(expected), shown(actual))),
        }
    }

    /// Compares text.
    pub fn text(&mut self, expected: &str, actual: &str) -> Result<(), String> {
        let differs =
            || format!("expected {}, got {}", quoted(&self.fill(expected)), quoted(actual));
        let mut rest = actual;
        let mut found: Vec<(&str, &str)> = Vec::new();
        let parts = parts(expected);
        for (index, part) in parts.iter().enumerate() {
            let text = match part {
                Part::Text(text) => *text,
                Part::Placeholder(name) => {
                    let earlier = found.iter().find(|(known, _)| known == name && *name != "any");
                    let bound = self.0.get(*name).map(String::as_str);
                    match bound.or(earlier.map(|(_, text)| *text)) {
                        Some(text) => text,
                        None => {
                            let end = match parts.get(index + 1) {
                                Some(Part::Text(next)) => rest.find(next).ok_or_else(differs)?,
                                _ => rest.len(),
                            };
                            found.push((name, &rest[..end]));
                            &rest[..end]
                        }
                    }
                }
            };
            rest = rest.strip_prefix(text).ok_or_else(differs)?;
        }
        if !rest.is_empty() {
            return Err(differs());
        }
        for (name, text) in found.into_iter().filter(|(name, _)| *name != "any") {
            self.bind(name, text)?;
        }
        Ok(())
    }

    fn bind(&mut self, name: &str, text: &str) -> Result<(), String> {
        if text.is_empty() || (name.starts_with("id") && text.chars().count() > 64) {
            return Err(format!("{} is no text for ${name}", quoted(text)));
        }
        if let Some((other, _)) = self.0.iter().find(|(_, known)| *known == text)
            && name.starts_with("id")
        {
            return Err(format!("${name} and ${other} are both {}", quoted(text)));
        }
        self.set(name, text);
        Ok(())
    }
}

enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(dollar) = text[at..].find('$').map(|found| at + found) {
        let name = &text[dollar + 1..];
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        at = dollar + 1;
        if PLACEHOLDERS.contains(&&name[..end]) {
            if from < dollar {
                parts.push(Part::Text(&text[from..dollar]));
            }
            parts.push(Part::Placeholder(&name[..end]));
            at += end;
            from = at;
        }
    }
    if from < text.len() {
        parts.push(Part::Text(&text[from..]));
    }
    parts
}

fn shown(value: &Value) -> String {
    shortened(&value.to_string())
}

fn quoted(text: &str) -> String {
    shortened(&format!("{text:?}"))
}

fn shortened(text: &str) -> String {
    const MOST: usize = 300;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_placeholder_is_the_same_text_everywhere() {
        let mut known = Bindings::default();
        known.set("account", "le1");
        known
            .json(&json!({"a": "$id", "b": ["$account"]}), &json!({"a": "x-1", "b": ["le1"]}))
            .unwrap();
        known.text("{\"id\":\"$id\",\"n\":\"$id2\"}", "{\"id\":\"x-1\",\"n\":\"x-2\"}").unwrap();
        assert_eq!(known.fill("$id $id2 $5 $account"), "x-1 x-2 $5 le1");
        for (expected, actual) in [
            ("$id", "x-3"),
            ("$id3", "x-1"),
            ("$path", ""),
            ("$5", "5"),
            ("a", "ab"),
            ("$any!", "?"),
        ] {
            assert!(known.text(expected, actual).is_err(), "{expected} {actual}");
        }
    }

    #[test]
    fn a_difference_says_where_it_is() {
        let mut known = Bindings::default();
        for (expected, actual, says) in [
            (json!({"a": [1, 2]}), json!({"a": [1, 3]}), ".a[1]: expected 2, got 3"),
            (json!({"a": 1}), json!({}), ".a: 1 expected, but it is missing"),
            (json!({}), json!({"b": null}), ".b: nothing expected, got null"),
            (json!([1]), json!([1, 2]), ": expected [1], got [1,2]"),
            (json!({"a": "x"}), json!({"a": "y"}), ".a: expected \"x\", got \"y\""),
            (json!(1), json!(1.0), ": expected 1, got 1.0"),
        ] {
            assert_eq!(known.json(&expected, &actual).unwrap_err(), says);
        }
        known.json(&json!(["$any", "$any"]), &json!([{}, "x"])).unwrap();
    }
}
