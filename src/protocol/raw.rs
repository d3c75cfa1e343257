//! Raw requests: as the caller wrote them, with the ids that are missing.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::base::error::Error;
use crate::base::request_id::{MOST, RequestIds};
use crate::protocol::json::exact_text;
use crate::protocol::message::{Idempotency, Message};

/// One request as the caller wrote it; only a missing `id` is filled in.
pub(crate) fn request(ids: &RequestIds, json: &[u8]) -> Result<Message, Error> {
    let text = utf8(json)?;
    let written: &RawValue = serde_json::from_str(text).map_err(|why| not_json("json", &why))?;
    let (json, id) = with_id(ids, written.get(), "the request")?;
    Ok(Message {
        doing: "sending a request",
        json: json.into_bytes(),
        ids: vec![id],
        idempotency: Idempotency::NotIdempotent,
        closes: false,
    })
}

/// An array of requests as the caller wrote them; only missing `id`s are filled in.
pub(crate) fn batch(ids: &RequestIds, json: &[u8]) -> Result<Message, Error> {
    let text = utf8(json)?;
    let requests: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|why| Error::invalid(format!("json is not a JSON array of requests: {why}")))?;
    if requests.is_empty() {
        return Err(Error::invalid("json is an empty array: a batch has at least one request"));
    }
    let mut used: Vec<String> = Vec::with_capacity(requests.len());
    let mut batch = String::with_capacity(text.len());
    for (index, request) in requests.iter().enumerate() {
        let (json, id) = with_id(ids, request.get(), &format!("request {}", index + 1))?;
        batch.push(if index == 0 { '[' } else { ',' });
        batch.push_str(&json);
        used.push(id);
    }
    batch.push(']');
    Ok(Message {
        doing: "sending a batch",
        json: batch.into_bytes(),
        ids: used,
        idempotency: Idempotency::NotIdempotent,
        closes: false,
    })
}

fn utf8(json: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(json).map_err(|_| Error::invalid("json is not UTF-8"))
}

fn not_json(what: &str, why: &serde_json::Error) -> Error {
    Error::invalid(format!("{what} is not JSON: {why}"))
}

#[derive(Deserialize)]
struct OnlyId<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
}

/// Keeps `"id":null` apart from no `id` at all.
fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(input).map(Some)
}

fn with_id(ids: &RequestIds, object: &str, what: &str) -> Result<(String, String), Error> {
    // Checked first, because an array of one element would pass for the struct below.
    let Some(members) = object.strip_prefix('{') else {
        return Err(Error::invalid(format!("{what} is not a JSON object")));
    };
    let found: OnlyId = serde_json::from_str(object).map_err(|why| not_json(what, &why))?;
    if let Some(id) = found.id {
        return match exact_text(id) {
            Some(id) if (1..=MOST).contains(&id.chars().count()) => Ok((object.to_owned(), id)),
            _ => Err(Error::invalid(format!(
                "the id of {what} is neither a string of 1 to {MOST} characters nor a number"
            ))),
        };
    }
    let id = ids.next();
    let comma = if members.trim_start().starts_with('}') { "" } else { "," };
    Ok((format!("{{\"id\":\"{id}\"{comma}{members}"), id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Status;

    fn ids() -> RequestIds {
        RequestIds::new()
    }

    #[test]
    fn raw_json_goes_out_as_written_and_its_id_is_kept() {
        for (json, id) in [
            (r#"{ "id" : "1," , "x":1e400 }"#, "1,"),
            (r#"{"id":5}"#, "5"),
            (r#"{"id":"é"}"#, "é"),
            (r#"{"body":{"id":"inner"},"id":12345678901234567890123}"#, "12345678901234567890123"),
        ] {
            let sent = request(&ids(), json.as_bytes()).unwrap();
            assert_eq!(sent.json, json.as_bytes());
            assert_eq!(sent.ids, [id]);
        }
    }

    #[test]
    fn a_missing_id_is_filled_in_and_nothing_else_changed() {
        let sent = request(&ids(), br#"{"kind":"req"}"#).unwrap();
        let expected = format!(r#"{{"id":"{}","kind":"req"}}"#, sent.ids[0]);
        assert_eq!(String::from_utf8(sent.json).unwrap(), expected);
        let sent = request(&ids(), b" { } ").unwrap();
        assert_eq!(
            String::from_utf8(sent.json).unwrap(),
            format!(r#"{{"id":"{}" }}"#, sent.ids[0])
        );
        let sent = batch(&ids(), br#" [{"id":7}, {"a":1}] "#).unwrap();
        let expected = format!(r#"[{{"id":7}},{{"id":"{}","a":1}}]"#, sent.ids[1]);
        assert_eq!(String::from_utf8(sent.json).unwrap(), expected);
        assert_eq!(sent.ids[0], "7");
        let twice = br#"[{"id":"1,"},{"id":"1,"}]"#;
        let sent = batch(&ids(), twice).unwrap();
        assert_eq!(sent.json, twice, "ids of the caller's may repeat, as in the vendor's samples");
        assert_eq!(sent.ids, ["1,", "1,"]);
    }

    #[test]
    fn bad_raw_json_is_refused_before_anything_is_sent() {
        let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(65));
        let bad: [&[u8]; 12] = [
            b"",
            b"{",
            b"null",
            b"[]",
            b"[1]",
            b"{} {}",
            b"\xff",
            br#"{"id":null}"#,
            br#"{"id":""}"#,
            br#"{"id":true}"#,
            br#"{"id":1,"id":2}"#,
            long.as_bytes(),
        ];
        for json in bad {
            let error = request(&ids(), json).err().unwrap();
            assert_eq!(error.status(), Status::InvalidArgument, "{json:?}");
        }
        let bad: [&[u8]; 5] = [b"", b"{}", b"[]", b"[1]", br#"[{"id":[]}]"#];
        for json in bad {
            assert_eq!(batch(&ids(), json).err().unwrap().status(), Status::InvalidArgument);
        }
        let deep = [b"{\"a\":".repeat(100_000), b"1".to_vec(), b"}".repeat(100_000)].concat();
        let _ = request(&ids(), &deep);
    }
}
