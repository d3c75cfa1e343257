//! Batches: the answers to several requests at once, each in its place, and which of them was refused.

use crate::base::error::{Error, Status};
use crate::protocol::answer::Answer;
use crate::protocol::envelope::Envelope;
use crate::protocol::response::{Response, conversation_id};

/// The answer to a batch, and the body of each response in the order of the requests.
pub(crate) struct Batch {
    pub response: Response,
    pub bodies: Vec<String>,
}

impl Batch {
    /// Every request must have been answered, in its place, and accepted.
    pub(crate) fn read(answer: Answer, ids: &[String]) -> Result<Batch, Error> {
        let text = answer.text()?;
        let envelopes = Envelope::placed(text, ids).map_err(|what| answer.unreadable(&what))?;
        for (envelope, id) in envelopes.iter().zip(ids) {
            envelope.as_ref().map_or(Ok(()), |envelope| envelope.check_id(id, &answer))?;
        }
        // A refusal says more than a missing answer, which may be its consequence.
        if let Some((place, envelope)) = refused(&envelopes) {
            let what = of_the_batch(place);
            let refusal = envelope.refusal(Status::Rejected, &what, &ids[place], &answer);
            return Err(with_opened(refusal, &envelopes));
        }
        let Some(accepted) = envelopes.into_iter().collect::<Option<Vec<Envelope>>>() else {
            return Err(answer.unreadable("leaves a request of the batch unanswered"));
        };
        let bodies = accepted.iter().map(Envelope::body_text).collect();
        let whole = text.to_owned();
        Ok(Batch { response: Response::new("OK".to_owned(), None, whole, answer), bodies })
    }
}

/// Says which request of a batch an HTTP error is about, where its body answers it.
pub(crate) fn name_refused(error: Error, ids: &[String]) -> Error {
    if ids.len() < 2 {
        return error;
    }
    let body = String::from_utf8_lossy(error.body()).into_owned();
    let Ok(envelopes) = Envelope::placed(&body, ids) else { return error };
    // An answer to the whole names no request, or is one of an array.
    let is_placed =
        |envelope: &Envelope| envelope.req_id.is_some() || body.trim_start().starts_with('[');
    let named = |(place, envelope): &(usize, &Envelope)| {
        is_placed(envelope) && envelope.names(&ids[*place])
    };
    match refused(&envelopes).filter(named) {
        Some((place, _)) => {
            let named = error.with_request_id(&ids[place]).context(&of_the_batch(place));
            with_opened(named, &envelopes)
        }
        None => error,
    }
}

fn refused<'a, 'b>(envelopes: &'b [Option<Envelope<'a>>]) -> Option<(usize, &'b Envelope<'a>)> {
    let mut envelopes = envelopes.iter().enumerate();
    envelopes.find_map(|(place, envelope)| {
        let refused = envelope.as_ref().filter(|envelope| !envelope.code.is_success());
        refused.map(|envelope| (place, envelope))
    })
}

fn of_the_batch(place: usize) -> String {
    format!("request {} of the batch", place + 1)
}

/// What took effect although another request of the batch was refused.
fn with_opened(error: Error, envelopes: &[Option<Envelope>]) -> Error {
    let accepted = envelopes.iter().flatten().filter(|envelope| envelope.code.is_success());
    match accepted.filter_map(|envelope| conversation_id(&envelope.body_text())).next() {
        Some(id) => error.context(&format!("conversation {id} was opened, but")),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::delivery::Delivery;
    use crate::base::error::ServiceSays;

    fn read(body: &str, ids: &[String]) -> Result<Batch, Error> {
        let delivery = Delivery { attempts: 1, ..Delivery::of("a") };
        Batch::read(Answer { http_status: 200, body: body.as_bytes().to_vec(), delivery }, ids)
    }

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| id.to_string()).collect()
    }

    #[test]
    fn one_refused_item_fails_the_batch_and_says_what_took_effect() {
        let json = r#"[{"code":"OK","body":{"msg":"x"},"reqId":"a"},
            {"code":"OK","body":{"conversationId":"c-9"},"reqId":"b"},
            {"code":400,"body":{"title":"Bad","details":"event"},"reqId":"c"}]"#;
        let error = read(json, &ids(&["a", "b", "c"])).err().unwrap();
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
        let both = read(json, &ids(&["1,", "1,"])).ok().unwrap();
        assert_eq!(both.bodies, ["1", "2"], "ids of the caller's may repeat");
        let alone = read(r#"{"code":"OK","body":1}"#, &ids(&["a"])).ok().unwrap();
        assert_eq!(alone.bodies, ["1"]);
        for (json, sent) in [
            (json, ids(&["1,", "1,", "c"])),
            (json, ids(&["1,"])),
            (json, ids(&["1,", "b"])),
            (r#"[{"code":"OK","reqId":"a"},{"code":"OK","reqId":"a"}]"#, ids(&["a", "b"])),
            ("[]", ids(&["a"])),
            ("", ids(&["a"])),
        ] {
            let error = read(json, &sent).err().unwrap();
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
        assert_eq!(read(json, &ids(&["a", "b"])).ok().unwrap().bodies, ["1", "2"]);
        let json = r#"[{"code":400,"body":"conversation is closed","reqId":"b"},{"code":"OK"}]"#;
        let error = read(json, &ids(&["a", "b", "c"])).err().unwrap();
        assert_eq!(error.status(), Status::Protocol, "two in one place");
    }

    #[test]
    fn a_refusal_that_stands_alone_is_placed_by_its_id() {
        let alone = r#"{"code":"BAD_REQUEST","body":{"msg":"User x already has open conversation"},"reqId":"b"}"#;
        for json in [alone.to_owned(), format!("[{alone}]"), format!("[null,{alone}]")] {
            let error = read(&json, &ids(&["a", "b"])).err().unwrap();
            assert_eq!((error.status(), error.request_id()), (Status::AlreadyOpen, "b"), "{json}");
            assert_eq!(error.details(), "User x already has open conversation");
            assert!(!error.maybe_delivered());
        }
    }
}
