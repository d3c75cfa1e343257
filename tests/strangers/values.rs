//! What stands in braces: `{account}`, and what was kept of earlier answers.

use std::collections::HashMap;

use lpc_sandbox::serde_json::Value;

#[derive(Default)]
pub struct Values(HashMap<String, String>);

impl Values {
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The text with everything filled in. What stands in braces and is no name is left alone:
    /// JSON has braces too.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let name = after.split_once('}').map_or("", |(name, _)| name);
            if name.is_empty() || !name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_') {
                filled.push('{');
                rest = after;
                continue;
            }
            let value = self.get(name).ok_or_else(|| format!("nothing is known as {{{name}}}"))?;
            filled.push_str(value);
            rest = &after[name.len() + 1..];
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The same in all texts of a JSON value.
    pub fn fill_json(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => self.fill(text)?.into(),
            Value::Array(items) => Value::Array(
                items.iter().map(|item| self.fill_json(item)).collect::<Result<_, _>>()?,
            ),
            Value::Object(members) => {
                let filled =
                    members.iter().map(|(name, it)| Ok((name.clone(), self.fill_json(it)?)));
                Value::Object(filled.collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }
}

#[test]
fn names_are_filled_in_and_braces_stay() {
    let mut values = Values::default();
    values.set("id", "5");
    assert_eq!(
        values.fill(r#"{"a":{},"{id}":{"b":"{id}"}}"#).as_deref(),
        Ok(r#"{"a":{},"5":{"b":"5"}}"#)
    );
    assert!(values.fill("{ids}").is_err());
}
