//! Who takes part in a conversation.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// What a participant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Role {
    Consumer,
    AssignedAgent,
    Agent,
    Manager,
    /// Has a look at what goes on, as the agent of a conversation does during its survey.
    Reader,
    /// The service itself.
    Controller,
}

impl Role {
    /// Those who serve the consumer.
    const STAFF: [Role; 3] = [Role::AssignedAgent, Role::Agent, Role::Manager];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Role::Consumer => "CONSUMER",
            Role::AssignedAgent => "ASSIGNED_AGENT",
            Role::Agent => "AGENT",
            Role::Manager => "MANAGER",
            Role::Reader => "READER",
            Role::Controller => "CONTROLLER",
        }
    }

    /// The role of this name among those who serve the consumer.
    pub(crate) fn of_staff(name: &str) -> Option<Role> {
        Role::STAFF.into_iter().find(|role| role.name() == name)
    }

    /// The names of these roles, to be listed in a sentence.
    pub(crate) fn staff_names() -> String {
        Role::STAFF.map(Role::name).join(", ")
    }
}

/// A consumer by its lp_consumer_id, or somebody who serves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Participant {
    pub(crate) id: String,
    pub(crate) role: Role,
}

impl Participant {
    /// Somebody with an id of its own.
    pub(crate) fn new(role: Role) -> Participant {
        Participant { id: Uuid::new_v4().to_string(), role }
    }

    pub(crate) fn view(&self) -> Value {
        json!({"id": self.id, "role": self.role.name()})
    }
}
