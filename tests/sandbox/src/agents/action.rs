//! What an agent can do in a conversation.

use axum::body::Bytes;
use serde_json::Value;

use crate::model::participant::Role;

/// What is done, and as whom.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Act {
    pub(crate) action: Action,
    pub(crate) role: Role,
    /// Told beside what is said; null where there is nothing.
    pub(crate) metadata: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Join,
    /// An accept status, for these of the consumer's messages; None: for all that have none yet.
    Status {
        status: &'static str,
        sequences: Option<Vec<u64>>,
    },
    /// Begins to type, or stops.
    Type(bool),
    Say {
        text: String,
        quick_replies: Value,
    },
    Rich {
        content: Value,
        quick_replies: Value,
    },
    File {
        name: String,
        bytes: Bytes,
        caption: Value,
    },
    /// A text that the consumer must not see.
    Note(String),
    /// To this skill.
    Transfer(String),
    /// What the agents' absence is called; null: they are there.
    Delay(Value),
    /// A time in milliseconds since 1970; null: none.
    ManualEttr(Value),
    Close,
    Survey,
}

/// What is replaced by the consumer's last text.
const TEXT: &str = "{text}";

impl Action {
    /// As the assigned agent.
    pub(crate) fn assigned(self) -> Act {
        Act { action: self, role: Role::AssignedAgent, metadata: Value::Null }
    }

    /// With the consumer's last text put in.
    pub(crate) fn expanded(&self, last_text: &str) -> Action {
        match self.clone() {
            Action::Say { text, quick_replies } => {
                Action::Say { text: text.replace(TEXT, last_text), quick_replies }
            }
            Action::Note(text) => Action::Note(text.replace(TEXT, last_text)),
            other => other,
        }
    }

    /// Whether it ends the agent's typing.
    pub(crate) fn is_message(&self) -> bool {
        matches!(self, Action::Say { .. } | Action::Rich { .. } | Action::File { .. })
    }
}
