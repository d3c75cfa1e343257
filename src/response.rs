//! Answers: matched to their requests, and told apart into success and refusal.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use ureq::http::StatusCode;

use crate::config::shorten;
use crate::error::{Error, ServiceSays, Status};
use crate::json::{members, nesting};
use crate::message::id_text;
use crate::request::Answered;

/// The service's answer to a request that it accepted.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    request_id: String,
    http_status: u16,
    code: String,
    sequence: Option<i64>,
    body: String,
    raw: Vec<u8>,
    attempts: u32,
}

impl Response {
    /// What the library itself tells, as JSON in the place of an answer.
    #[cfg(feature = "capi")]
    pub(crate) fn told(json: String) -> Response {
        Response {
            request_id: String::new(),
            http_status: 0,
            code: String::new(),
            sequence: None,
            raw: json.clone().into_bytes(),
            body: json,
            attempts: 0,
        }
    }

    /// The id of the request that this answers; for a batch, that of its first request.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The HTTP status, any of 200 to 299.
    pub fn http_status(&self) -> u16 {
        self.http_status
    }

    /// The code as the service wrote it, mostly `OK`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// `body.sequence` of the answer, handed on as it came; `None` if absent, and for a batch.
    pub fn sequence(&self) -> Option<i64> {
        self.sequence
    }

    /// The JSON of the answer's `body`; for a batch, the whole array of answers.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The bytes of the whole answer.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// How often the request was sent until this answer came.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

/// Messages are the consumer's own: they stay out of logs that print a response.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("request_id", &self.request_id)
            .field("http_status", &self.http_status)
            .field("code", &self.code)
            .field("sequence", &self.sequence)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// One response message, its members still in JSON.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    code: &'a RawValue,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
    #[serde(borrow, rename = "reqId")]
    req_id: &'a RawValue,
}

/// Reads the answer to one request.
pub(crate) fn single(answered: Answered, id: &str) -> Result<Response, Error> {
    let text = utf8(&answered)?;
    let envelope: Envelope = serde_json::from_str(text).map_err(|why| {
        unreadable(&answered, &format!("is not a response message: {}", shorten(&why.to_string())))
    })?;
    let request_id = id_text(envelope.req_id.get()).unwrap_or_default();
    if request_id != id {
        let other = shorten(&request_id);
        return Err(unreadable(&answered, &format!("is for another request, '{other}'")));
    }
    let code = Code::of(envelope.code);
    let body = envelope.body.map_or("null", RawValue::get).to_owned();
    if !code.is_success() {
        return Err(refusal(code.status(), "the request", &code, &body, id, &answered));
    }
    Ok(Response {
        sequence: sequence(envelope.body),
        request_id,
        http_status: answered.status,
        code: code.text,
        body,
        attempts: answered.attempts,
        raw: answered.body,
    })
}

/// Reads the answer to a batch: every request must have been answered and accepted.
pub(crate) fn batch(answered: Answered, ids: &[String]) -> Result<Batch, Error> {
    let text = utf8(&answered)?;
    let envelopes: Vec<Envelope> = serde_json::from_str(text).map_err(|why| {
        unreadable(
            &answered,
            &format!("is not an array of responses: {}", shorten(&why.to_string())),
        )
    })?;

    let mut bodies: Vec<Option<(Code, String)>> = ids.iter().map(|_| None).collect();
    for envelope in envelopes {
        let id = id_text(envelope.req_id.get()).unwrap_or_default();
        match ids.iter().position(|sent| *sent == id) {
            Some(place) if bodies[place].is_none() => {
                let body = envelope.body.map_or("null", RawValue::get).to_owned();
                bodies[place] = Some((Code::of(envelope.code), body));
            }
            Some(_) => return Err(unreadable(&answered, "answers a request twice")),
            None => {
                let id = shorten(&id);
                return Err(unreadable(
                    &answered,
                    &format!("holds one for another request, '{id}'"),
                ));
            }
        }
    }

    // A refusal says more than a missing answer, which may be its consequence.
    for (place, item) in bodies.iter().enumerate() {
        if let Some((code, body)) = item.as_ref().filter(|(code, _)| !code.is_success()) {
            let which = format!("request {} of the batch", place + 1);
            let refused = refusal(Status::Rejected, &which, code, body, &ids[place], &answered);
            return Err(match opened(&bodies) {
                Some(id) => refused.context(&format!("conversation {id} was opened, but")),
                None => refused,
            });
        }
    }
    let bodies: Option<Vec<(Code, String)>> = bodies.into_iter().collect();
    let Some(bodies) = bodies else {
        return Err(unreadable(&answered, "leaves a request of the batch unanswered"));
    };
    Ok(Batch {
        response: Response {
            request_id: ids.first().cloned().unwrap_or_default(),
            http_status: answered.status,
            code: "OK".to_owned(),
            sequence: None,
            body: text.to_owned(),
            attempts: answered.attempts,
            raw: answered.body,
        },
        bodies: bodies.into_iter().map(|(_, body)| body).collect(),
    })
}

