//! What the service says when it refuses, in any of the forms that it uses.

use serde_json::value::RawValue;

use crate::base::error::ServiceSays;
use crate::base::text::shorten_to;
use crate::protocol::code::Code;
use crate::protocol::json::{is_array, is_object, is_string, items, members, number, text};

/// How much is kept of a text that is no JSON.
const LONGEST_TEXT: usize = 1000;

/// How many answers or errors there are at most.
const MOST_ITEMS: usize = 10_000;

/// The most levels at which a refusal is looked for: bodies in errors in bodies.
const MOST_LEVELS: usize = 8;

impl ServiceSays {
    /// Reads the body of a failing answer.
    pub(crate) fn read(body: &[u8]) -> ServiceSays {
        match serde_json::from_slice::<&RawValue>(body) {
            Ok(json) if is_array(json) => refused_of(json).map(ServiceSays::of).unwrap_or_default(),
            Ok(json) => ServiceSays::of(json),
            Err(_) => ServiceSays { details: plain(body), ..ServiceSays::default() },
        }
    }

    /// The Send API wraps what it says in a response message, other services in an error or a list
    /// of them, some in neither: what is further inside counts more.
    pub(crate) fn of(answer: &RawValue) -> ServiceSays {
        let mut levels = vec![answer];
        let mut seen = 0;
        while seen < levels.len() && levels.len() < MOST_LEVELS {
            let [body, error, errors] = members(Some(levels[seen]), ["body", "error", "errors"]);
            // An error that is a text is a title.
            let error = error.filter(|error| !is_string(error));
            let nested = [error, errors, body].into_iter().flatten().filter_map(first_of);
            levels.extend(nested.filter(|level| is_object(level) || is_string(level)));
            seen += 1;
        }
        levels.reverse();

        let member = |level: &RawValue, names: [&str; 5]| {
            let mut found = members(Some(level), names).into_iter().map(text);
            found.find(|text| !text.is_empty())
        };
        let details = levels.iter().find_map(|level| {
            let says = ["details", "error_description", "msg", "message", "reason"];
            let own = Some(text(Some(level))).filter(|own| is_string(level) && !own.is_empty());
            own.or_else(|| member(level, says))
        });
        let title = levels.iter().find_map(|level| member(level, ["title", "error", "", "", ""]));
        let code = levels.iter().find_map(|level| {
            let [error_code, internal, code] =
                members(Some(level), ["errorCode", "internalErrorCode", "code"]);
            // A code that is an HTTP status says nothing new.
            let own = number(code).filter(|code| !(0..=599).contains(code));
            number(error_code).or(number(internal)).or(own)
        });
        ServiceSays {
            service_code: code.and_then(|code| i32::try_from(code).ok()).unwrap_or(0),
            title: title.unwrap_or_default(),
            details: details.unwrap_or_default(),
            ..ServiceSays::default()
        }
    }

    /// What it says, as the end of a message.
    pub(crate) fn reason(&self) -> String {
        let mut reason = String::new();
        if self.service_code != 0 {
            reason.push_str(&format!(", error {}", self.service_code));
        }
        for part in [&self.title, &self.details] {
            if !part.is_empty() {
                reason.push_str(": ");
                // Room for what the service says at its longest, and not for a page of it.
                reason.push_str(&shorten_to(part, 300));
            }
        }
        reason
    }
}

/// The first of several, or the only one.
fn first_of(json: &RawValue) -> Option<&RawValue> {
    items(Some(json), &mut { MOST_ITEMS }).unwrap_or_default().first().copied()
}

/// Of the answers to a batch the one that refuses.
fn refused_of(answers: &RawValue) -> Option<&RawValue> {
    let answers = items(Some(answers), &mut { MOST_ITEMS }).unwrap_or_default();
    let refuses = |answer: &&&RawValue| {
        let [code] = members(Some(answer), ["code"]);
        code.is_some_and(|code| !Code::of(code).is_success())
    };
    answers.iter().find(refuses).or(answers.first()).copied()
}

