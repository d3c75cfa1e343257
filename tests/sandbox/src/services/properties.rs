//! The header Client-Properties: what the client says about itself and its channel.

use serde_json::Value;

use crate::http::request::Received;

/// What was sent: any JSON, or the text itself where it is none, for public clients send that too.
/// Null where there is no such header.
pub(crate) fn parse(received: &Received) -> Value {
    let Some(header) = received.headers.get("client-properties") else { return Value::Null };
    let text = String::from_utf8_lossy(header.as_bytes());
    serde_json::from_str(&text).unwrap_or_else(|_| text.into_owned().into())
}
