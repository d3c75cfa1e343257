//! Who takes part in a conversation.

use serde_json::{Value, json};

/// What a participant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Consumer,
    AssignedAgent,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Role::Consumer => "CONSUMER",
            Role::AssignedAgent => "ASSIGNED_AGENT",
        }
    }
}

/// A consumer by its lp_consumer_id, or an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Participant {
    pub(crate) id: String,
    pub(crate) role: Role,
}

impl Participant {
    pub(crate) fn view(&self) -> Value {
        json!({"id": self.id, "role": self.role.name()})
    }
}