/// A body that is no JSON, but text for a person; not the page of a gateway.
fn plain(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * LONGEST_TEXT)]);
    let text = text.trim();
    let is_text =
        !text.starts_with('<') && !text.chars().any(|c| c.is_control() && !c.is_whitespace());
    if is_text { text.chars().take(LONGEST_TEXT).collect() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (i32, String, String) {
        let says = ServiceSays::read(body.as_bytes());
        (says.service_code, says.title, says.details)
    }

    fn said(code: i32, title: &str, details: &str) -> (i32, String, String) {
        (code, title.to_owned(), details.to_owned())
    }

    #[test]
    fn every_form_of_error_body_is_read() {
        for (body, expected) in [
            (
                r#"{"kind":"resp","code":401,"type":".ReqBody$ErrorResp","body":{"title":"T","details":"D","errorCode":40103}}"#,
                said(40103, "T", "D"),
            ),
            (
                r#"{"error":"invalid_client","error_description":"no"}"#,
                said(0, "invalid_client", "no"),
            ),
            (r#"{"internalErrorCode":"9007"}"#, said(9007, "", "")),
            (r#"{"code":"BAD_REQUEST","body":{"msg":"M"},"reqId":"1"}"#, said(0, "", "M")),
            (r#"{"code":400,"body":"text"}"#, said(0, "", "text")),
            (r#"{"code":40001,"message":"M"}"#, said(40001, "", "M")),
            (r#"{"code":"400","message":"M"}"#, said(0, "", "M")),
            (r#"{"error":{"code":9001,"message":"M"}}"#, said(9001, "", "M")),
            (r#"{"code":400,"body":{},"message":"M"}"#, said(0, "", "M")),
            (r#"{"code":400,"body":"","message":"M"}"#, said(0, "", "M")),
            (r#"{"code":400,"body":{"x":1},"message":"M"}"#, said(0, "", "M")),
            (r#"{"code":400,"body":[{"msg":"M"}]}"#, said(0, "", "M")),
            (r#"{"errors":[{"msg":"M"},{"msg":"N"}]}"#, said(0, "", "M")),
            (r#"{"error":"T","errors":[{"msg":"M"}]}"#, said(0, "T", "M")),
            (r#"{"error":null,"errors":[{"msg":"M"}]}"#, said(0, "", "M")),
            (r#"{"code":400,"body":{},"error":{"message":"M"}}"#, said(0, "", "M")),
            (r#"{"code":400,"body":[],"errors":["M"]}"#, said(0, "", "M")),
            (r#"{"code":40103,"body":{"msg":"M"}}"#, said(40103, "", "M")),
            (r#"{"title":"T","errorCode":40001,"body":"B"}"#, said(40001, "T", "B")),
            (
                r#"[{"body":{"msg":"fine"}},null,{"code":"BAD_REQUEST","body":{"msg":"M"}}]"#,
                said(0, "", "M"),
            ),
            (r#""text""#, said(0, "", "text")),
            ("plain text\n", said(0, "", "plain text")),
            (
                r#"[{"code":"OK","body":{"msg":"fine"}},{"code":"BAD_REQUEST","body":{"msg":"M"}}]"#,
                said(0, "", "M"),
            ),
            ("<html>", said(0, "", "")),
            (r#"{"errorCode":99999999999999}"#, said(0, "", "")),
            ("", said(0, "", "")),
            ("[]", said(0, "", "")),
        ] {
            assert_eq!(read(body), expected, "{body}");
        }
        let deep = format!("{}{{}}{}", r#"{"error":"#.repeat(100_000), "}".repeat(100_000));
        assert_eq!(read(&deep), said(0, "", ""), "however deep");
        assert_eq!(ServiceSays::read(&[0xff; 9000]).details.chars().count(), 1000);
    }
}
