//! What a connector tells the program.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::error::Error;
use crate::protocol::notification::Notification;

/// What an update is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[repr(i32)]
pub enum UpdateKind {
    /// An action that had a key was sent.
    Sent = 1,
    /// An action was not sent and never will be; its error tells why.
    Failed = 2,
    /// A conversation was opened for the consumer.
    Opened = 3,
    /// Something happened in the consumer's conversation: an agent wrote, is typing, was assigned.
    Event = 4,
    /// The consumer's conversation is over.
    Closed = 5,
}

/// Something that the program must know and acknowledge.
#[derive(Clone)]
pub struct Update {
    pub(crate) outcome: Outcome,
    pub(crate) consumer: Arc<str>,
    pub(crate) is_repeat: bool,
    pub(crate) notification: Option<Arc<Notification>>,
    pub(crate) receipt: Receipt,
}

/// By what the connector knows an update again.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub connector: u64,
    /// In whose line it stands.
    pub line: Arc<str>,
    pub id: u64,
    /// How often it had been given out by then.
    pub given: u32,
}

/// What became of an action or a conversation, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub kind: UpdateKind,
    /// The action that it is about.
    #[serde(skip)]
    pub of: Option<u64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub conversation_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dialog_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    #[serde(default)]
    pub attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "kept_error")]
    pub error: Option<Error>,
}

/// An error as it is kept.
mod kept_error {
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::value::RawValue;

    use crate::base::error::Error;

    pub(super) fn serialize<S: Serializer>(
        error: &Option<Error>,
        output: S,
    ) -> Result<S::Ok, S::Error> {
        let json = error.as_ref().map(|error| RawValue::from_string(error.to_json()));
        json.transpose().map_err(S::Error::custom)?.serialize(output)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Option<Error>, D::Error> {
        let json = Option::<Box<RawValue>>::deserialize(input)?;
        json.map(|json| Error::from_json(json.get()).map_err(D::Error::custom)).transpose()
    }
}

impl Outcome {
    pub(crate) fn new(kind: UpdateKind) -> Outcome {
        Outcome {
            kind,
            of: None,
            conversation_id: String::new(),
            dialog_id: String::new(),
            key: None,
            sequence: None,
            attempts: 0,
            error: None,
        }
    }

    /// Whether one that is kept says that a conversation was opened.
    pub(crate) fn is_opened(kept: &str) -> bool {
        serde_json::from_str::<Outcome>(kept).is_ok_and(|it| it.kind == UpdateKind::Opened)
    }
}

impl Update {
    /// What it is about.
    pub fn kind(&self) -> UpdateKind {
        self.outcome.kind
    }

    /// The consumer, as the program calls it; empty for an event of a conversation that this connector
    /// did not open (`connector.foreign`).
    pub fn consumer_id(&self) -> &str {
        &self.consumer
    }

    /// The conversation; empty where there is none.
    pub fn conversation_id(&self) -> &str {
        &self.outcome.conversation_id
    }

    /// The dialog in it; empty where there is none.
    pub fn dialog_id(&self) -> &str {
        &self.outcome.dialog_id
    }

    /// The program's own id of the action, of [`Sent`](UpdateKind::Sent) and
    /// [`Failed`](UpdateKind::Failed).
    pub fn key(&self) -> Option<&str> {
        self.outcome.key.as_deref()
    }

    /// The sequence that the service gave the message, or that the event has.
    pub fn sequence(&self) -> Option<i64> {
        self.outcome.sequence
    }

    /// How many requests it took since the connector was made; 0 where none was made.
    pub fn attempts(&self) -> u32 {
        self.outcome.attempts
    }

    /// Whether it may have been given out before.
    pub fn is_repeat(&self) -> bool {
        self.is_repeat
    }

    /// Why it failed, of [`Failed`](UpdateKind::Failed).
    pub fn error(&self) -> Option<&Error> {
        self.outcome.error.as_ref()
    }

    /// A notification with the one event that it is about, of [`Event`](UpdateKind::Event) and, where the
    /// service told of it, [`Closed`](UpdateKind::Closed).
    pub fn notification(&self) -> Option<&Notification> {
        self.notification.as_deref()
    }
}

/// Messages are the consumer's own: they stay out of logs that print an update.
impl std::fmt::Debug for Update {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Update")
            .field("kind", &self.kind())
            .field("consumer_id", &self.consumer_id())
            .field("conversation_id", &self.conversation_id())
            .field("key", &self.key())
            .field("sequence", &self.sequence())
            .field("error", &self.error())
            .finish_non_exhaustive()
    }
}
