//! Answers: matched to their requests, and told apart into success and refusal.

use serde_json::value::RawValue;

use crate::base::delivery::Delivery;
use crate::base::error::{Error, ServiceSays, Status};
use crate::base::text::shorten;
use crate::protocol::code::Code;
use crate::protocol::json::{TooMany, exact_text, is_array, items, members, nesting, number, text};

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

/// A 2xx answer, not yet read.
pub(crate) struct Answer {
    pub http_status: u16,
    pub body: Vec<u8>,
    /// That of the request; of a batch, its first one.
    pub delivery: Delivery,
}

impl Response {
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

/// One response message, its members still in JSON.
struct Envelope<'a> {
    whole: &'a RawValue,
    code: Code,
    body: Option<&'a RawValue>,
    /// None where it does not say.
    req_id: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    fn of(answer: &'a RawValue) -> Option<Envelope<'a>> {
        let [code, body, req_id] = members(Some(answer), ["code", "body", "reqId"]);
        let req_id = req_id.filter(|id| id.get() != "null");
        Some(Envelope { whole: answer, code: Code::of(code?), body, req_id })
    }

    fn body_text(&self) -> String {
        self.body.map_or("null", RawValue::get).to_owned()
    }

    /// Whether it may be the answer to the request with this id.
    fn names(&self, id: &str) -> bool {
        let Some(req_id) = self.req_id else { return true };
        let quoted = req_id.get().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        // Written without escapes, as it always is, it need not be read.
        (quoted == Some(id) && !id.contains('\\')) || exact_text(req_id).as_deref() == Some(id)
    }

    /// The place of the one request that it names.
    fn only_place(&self, ids: &[String]) -> Option<usize> {
        let id = exact_text(self.req_id?)?;
        let mut named = ids.iter().enumerate().filter(|(_, sent)| **sent == id);
        named.next().filter(|_| named.next().is_none()).map(|(place, _)| place)
    }

    /// The id of an answer only confirms: it is enough that it does not name another request.
    fn check_id(&self, id: &str, answer: &Answer) -> Result<(), Error> {
        if self.names(id) {
            return Ok(());
        }
        let other = self.req_id.and_then(exact_text).unwrap_or_default();
        let other = shorten(&other);
        Err(unreadable(answer, &format!("is for another request, '{other}'")))
    }
}

const NO_MESSAGE: &str = "is not a response message, which has a code";

fn parsed(text: &str) -> Result<&RawValue, String> {
    serde_json::from_str(text).map_err(|why| format!("is not JSON: {}", shorten(&why.to_string())))
}

/// The only response message of an answer, which may stand in an array.
fn envelope(text: &str) -> Result<Envelope<'_>, String> {
    let answer = parsed(text)?;
    if !is_array(answer) {
        return Envelope::of(answer).ok_or_else(|| NO_MESSAGE.to_owned());
    }
    match &items(Some(answer), &mut { 2 }).unwrap_or_default()[..] {
        [only] => Envelope::of(only).ok_or_else(|| NO_MESSAGE.to_owned()),
        _ => Err("is not one response message".to_owned()),
    }
}

/// The answers to the requests with these ids, each in its place: that of its position, unless its
/// id names another request, and that one alone. What is no response message is no answer.
fn placed<'a>(text: &'a str, ids: &[String]) -> Result<Vec<Option<Envelope<'a>>>, String> {
    let answers = items(Some(parsed(text)?), &mut { ids.len() })
        .map_err(|TooMany| "holds more responses than there were requests".to_owned())?;
    let mut places: Vec<Option<Envelope>> = ids.iter().map(|_| None).collect();
    for (position, answer) in answers.into_iter().enumerate() {
        let Some(envelope) = Envelope::of(answer) else { continue };
        let place = if envelope.names(&ids[position]) {
            position
        } else {
            envelope.only_place(ids).unwrap_or(position)
        };
        match &mut places[place] {
            free @ None => *free = Some(envelope),
            Some(_) => return Err("answers a request twice".to_owned()),
        }
    }
    Ok(places)
}

