//! What was published into a dialog.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::participant::{Participant, Role};

/// An event that was published into a dialog.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) originator: Participant,
    pub(crate) dialog_id: String,
    /// None: not by a request.
    pub(crate) request_id: Option<String>,
    pub(crate) event: Value,
    pub(crate) metadata: Value,
    /// Not for the consumer.
    pub(crate) private: bool,
    /// In milliseconds since 1970.
    pub(crate) timestamp: i64,
    /// Chat states are not numbered.
    pub(crate) sequence: Option<u64>,
}

impl Event {
    /// Whether it is something to read or look at.
    pub(crate) fn is_content(&self) -> bool {
        matches!(self.event["type"].as_str(), Some("ContentEvent" | "RichContentEvent"))
    }

    /// Its text, if the consumer sent it and it is one.
    pub(crate) fn consumer_text(&self) -> Option<&str> {
        if self.originator.role == Role::Consumer { self.event["message"].as_str() } else { None }
    }

    /// Who sees it.
    pub(crate) fn audience(&self) -> &'static str {
        if self.private { "AGENTS_AND_MANAGERS" } else { "ALL" }
    }

    /// As tests see it.
    pub(crate) fn view(&self) -> Value {
        json!({
            "sequence": self.sequence,
            "originatorId": self.originator.id,
            "role": self.originator.role.name(),
            "audience": self.audience(),
            "dialogId": self.dialog_id,
            "requestId": self.request_id,
            "event": self.event,
            "metadata": self.metadata,
        })
    }
}
