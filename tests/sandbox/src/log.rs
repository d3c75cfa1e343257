//! The log: one readable line for each request, and no secret in it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::options::Log;
use crate::request::Received;
use crate::summary::{self, shortened};
use crate::{storage, token};

/// How much of a message's text is shown.
const PREVIEW_CHARACTERS: usize = 40;
/// How much of a token is shown.
const TOKEN_CHARACTERS: usize = 8;

pub(crate) enum Logger {
    Off,
    Stderr,
    File(Mutex<File>),
}

impl Logger {
    pub(crate) fn open(log: &Log) -> io::Result<Logger> {
        match log {
            Log::Off => Ok(Logger::Off),
            Log::Stderr => Ok(Logger::Stderr),
            Log::File(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path)?;
                Ok(Logger::File(Mutex::new(file)))
            }
        }
    }

    /// Writes the line of a request; no status: it is left without an answer.
    pub(crate) fn request(&self, received: &Received, status: Option<u16>, elapsed: Duration) {
        if matches!(self, Logger::Off) {
            return;
        }
        let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let (method, path, connection) = (&received.method, &received.path, received.connection);
        let (time, query, notes) = (clock(), query(received), notes(received));
        let millis = elapsed.as_millis();
        self.write(&format!(
            "{time} #{connection} {method} {path}{query} {status} {millis} ms{notes}"
        ));
    }

    /// Writes a line of its own.
    pub(crate) fn note(&self, text: &str) {
        self.write(&format!("{} {text}", clock()));
    }

    // A log that cannot be written must not stop the tests.
    #[allow(clippy::print_stderr)]
    fn write(&self, line: &str) {
        match self {
            Logger::Off => {}
            Logger::Stderr => eprintln!("{line}"),
            Logger::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = writeln!(file, "{line}");
            }
        }
    }
}

/// The time of day, UTC.
fn clock() -> String {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = elapsed.as_secs() % 86_400;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:03}", seconds % 60, elapsed.subsec_millis())
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
    if storage::holds(&received.path) {
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
