//! What an entry of a lane says, as it is written there.

use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::store::change::About;

/// What is written now. Who finds a newer one leaves it to those who know it.
pub(crate) const VERSION: u32 = 1;

/// An action that waits to be sent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ActionEntry {
    pub version: u32,
    pub consumer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// As it was submitted.
    pub body: String,
    pub submitted_ms: i64,
    /// The names of its file and of its preview.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// Something that the program is to be told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UpdateEntry {
    pub version: u32,
    /// In whose line it stands; empty where nobody knows yet.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub consumer: String,
    #[serde(flatten)]
    pub what: What,
}

/// What it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// What became of an action or a conversation, as its user writes it.
    Outcome(String),
    Event(Box<EventEntry>),
}

/// A notification with one event, and what has to be known of it to put it in its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EventEntry {
    pub account: String,
    /// As the service wrote it; it may be no text. Empty where it lies in a file.
    #[serde(with = "bytes_as_text")]
    pub body: Arc<[u8]>,
    /// The name of the file that has it, where it is too long for an entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// By which it is known again.
    pub fingerprint: String,
    #[serde(flatten)]
    pub about: About,
}

/// Text stays text, so that whoever looks at a lane can read it.
mod bytes_as_text {
    use std::sync::Arc;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Body<'a> {
        Text(std::borrow::Cow<'a, str>),
        Base64 { base64: String },
    }

    pub(super) fn serialize<S: Serializer>(body: &[u8], output: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(body) {
            Ok(text) => Body::Text(text.into()),
            Err(_) => Body::Base64 { base64: STANDARD.encode(body) },
        }
        .serialize(output)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(input: D) -> Result<Arc<[u8]>, D::Error> {
        Ok(match Body::deserialize(input)? {
            Body::Text(text) => Arc::from(text.as_bytes()),
            Body::Base64 { base64 } => STANDARD.decode(base64).map_err(D::Error::custom)?.into(),
        })
    }
}

/// A name that nothing else has.
pub(super) fn random_name(kind: &str) -> String {
    let mut bytes = [0; 16];
    // Without random numbers there would be no TLS either.
    let _ = SystemRandom::new().fill(&mut bytes);
    kind.to_owned() + &hex(&bytes)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for body in [&b"{\"a\":1}"[..], b"\xff\0", b""] {
            let about = About { conversation: "c".into(), sequence: Some(7), ..About::default() };
            let event = EventEntry {
                account: "le1".into(),
                body: body.into(),
                file: None,
                fingerprint: "f".into(),
                about: about.clone(),
            };
            let what = What::Event(Box::new(event));
            let json =
                serde_json::to_string(&UpdateEntry { version: 1, consumer: "a".into(), what });
            let read: UpdateEntry = serde_json::from_str(&json.unwrap()).unwrap();
            let What::Event(event) = read.what else { panic!("{read:?}") };
            assert_eq!((&*event.body, event.about), (body, about));
        }
        let newer = r#"{"version":2,"consumer":"a","outcome":"{}","more":[1]}"#;
        assert!(serde_json::from_str::<UpdateEntry>(newer).is_ok());
    }
}
