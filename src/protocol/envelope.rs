//! Envelopes: the response messages of an answer, each of which accepts or refuses one request.

use serde_json::value::RawValue;

use crate::base::error::{Error, ServiceSays, Status};
use crate::base::text::shorten;
use crate::protocol::answer::Answer;
use crate::protocol::code::Code;
use crate::protocol::json::{TooMany, exact_text, is_array, items, members};

/// One response message, its members still in JSON.
pub(crate) struct Envelope<'a> {
    whole: &'a RawValue,
    pub code: Code,
    pub body: Option<&'a RawValue>,
    /// None where it does not say.
    pub req_id: Option<&'a RawValue>,
}

const NO_MESSAGE: &str = "is not a response message, which has a code";

impl<'a> Envelope<'a> {
    /// The only one of an answer, which may stand in an array.
    pub(crate) fn only(text: &'a str) -> Result<Envelope<'a>, String> {
        let answer = parsed(text)?;
        if !is_array(answer) {
            return Envelope::of(answer).ok_or_else(|| NO_MESSAGE.to_owned());
        }
        match &items(Some(answer), &mut { 2 }).unwrap_or_default()[..] {
            [only] => Envelope::of(only).ok_or_else(|| NO_MESSAGE.to_owned()),
            _ => Err("is not one response message".to_owned()),
        }
    }

    /// Those for the requests with these ids, each in its place: that of its position, unless its id
    /// names another request, and that one alone. What is no response message is no answer.
    pub(crate) fn placed(
        text: &'a str,
        ids: &[String],
    ) -> Result<Vec<Option<Envelope<'a>>>, String> {
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

    fn of(answer: &'a RawValue) -> Option<Envelope<'a>> {
        let [code, body, req_id] = members(Some(answer), ["code", "body", "reqId"]);
        let req_id = req_id.filter(|id| id.get() != "null");
        Some(Envelope { whole: answer, code: Code::of(code?), body, req_id })
    }

    pub(crate) fn body_text(&self) -> String {
        self.body.map_or("null", RawValue::get).to_owned()
    }

    /// Whether it may be the answer to the request with this id.
    pub(crate) fn names(&self, id: &str) -> bool {
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
    pub(crate) fn check_id(&self, id: &str, answer: &Answer) -> Result<(), Error> {
        if self.names(id) {
            return Ok(());
        }
        let other = self.req_id.and_then(exact_text).unwrap_or_default();
        let other = shorten(&other);
        Err(answer.unreadable(&format!("is for another request, '{other}'")))
    }

    /// The error where it refuses the request with this id; `what` is how a message calls that.
    pub(crate) fn refusal(&self, status: Status, what: &str, id: &str, answer: &Answer) -> Error {
        let mut says = ServiceSays::of(self.whole);
        says.http_status = answer.http_status;
        says.body = answer.body.clone();
        let status = says.status(status);
        let (code, reason, hint) = (&self.code.text, says.reason(), ServiceSays::hint(status));
        Error::new(status, format!("the service refused {what} with code {code}{reason}{hint}"))
            .with_service(says)
            .with_delivery(&answer.delivery.with_id(id))
    }
}

fn parsed(text: &str) -> Result<&RawValue, String> {
    serde_json::from_str(text).map_err(|why| format!("is not JSON: {}", shorten(&why.to_string())))
}