/// Reads the answer to one request.
pub(crate) fn single(answer: Answer) -> Result<Response, Error> {
    let text = utf8(&answer)?;
    let envelope = envelope(text).map_err(|what| unreadable(&answer, &what))?;
    let id = &answer.delivery.request_id;
    envelope.check_id(id, &answer)?;
    if !envelope.code.is_success() {
        let status = envelope.code.status();
        return Err(refusal(status, "the request", &envelope, id, &answer));
    }
    let body = envelope.body_text();
    Ok(Response {
        sequence: sequence(envelope.body),
        http_status: answer.http_status,
        code: envelope.code.text,
        body,
        raw: answer.body,
        delivery: answer.delivery,
    })
}

/// Reads the answer to a batch: every request must have been answered, in its place, and accepted.
pub(crate) fn batch(answer: Answer, ids: &[String]) -> Result<Batch, Error> {
    let text = utf8(&answer)?;
    let answers = placed(text, ids).map_err(|what| unreadable(&answer, &what))?;
    for (envelope, id) in answers.iter().zip(ids) {
        envelope.as_ref().map_or(Ok(()), |envelope| envelope.check_id(id, &answer))?;
    }
    // A refusal says more than a missing answer, which may be its consequence.
    if let Some((place, envelope)) = refused(&answers) {
        let which = of_the_batch(place);
        let refused = refusal(Status::Rejected, &which, envelope, &ids[place], &answer);
        return Err(with_opened(refused, &answers));
    }
    let Some(envelopes) = answers.into_iter().collect::<Option<Vec<Envelope>>>() else {
        return Err(unreadable(&answer, "leaves a request of the batch unanswered"));
    };
    let bodies = envelopes.iter().map(Envelope::body_text).collect();
    Ok(Batch {
        response: Response {
            http_status: answer.http_status,
            code: "OK".to_owned(),
            sequence: None,
            body: text.to_owned(),
            raw: answer.body,
            delivery: answer.delivery,
        },
        bodies,
    })
}

/// Says which request of a batch an HTTP error is about, where its body answers it.
pub(crate) fn name_refused(error: Error, ids: &[String]) -> Error {
    if ids.len() < 2 {
        return error;
    }
    let body = String::from_utf8_lossy(error.body()).into_owned();
    let Ok(answers) = placed(&body, ids) else { return error };
    // An answer to the whole names no request, or is one of an array.
    let is_placed =
        |envelope: &Envelope| envelope.req_id.is_some() || body.trim_start().starts_with('[');
    let named = |(place, envelope): &(usize, &Envelope)| {
        is_placed(envelope) && envelope.names(&ids[*place])
    };
    match refused(&answers).filter(named) {
        Some((place, _)) => {
            let named = error.with_request_id(&ids[place]).context(&of_the_batch(place));
            with_opened(named, &answers)
        }
        None => error,
    }
}

fn refused<'a, 'b>(answers: &'b [Option<Envelope<'a>>]) -> Option<(usize, &'b Envelope<'a>)> {
    let mut answers = answers.iter().enumerate();
    answers.find_map(|(place, envelope)| {
        let refused = envelope.as_ref().filter(|envelope| !envelope.code.is_success());
        refused.map(|envelope| (place, envelope))
    })
}

fn of_the_batch(place: usize) -> String {
    format!("request {} of the batch", place + 1)
}

/// What took effect although another request of the batch was refused.
fn with_opened(error: Error, answers: &[Option<Envelope>]) -> Error {
    let accepted = answers.iter().flatten().filter(|envelope| envelope.code.is_success());
    match accepted.filter_map(|envelope| conversation_id(&envelope.body_text())).next() {
        Some(id) => error.context(&format!("conversation {id} was opened, but")),
        None => error,
    }
}

