//! The members of a body, read one by one.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::control::misuse::Misuse;

/// Refuses members that mean nothing: a misspelt one would otherwise be a test that tests nothing.
pub(crate) fn only_members(body: &Map<String, Value>, known: &[&str]) -> Result<(), Misuse> {
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            Err(Misuse::bad(format!("{name:?} is unknown; known are {}", known.join(", "))))
        }
        None => Ok(()),
    }
}

/// A member that must be a string.
pub(crate) fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Misuse> {
    body.get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| Misuse::bad(format!("{name} must be a string")))
}

pub(crate) fn seconds(body: &Map<String, Value>, name: &str) -> Result<Option<Duration>, Misuse> {
    body.get(name)
        .map(|value| {
            let seconds = value
                .as_u64()
                .ok_or_else(|| Misuse::bad(format!("{name} must be a number of seconds")))?;
            Ok(Duration::from_secs(seconds))
        })
        .transpose()
}
