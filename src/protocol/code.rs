//! The code of a response: a status name or an HTTP status number.

use serde_json::value::RawValue;
use ureq::http::StatusCode;

use crate::base::error::Status;
use crate::base::text::shorten;
use crate::protocol::json::exact_text;

/// As the service wrote it, and what it means.
pub(crate) struct Code {
    pub text: String,
    number: Option<u16>,
}

impl Code {
    pub(crate) fn of(json: &RawValue) -> Code {
        let text = exact_text(json).unwrap_or_else(|| json.get().to_owned());
        let number = match text.as_str() {
            "OK" => Some(200),
            text => text.parse().ok().or_else(|| number_of_name(text)),
        };
        Code { text: shorten(&text), number }
    }

    pub(crate) fn is_success(&self) -> bool {
        self.number.is_some_and(|number| (200..=299).contains(&number))
    }

    /// What a refusal with it is.
    pub(crate) fn status(&self) -> Status {
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