/// The answer to a batch, and the body of each response in the order of the requests.
pub(crate) struct Batch {
    pub response: Response,
    pub bodies: Vec<String>,
}

/// The text of an answer. Parts of it are handed on as they are, and whoever reads those need not
/// fear for its stack.
fn utf8(answer: &Answer) -> Result<&str, Error> {
    const MOST_LEVELS: usize = 100;

    let text = std::str::from_utf8(&answer.body).map_err(|_| unreadable(answer, "is not UTF-8"))?;
    // Where there are no more brackets than levels, nobody needs to look closer.
    let brackets = memchr::memchr2_iter(b'[', b'{', text.as_bytes()).count();
    if brackets > MOST_LEVELS && nesting(text) > MOST_LEVELS {
        return Err(unreadable(answer, "is nested more than 100 levels deep"));
    }
    Ok(text)
}

/// A 2xx answer that the protocol does not allow: the request may well have taken effect.
pub(crate) fn unreadable(answer: &Answer, what: &str) -> Error {
    let says = ServiceSays {
        http_status: answer.http_status,
        body: answer.body.clone(),
        ..ServiceSays::default()
    };
    Error::new(Status::Protocol, format!("the service's answer {what}"))
        .with_service(says)
        .with_delivery(&answer.delivery)
        .and_maybe_delivered()
}

fn refusal(status: Status, what: &str, envelope: &Envelope, id: &str, answer: &Answer) -> Error {
    let mut says = ServiceSays::of(envelope.whole);
    says.http_status = answer.http_status;
    says.body = answer.body.clone();
    let status = says.status(status);
    let (code, reason, hint) = (&envelope.code.text, says.reason(), ServiceSays::hint(status));
    Error::new(status, format!("the service refused {what} with code {code}{reason}{hint}"))
        .with_service(says)
        .with_delivery(&answer.delivery.with_id(id))
}

/// The id of the conversation that a batch opened.
pub(crate) fn conversation_id(body: &str) -> Option<String> {
    let body: &RawValue = serde_json::from_str(body).ok()?;
    let [id] = members(Some(body), ["conversationId"]);
    Some(text(id)).filter(|id| !id.is_empty())
}