/// The answer to a batch, and the body of each response in the order of the requests.
pub(crate) struct Batch {
    pub response: Response,
    pub bodies: Vec<String>,
}

/// The text of an answer. Parts of it are handed on as they are, and whoever reads those need not
/// fear for its stack.
fn utf8(answered: &Answered) -> Result<&str, Error> {
    const MOST_LEVELS: usize = 100;

    let text =
        std::str::from_utf8(&answered.body).map_err(|_| unreadable(answered, "is not UTF-8"))?;
    // Where there are no more brackets than levels, nobody needs to look closer.
    let brackets = memchr::memchr2_iter(b'[', b'{', text.as_bytes()).count();
    if brackets > MOST_LEVELS && nesting(text) > MOST_LEVELS {
        return Err(unreadable(answered, "is nested more than 100 levels deep"));
    }
    Ok(text)
}

/// A 2xx answer that the protocol does not allow: the request may well have taken effect.
pub(crate) fn unreadable(answered: &Answered, what: &str) -> Error {
    let says = ServiceSays {
        http_status: answered.status,
        body: answered.body.clone(),
        ..ServiceSays::default()
    };
    Error::new(Status::Protocol, format!("the service's answer {what}"))
        .with_service(says)
        .with_attempts(answered.attempts)
        .with_maybe_delivered(true)
}

fn refusal(
    status: Status,
    what: &str,
    code: &Code,
    body: &str,
    id: &str,
    answered: &Answered,
) -> Error {
    let mut says = ServiceSays::read(body.as_bytes());
    says.http_status = answered.status;
    says.body = answered.body.clone();
    let message = format!("the service refused {what} with code {}{}", code.text, says.reason());
    Error::new(status, message)
        .with_service(says)
        .with_attempts(answered.attempts)
        .with_request_id(id)
}

fn opened(bodies: &[Option<(Code, String)>]) -> Option<String> {
    bodies.iter().flatten().find_map(|(_, body)| conversation_id(body))
}

/// The id of the conversation that a batch opened.
pub(crate) fn conversation_id(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body["conversationId"].as_str().map(str::to_owned)
}

fn sequence(body: Option<&RawValue>) -> Option<i64> {
    let [sequence] = members(body, ["sequence"]);
    sequence?.get().parse().ok()
}

/// The code of a response: a status name or an HTTP status number.
struct Code {
    text: String,
    number: Option<u16>,
}

impl Code {
    fn of(json: &RawValue) -> Code {
        let text = id_text(json.get()).unwrap_or_else(|| json.get().to_owned());
        let number = match text.as_str() {
            "OK" => Some(200),
            text => text.parse().ok().or_else(|| number_of_name(text)),
        };
        Code { text: shorten(&text), number }
    }

    fn is_success(&self) -> bool {
        self.number.is_some_and(|number| (200..=299).contains(&number))
    }

    fn status(&self) -> Status {
        match self.number {
            Some(number @ 400..=599) => Status::of_http(number),
            _ => Status::Rejected,
        }
    }
}

/// `OK`, `BAD_REQUEST`, `Not Found`: names of HTTP statuses, however they are spelt.
fn number_of_name(name: &str) -> Option<u16> {
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
    };
    let wanted = plain(name);
    (200..600).find(|number| {
        let status = StatusCode::from_u16(*number).ok();
        status.and_then(|s| s.canonical_reason()).is_some_and(|reason| plain(reason) == wanted)
    })
}

