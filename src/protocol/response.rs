//! The response to a request that the service accepted.

use serde_json::value::RawValue;

use crate::base::delivery::Delivery;
use crate::base::error::Error;
use crate::protocol::answer::Answer;
use crate::protocol::envelope::Envelope;
use crate::protocol::json::{members, number, text};

/// The service's answer to a request that it accepted.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    http_status: u16,
    code: String,
    sequence: Option<i64>,
    body: String,
    raw: Vec<u8>,
    delivery: Delivery,
}

impl Response {
    pub(crate) fn new(
        code: String,
        sequence: Option<i64>,
        body: String,
        answer: Answer,
    ) -> Response {
        Response {
            http_status: answer.http_status,
            code,
            sequence,
            body,
            raw: answer.body,
            delivery: answer.delivery,
        }
    }

    /// Of a close whose answer was lost: what its repeat was refused with, because it is closed.
    pub(crate) fn closed_already(refusal: &Error) -> Response {
        Response {
            http_status: refusal.http_status(),
            code: "OK".to_owned(),
            sequence: None,
            body: "null".to_owned(),
            raw: refusal.body().to_vec(),
            delivery: refusal.delivery().clone(),
        }
    }

    /// What the library itself tells, in the place of an answer: text as its body, and JSON as the
    /// whole.
    #[cfg(feature = "capi")]
    pub(crate) fn told(text: String, json: String) -> Response {
        Response {
            http_status: 0,
            code: String::new(),
            sequence: None,
            raw: json.into_bytes(),
            body: text,
            delivery: Delivery::default(),
        }
    }

    /// The id of the request that this answers; for a batch, that of its first request.
    pub fn request_id(&self) -> &str {
        &self.delivery.request_id
    }

    /// The HTTP status, any of 200 to 299; for a close that was done although its answer was lost, that
    /// of the refusal which says so.
    pub fn http_status(&self) -> u16 {
        self.http_status
    }

    /// The code as the service wrote it, mostly `OK`; always `OK` for a close that was done although its
    /// answer was lost.
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
        self.delivery.attempts
    }

    pub(crate) fn delivery(&self) -> &Delivery {
        &self.delivery
    }
}

/// Messages are the consumer's own: they stay out of logs that print a response.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("request_id", &self.delivery.request_id)
            .field("http_status", &self.http_status)
            .field("code", &self.code)
            .field("sequence", &self.sequence)
            .field("attempts", &self.delivery.attempts)
            .finish_non_exhaustive()
    }
}

/// Reads the answer to one request.
pub(crate) fn single(answer: Answer) -> Result<Response, Error> {
    let envelope = Envelope::only(answer.text()?).map_err(|what| answer.unreadable(&what))?;
    let id = &answer.delivery.request_id;
    envelope.check_id(id, &answer)?;
    if !envelope.code.is_success() {
        return Err(envelope.refusal(envelope.code.status(), "the request", id, &answer));
    }
    let (sequence, body) = (sequence(envelope.body), envelope.body_text());
    Ok(Response::new(envelope.code.text, sequence, body, answer))
}

/// The id of the conversation that a request opened, by the body of its response.
pub(crate) fn conversation_id(body: &str) -> Option<String> {
    let body: &RawValue = serde_json::from_str(body).ok()?;
    let [id] = members(Some(body), ["conversationId"]);
    Some(text(id)).filter(|id| !id.is_empty())
}

/// The sequence in the body of one answer of a batch.
pub(crate) fn first_sequence(body: &str) -> Option<i64> {
    sequence(serde_json::from_str(body).ok())
}

fn sequence(body: Option<&RawValue>) -> Option<i64> {
    let [sequence] = members(body, ["sequence"]);
    number(sequence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Status;

    fn answered(body: &str, request_id: &str) -> Answer {
        let delivery = Delivery { attempts: 1, ..Delivery::of(request_id) };
        Answer { http_status: 200, body: body.as_bytes().to_vec(), delivery }
    }

    #[test]
    fn a_response_is_matched_by_the_text_of_its_id() {
        for (body, id) in [
            (r#"{"code":"OK","body":{"sequence":4},"reqId":"5"}"#, "5"),
            (r#"{"code":200,"body":{"sequence":4},"reqId":5,"kind":"resp","new":[]}"#, "5"),
            (r#"{"code":"201","body":{"sequence":4},"reqId":"\u0031,"}"#, "1,"),
            (r#"{"code":"Accepted","body":{"sequence":4},"reqId":"a"}"#, "a"),
        ] {
            let response = single(answered(body, id)).unwrap();
            assert_eq!(response.request_id(), id);
            assert_eq!(response.sequence(), Some(4));
            assert_eq!(response.body(), r#"{"sequence":4}"#);
            assert_eq!(response.raw(), body.as_bytes());
        }
        let other = single(answered(r#"{"code":"OK","body":{},"reqId":"6"}"#, "5")).unwrap_err();
        assert_eq!(other.status(), Status::Protocol);
        assert!(other.maybe_delivered());
    }

    #[test]
    fn a_sequence_is_a_whole_number_or_absent() {
        for body in
            [r#"{}"#, r#"null"#, r#"{"sequence":"x"}"#, r#"{"sequence":1.5}"#, r#"[4]"#, "4"]
        {
            let json = format!(r#"{{"code":"OK","body":{body},"reqId":"5"}}"#);
            assert_eq!(single(answered(&json, "5")).unwrap().sequence(), None, "{body}");
        }
        assert_eq!(single(answered(r#"{"code":"OK","reqId":"5"}"#, "5")).unwrap().body(), "null");
        let text = answered(r#"{"code":"OK","body":{"sequence":"4"},"reqId":"5"}"#, "5");
        assert_eq!(single(text).unwrap().sequence(), Some(4));
    }

    #[test]
    fn an_answer_may_stand_in_an_array_and_without_an_id() {
        for body in
            [r#"[{"code":"OK","body":"done","reqId":"5"}]"#, r#"{"code":200,"body":"done"}"#]
        {
            let response = single(answered(body, "5")).unwrap();
            assert_eq!((response.request_id(), response.body()), ("5", r#""done""#));
        }
        for bad in ["{}", "[]", "1", r#"[{"code":1},{"code":1}]"#, r#"{"body":{}}"#] {
            assert_eq!(single(answered(bad, "5")).unwrap_err().status(), Status::Protocol, "{bad}");
        }
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
            let error = single(answered(&json, "1")).unwrap_err();
            assert_eq!(error.status(), status, "{code}");
            assert_eq!((error.title(), error.details(), error.service_code()), ("T", "D", 40102));
            assert_eq!((error.http_status(), error.request_id()), (200, "1"));
            assert!(!error.maybe_delivered());
        }
    }
}
