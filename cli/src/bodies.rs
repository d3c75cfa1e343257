//! Notifications in a file: bodies, what `lpc listen --json` printed, or a recording of the sandbox.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::value::RawValue;

use crate::failure::Failure;

/// More is no recording of notifications.
const MOST: u64 = 64 * 1024 * 1024;

/// The notifications of a file, or with `-` of the standard input, byte for byte.
pub(crate) fn read(path: &Path) -> Result<Vec<Box<RawValue>>, Failure> {
    let shown = path.display();
    let unreadable = |why: io::Error| Failure::Usage(format!("cannot read {shown}: {why}"));
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let mut bytes = Vec::new();
    source.take(MOST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::Usage(format!("{shown} has more than {MOST} bytes")));
    }
    bodies(&bytes).map_err(|why| Failure::Usage(format!("{shown}: {why}")))
}

fn bodies(bytes: &[u8]) -> Result<Vec<Box<RawValue>>, String> {
    let mut bodies = Vec::new();
    let values = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    for (place, value) in values.enumerate() {
        let value = value.map_err(|why| format!("that is no JSON: {why}"))?;
        if let Some(body) = body(value).map_err(|why| format!("value {}: {why}", place + 1))? {
            bodies.push(body.to_owned());
        }
    }
    if bodies.is_empty() {
        return Err("there is no notification in it".to_owned());
    }
    Ok(bodies)
}

/// What is posted of a value; `None` for those parts of a recording that are no notification.
fn body(value: &RawValue) -> Result<Option<&RawValue>, &'static str> {
    type Members<'a> = BTreeMap<String, &'a RawValue>;
    let members: Members =
        serde_json::from_str(value.get()).map_err(|_| "a notification is a JSON object")?;
    if !members.contains_key("at_us") {
        return Ok((!members.contains_key("recording")).then_some(value));
    }
    if members.get("from").is_none_or(|from| from.get() != "\"service\"") {
        return Ok(None);
    }
    let payload = members.get("body").ok_or("it has no body")?;
    let payload: Members =
        serde_json::from_str(payload.get()).map_err(|_| "its body is none of a recording")?;
    Ok(Some(payload.get("json").ok_or("its body is no JSON")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &str) -> Result<Vec<String>, String> {
        Ok(bodies(bytes.as_bytes())?.iter().map(|body| body.get().to_owned()).collect())
    }

    #[test]
    fn bodies_stay_as_they_are_written() {
        let pretty = "{\n  \"kind\": \"notification\"\n}\n";
        assert_eq!(texts(pretty).unwrap(), [pretty.trim()]);
        assert_eq!(texts("{\"a\":1.0}\n{ \"b\" : 2 }").unwrap(), ["{\"a\":1.0}", "{ \"b\" : 2 }"]);
    }

    #[test]
    fn of_a_recording_the_notifications_are_taken() {
        let recording = r#"{"recording":1,"by":"lpc-sandbox 0.1.0","texts_kept":false}
            {"at_us":1,"from":"client","body":{"form":[["client_id","x"]]}}
            {"at_us":2,"from":"service","method":"POST","body":{"json":{"kind":"notification"}}}"#;
        assert_eq!(texts(recording).unwrap(), [r#"{"kind":"notification"}"#]);
    }

    #[test]
    fn what_is_no_notification_is_refused_with_its_place() {
        for (bytes, says) in [
            ("", "there is no notification in it"),
            ("{\"a\":1}\n[]", "value 2: a notification is a JSON object"),
            ("{\"a\":1", "that is no JSON: EOF"),
            (r#"{"at_us":2,"from":"service","body":{"text":"x"}}"#, "value 1: its body is no JSON"),
            (r#"{"at_us":2,"from":"service"}"#, "value 1: it has no body"),
        ] {
            let why = texts(bytes).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }
}
