//! A request as a line of the log, with no secret in it.

use std::time::Duration;

use serde_json::Value;

use crate::base::token;
use crate::http::request::Received;
use crate::protocol::file;
use crate::protocol::summary::{self, shortened};

/// How much of a message's text is shown.
const PREVIEW_CHARACTERS: usize = 40;
/// How much of a token is shown.
const TOKEN_CHARACTERS: usize = 8;

/// The line of a request; no status: it is left without an answer.
pub(crate) fn of(received: &Received, status: Option<u16>, elapsed: Duration) -> String {
    let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let (method, path, connection) = (&received.method, &received.path, received.connection);
    let (query, notes) = (query(received), notes(received));
    let millis = elapsed.as_millis();
    format!("#{connection} {method} {path}{query} {status} {millis} ms{notes}")
}

/// The query, of which only parameters are shown that are known to be harmless.
fn query(received: &Received) -> String {
    if received.query.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = form_urlencoded::parse(received.query.as_bytes())
        .map(|(name, value)| match name.as_ref() {
            "v" | "version" | "grant_type" => format!("{name}={}", value.escape_debug()),
            _ => "…".to_owned(),
        })
        .collect();
    format!("?{}", shown.join("&"))
}

/// Who sent what: token, consumer, types, and the beginning of a text; of a file, its length.
fn notes(received: &Received) -> String {
    let mut notes = String::new();
    if let Some(token) = received.header("authorization") {
        notes.push_str(&format!(" token {}", shortened(token, TOKEN_CHARACTERS)));
    }
    let claims = received.header("x-lp-on-behalf").and_then(token::peek);
    if let Some(id) = claims.as_ref().and_then(|claims| claims.get("lp_consumer_id")?.as_str()) {
        notes.push_str(&format!(" consumer {}", shortened(id, TOKEN_CHARACTERS).escape_debug()));
    }
    if file::holds(&received.path) {
        notes.push_str(&format!(" {} bytes", received.body.len()));
        return notes;
    }
    let mut note = |message: &Value| {
        let summary = summary::request(message, PREVIEW_CHARACTERS);
        if !summary.is_empty() {
            notes.push_str(&format!(" {summary}"));
        }
    };
    // The form of a token request is no JSON, so nothing of it is shown.
    match serde_json::from_slice(&received.body) {
        Ok(Value::Array(items)) => items.iter().for_each(note),
        Ok(item) => note(&item),
        Err(_) => {}
    }
    notes
}
