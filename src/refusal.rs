//! What the service says when it refuses, in any of the forms that it uses.

use serde_json::value::RawValue;

use crate::code::Code;
use crate::config::shorten_to;
use crate::error::{ServiceSays, Status};
use crate::json::{is_array, is_object, is_string, items, members, number, text};

impl ServiceSays {
    /// Reads the body of a failing answer.
    pub(crate) fn read(body: &[u8]) -> ServiceSays {
        let Ok(json) = serde_json::from_slice::<&RawValue>(body) else {
            return ServiceSays { details: plain(body), ..ServiceSays::default() };
        };
        let answer = if is_array(json) { refused_of(json) } else { Some(json) };
        answer.map(ServiceSays::of).unwrap_or_default()
    }

    fn of(answer: &RawValue) -> ServiceSays {
        if is_string(answer) {
            return ServiceSays { details: text(Some(answer)), ..ServiceSays::default() };
        }
        // The Send API wraps it in a response message; token and identity services do not.
        let [body, error] = members(Some(answer), ["body", "error"]);
        let wrapped = body.filter(|body| is_object(body) || is_string(body));
        let nested = error.filter(|error| is_object(error));
        if let Some(inner) = wrapped.or(nested) {
            return ServiceSays::of(inner);
        }
        let [error_code, internal, code] =
            members(Some(answer), ["errorCode", "internalErrorCode", "code"]);
        let [title, details, description, msg, message] =
            members(Some(answer), ["title", "details", "error_description", "msg", "message"]);
        let first = |several: &[Option<&RawValue>]| {
            several.iter().map(|one| text(*one)).find(|text| !text.is_empty()).unwrap_or_default()
        };
        // A code that is an HTTP status says nothing new.
        let own = number(code).filter(|code| !(100..=599).contains(code));
        let code = number(error_code).or(number(internal)).or(own);
        ServiceSays {
            service_code: code.and_then(|code| i32::try_from(code).ok()).unwrap_or(0),
            title: first(&[title, error]),
            details: first(&[details, description, msg, message]),
            ..ServiceSays::default()
        }
    }

    /// What the refusal means, where its text says more than its code. The service's wordings are
    /// not documented, so they are matched by what they must contain.
    pub(crate) fn status(&self, otherwise: Status) -> Status {
        if matches!(otherwise, Status::Unauthorized | Status::RateLimited) {
            return otherwise;
        }
        let says = format!("{} {}", self.title, self.details).to_lowercase();
        if is_already_open(&says) {
            Status::AlreadyOpen
        } else if is_closed(&says) {
            Status::Closed
        } else {
            otherwise
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

/// Of the answers to a batch the one that refuses.
fn refused_of(answers: &RawValue) -> Option<&RawValue> {
    let answers = items(Some(answers), &mut { usize::MAX }).unwrap_or_default();
    let mut refused = answers.iter().filter(|answer| {
        let [code] = members(Some(answer), ["code"]);
        !code.is_some_and(|code| Code::of(code).is_success())
    });
    refused.next().or(answers.first()).copied()
}

/// A body that is no JSON, but text for a person; not the page of a gateway.
fn plain(body: &[u8]) -> String {
    const MOST: usize = 1000;
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * MOST)]);
    let text = text.trim();
    let is_text =
        !text.starts_with('<') && !text.chars().any(|c| c.is_control() && !c.is_whitespace());
    if is_text { text.chars().take(MOST).collect() } else { String::new() }
}

/// "User … already has open conversation", however it goes on.
fn is_already_open(says: &str) -> bool {
    let words: Vec<&str> = words(says).collect();
    let mut rest = words.iter().skip_while(|word| **word != "already");
    let has = rest.by_ref().take(4).any(|word| *word == "open");
    has && rest.take(2).any(|word| word.starts_with("conversation"))
}

/// "Conversation is close", "Dialog … has been closed", "closed conversation".
fn is_closed(says: &str) -> bool {
    says.split([';', '.', '\n']).any(|part| {
        let words: Vec<&str> = words(part).collect();
        words.iter().enumerate().any(|(at, word)| {
            ["conversation", "dialog"].contains(word)
                && (words[..at].last() == Some(&"closed") || is_followed_by_end(&words[at + 1..]))
        })
    })
}

/// Whether the words behind "conversation" say that it is over: its id and auxiliary words may stand
/// between, and nothing else. "Conversation close failed", "dialog type", "must be closed" do not.
fn is_followed_by_end(words: &[&str]) -> bool {
    const AUXILIARY: [&str; 9] =
        ["is", "was", "has", "been", "already", "now", "currently", "in", "state"];
    let mut said_is = false;
    for word in words {
        match *word {
            "closed" | "resolved" | "ended" => return true,
            "close" => return said_is,
            word if AUXILIARY.contains(&word) => said_is = true,
            word if word.contains(|c: char| c.is_ascii_digit()) => {}
            _ => return false,
        }
    }
    false
}

/// Words, and ids as they are written.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || "_-".contains(c);
    text.split(move |c| !is_part(c)).filter(|word| !word.is_empty())
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
        assert_eq!(ServiceSays::read(&[0xff; 9000]).details.chars().count(), 1000);
    }

    #[test]
    fn what_a_text_means_is_told_from_its_words() {
        let status = |details: &str, otherwise| {
            let details = details.to_owned();
            ServiceSays { details, ..ServiceSays::default() }.status(otherwise)
        };
        for text in [
            "Cannot create: User 5f2a already has open conversation c-1, close it first",
            "user already has an open conversation",
            "The consumer already has one OPEN Conversation.",
            "User a already has 1 open conversations",
        ] {
            assert_eq!(status(text, Status::Rejected), Status::AlreadyOpen, "{text}");
        }
        for text in [
            "Bad Request, Conversation is close",
            "Conversation 8602832d-dce1-446b-8445-0d51f5926a42 is closed",
            "Cannot publish into a closed conversation",
            "Dialog d-1 has been closed",
            "the conversation was already resolved",
            "Conversation closed: Conversation c-1 is closed",
            "Conversation 'PwT_YK91Sum3vu5H6T3YnA' is in state CLOSE",
        ] {
            for otherwise in [Status::Rejected, Status::Server] {
                assert_eq!(status(text, otherwise), Status::Closed, "{text}");
            }
        }
        for text in [
            "",
            "Unknown conversation",
            "The conversation could not be closed",
            "A dialog must be closed by its owner",
            "Already done",
            "Failed to close conversation",
            "Conversation close failed",
            "Invalid conversationState CLOSE",
            "conversationField: CLOSE is unknown",
            "Unknown conversation; close reason is missing",
            "Dialog type CLOSED_SURVEY is unknown",
            "The conversation is not closed",
            "Conversation 7 already open",
        ] {
            assert_eq!(status(text, Status::Rejected), Status::Rejected, "{text}");
        }
        assert_eq!(status("Conversation is close", Status::Unauthorized), Status::Unauthorized);
    }
}