impl ServiceSays {
    /// Reads what a failing answer says, in any of the forms that the services use.
    pub(crate) fn read(body: &[u8]) -> ServiceSays {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        // The Send API wraps it in a response message; token and identity services do not.
        let inner = if json["body"].is_object() { &json["body"] } else { &json };
        let text = |keys: [&str; 2]| {
            keys.iter().find_map(|key| inner[*key].as_str()).unwrap_or_default().to_owned()
        };
        let code = ["errorCode", "internalErrorCode"].iter().find_map(|key| match &inner[*key] {
            Value::Number(number) => number.as_i64().and_then(|n| i32::try_from(n).ok()),
            Value::String(text) => text.parse().ok(),
            _ => None,
        });
        ServiceSays {
            service_code: code.unwrap_or(0),
            title: text(["title", "error"]),
            details: text(["details", "error_description"]),
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
                reason.push_str(&shorten(part));
            }
        }
        reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(body: &str) -> Answered {
        Answered {
            status: 200,
            headers: Default::default(),
            body: body.as_bytes().to_vec(),
            attempts: 1,
        }
    }

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| id.to_string()).collect()
    }

    #[test]
    fn an_answer_is_nested_100_levels_deep_at_most() {
        let read = |body: &str| {
            let answer = format!(r#"{{"code":"OK","reqId":"7","body":{body}}}"#);
            single(answered(&answer), "7").map(|_| ())
        };
        let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nested(99)).is_ok());
        assert!(read(&nested(100)).unwrap_err().message().contains("100 levels"));
        assert!(read(&format!("[{}[]]", "[],".repeat(200))).is_ok(), "many, beside each other");
    }

    #[test]
    fn a_response_is_matched_by_the_text_of_its_id() {
        for (body, id) in [
            (r#"{"code":"OK","body":{"sequence":4},"reqId":"5"}"#, "5"),
            (r#"{"code":200,"body":{"sequence":4},"reqId":5,"kind":"resp","new":[]}"#, "5"),
            (r#"{"code":"201","body":{"sequence":4},"reqId":"\u0031,"}"#, "1,"),
            (r#"{"code":"Accepted","body":{"sequence":4},"reqId":"a"}"#, "a"),
        ] {
            let response = single(answered(body), id).unwrap();
            assert_eq!(response.request_id(), id);
            assert_eq!(response.sequence(), Some(4));
            assert_eq!(response.body(), r#"{"sequence":4}"#);
            assert_eq!(response.raw(), body.as_bytes());
        }
        let other = single(answered(r#"{"code":"OK","body":{},"reqId":"6"}"#), "5").unwrap_err();
        assert_eq!(other.status(), Status::Protocol);
        assert!(other.maybe_delivered());
    }

    #[test]
    fn a_sequence_is_a_whole_number_or_absent() {
        for body in
            [r#"{}"#, r#"null"#, r#"{"sequence":"4"}"#, r#"{"sequence":1.5}"#, r#"[4]"#, "4"]
        {
            let json = format!(r#"{{"code":"OK","body":{body},"reqId":"5"}}"#);
            assert_eq!(single(answered(&json), "5").unwrap().sequence(), None, "{body}");
        }
        assert_eq!(single(answered(r#"{"code":"OK","reqId":"5"}"#), "5").unwrap().body(), "null");
    }

    #[test]
    fn a_code_that_is_no_success_is_a_refusal_of_its_kind() {
        for (code, status) in [
            ("401", Status::Unauthorized),
            ("\"UNAUTHORIZED\"", Status::Unauthorized),
            ("\"BAD_REQUEST\"", Status::Rejected),
            ("\"Too Many Requests\"", Status::RateLimited),
            ("503", Status::Server),
            ("302", Status::Rejected),
            ("\"WHATEVER\"", Status::Rejected),
            ("{}", Status::Rejected),
        ] {
            let json = format!(
                r#"{{"code":{code},"body":{{"title":"T","details":"D","errorCode":40102}},"reqId":"1"}}"#
            );
            let error = single(answered(&json), "1").unwrap_err();
            assert_eq!(error.status(), status, "{code}");
            assert_eq!((error.title(), error.details(), error.service_code()), ("T", "D", 40102));
            assert_eq!((error.http_status(), error.request_id()), (200, "1"));
            assert!(!error.maybe_delivered());
        }
    }

    #[test]
    fn one_refused_item_fails_the_batch_and_says_what_took_effect() {
        let json = r#"[{"code":"OK","body":{"msg":"x"},"reqId":"a"},
            {"code":"OK","body":{"conversationId":"c-9"},"reqId":"b"},
            {"code":400,"body":{"title":"Bad","details":"event"},"reqId":"c"}]"#;
        let error = batch(answered(json), &ids(&["a", "b", "c"])).err().unwrap();
        assert_eq!(error.status(), Status::Rejected);
        assert_eq!(error.request_id(), "c");
        assert_eq!(
            error.message(),
            "conversation c-9 was opened, but: the service refused request 3 of the batch with code 400: Bad: event"
        );
    }

    #[test]
    fn a_batch_answer_may_come_in_any_order_but_must_be_whole() {
        let json = r#"[{"code":"OK","body":2,"reqId":"b"},{"code":"OK","body":1,"reqId":"a"}]"#;
        assert_eq!(batch(answered(json), &ids(&["a", "b"])).ok().unwrap().bodies, ["1", "2"]);
        for (json, sent) in [
            (json, ids(&["a", "b", "c"])),
            (json, ids(&["a"])),
            (r#"[{"code":"OK","reqId":"a"},{"code":"OK","reqId":"a"}]"#, ids(&["a"])),
            (r#"{"code":"OK","reqId":"a"}"#, ids(&["a"])),
            ("[]", ids(&["a"])),
            ("", ids(&["a"])),
        ] {
            let error = batch(answered(json), &sent).err().unwrap();
            assert_eq!(error.status(), Status::Protocol, "{json}");
        }
    }

    #[test]
    fn every_form_of_error_body_is_read() {
        let read = |body: &str| {
            let says = ServiceSays::read(body.as_bytes());
            (says.service_code, says.title, says.details)
        };
        let send = r#"{"kind":"resp","code":401,"type":".ReqBody$ErrorResp","body":{"title":"T","details":"D","errorCode":40103}}"#;
        assert_eq!(read(send), (40103, "T".into(), "D".into()));
        let oauth = r#"{"error":"invalid_client","error_description":"no"}"#;
        assert_eq!(read(oauth), (0, "invalid_client".into(), "no".into()));
        assert_eq!(read(r#"{"internalErrorCode":"9007"}"#), (9007, String::new(), String::new()));
        assert_eq!(read("<html>"), (0, String::new(), String::new()));
        assert_eq!(read(r#"{"errorCode":99999999999999}"#).0, 0);
    }
}