fn sequence(body: Option<&RawValue>) -> Option<i64> {
    let [sequence] = members(body, ["sequence"]);
    number(sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(body: &str, request_id: &str) -> Answer {
        let delivery = Delivery { attempts: 1, ..Delivery::of(request_id) };
        Answer { http_status: 200, body: body.as_bytes().to_vec(), delivery }
    }

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| id.to_string()).collect()
    }

    #[test]
    fn an_answer_is_nested_100_levels_deep_at_most() {
        let read = |body: &str| {
            let answer = format!(r#"{{"code":"OK","reqId":"7","body":{body}}}"#);
            single(answered(&answer, "7")).map(|_| ())
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

    #[test]
    fn one_refused_item_fails_the_batch_and_says_what_took_effect() {
        let json = r#"[{"code":"OK","body":{"msg":"x"},"reqId":"a"},
            {"code":"OK","body":{"conversationId":"c-9"},"reqId":"b"},
            {"code":400,"body":{"title":"Bad","details":"event"},"reqId":"c"}]"#;
        let error = batch(answered(json, "a"), &ids(&["a", "b", "c"])).err().unwrap();
        assert_eq!(error.status(), Status::Rejected);
        assert_eq!(error.request_id(), "c");
        assert_eq!(
            error.message(),
            "conversation c-9 was opened, but: the service refused request 3 of the batch with code 400: Bad: event"
        );
    }

    #[test]
    fn answers_belong_to_requests_by_position_and_must_be_whole() {
        let json = r#"[{"code":"OK","body":1,"reqId":"1,"},{"code":"OK","body":2,"reqId":"1,"}]"#;
        let read = batch(answered(json, "a"), &ids(&["1,", "1,"])).ok().unwrap();
        assert_eq!(read.bodies, ["1", "2"], "ids of the caller's may repeat");
        let alone = batch(answered(r#"{"code":"OK","body":1}"#, "a"), &ids(&["a"])).ok().unwrap();
        assert_eq!(alone.bodies, ["1"]);
        for (json, sent) in [
            (json, ids(&["1,", "1,", "c"])),
            (json, ids(&["1,"])),
            (json, ids(&["1,", "b"])),
            (r#"[{"code":"OK","reqId":"a"},{"code":"OK","reqId":"a"}]"#, ids(&["a", "b"])),
            ("[]", ids(&["a"])),
            ("", ids(&["a"])),
        ] {
            let error = batch(answered(json, "a"), &sent).err().unwrap();
            assert_eq!(error.status(), Status::Protocol, "{json}");
        }
    }

    #[test]
    fn an_http_error_with_an_answer_for_each_request_names_the_refused_one() {
        let body =
            r#"[{"code":"OK","body":{"msg":"x"}},{"code":"BAD_REQUEST","body":{"msg":"no"}}]"#;
        let says = ServiceSays { body: body.into(), ..ServiceSays::read(body.as_bytes()) };
        let error = Error::new(Status::Rejected, "it answered 400").with_service(says);
        let named = name_refused(error, &ids(&["a", "b"]));
        assert_eq!((named.request_id(), named.details()), ("b", "no"));
        assert_eq!(named.message(), "request 2 of the batch: it answered 400");
        for (body, id, message) in [
            (r#"{"code":400,"body":{"msg":"no"},"reqId":"b"}"#, "b", "request 2 of the batch: x"),
            (r#"[{"code":400,"body":{"msg":"no"},"reqId":"b"}]"#, "b", "request 2 of the batch: x"),
            (r#"[null,{"code":400,"body":{"msg":"no"}}]"#, "b", "request 2 of the batch: x"),
            (r#"{"code":400,"body":{"msg":"no"}}"#, "", "x"),
            (r#"{"code":400,"body":{"msg":"no"},"reqId":"z"}"#, "", "x"),
            (
                r#"[{"code":400,"reqId":"b"},{"code":"OK","reqId":"a"}]"#,
                "b",
                "request 2 of the batch: x",
            ),
            ("", "", "x"),
        ] {
            let says = ServiceSays { body: body.into(), ..ServiceSays::default() };
            let error = Error::new(Status::Rejected, "x").with_service(says);
            let named = name_refused(error, &ids(&["a", "b"]));
            assert_eq!((named.request_id(), named.message()), (id, message), "{body}");
        }
    }

    #[test]
    fn answers_in_another_order_are_placed_by_their_ids() {
        let json = r#"[{"code":"OK","body":2,"reqId":"b"},{"code":"OK","body":1,"reqId":"a"}]"#;
        assert_eq!(batch(answered(json, "a"), &ids(&["a", "b"])).ok().unwrap().bodies, ["1", "2"]);
        let json = r#"[{"code":400,"body":"conversation is closed","reqId":"b"},{"code":"OK"}]"#;
        let error = batch(answered(json, "a"), &ids(&["a", "b", "c"])).err().unwrap();
        assert_eq!(error.status(), Status::Protocol, "two in one place");
    }

    #[test]
    fn a_refusal_that_stands_alone_is_placed_by_its_id() {
        let alone = r#"{"code":"BAD_REQUEST","body":{"msg":"User x already has open conversation"},"reqId":"b"}"#;
        for json in [alone.to_owned(), format!("[{alone}]"), format!("[null,{alone}]")] {
            let error = batch(answered(&json, "a"), &ids(&["a", "b"])).err().unwrap();
            assert_eq!((error.status(), error.request_id()), (Status::AlreadyOpen, "b"), "{json}");
            assert_eq!(error.details(), "User x already has open conversation");
            assert!(!error.maybe_delivered());
        }
    }
}
