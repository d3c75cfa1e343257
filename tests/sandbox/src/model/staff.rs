//! Who serves the consumer of a conversation: at most one of each role.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::model::participant::{Participant, Role};

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Staff {
    members: Vec<Participant>,
    /// Whom the consumer sees typing.
    typing: HashSet<Role>,
}

impl Staff {
    pub(crate) fn with_role(&self, role: Role) -> Option<&Participant> {
        self.members.iter().find(|member| member.role == role)
    }

    /// The assigned agent as one who only reads.
    pub(crate) fn reader(&self) -> Option<Participant> {
        let agent = self.with_role(Role::AssignedAgent)?;
        Some(Participant { role: Role::Reader, ..agent.clone() })
    }

    pub(crate) fn join(&mut self, role: Role) -> Participant {
        let member = Participant::new(role);
        self.members.push(member.clone());
        member
    }

    pub(crate) fn leave(&mut self, role: Role) {
        self.members.retain(|member| member.role != role);
        self.typing.remove(&role);
    }

    pub(crate) fn set_typing(&mut self, role: Role, types: bool) {
        if types {
            self.typing.insert(role);
        } else {
            self.typing.remove(&role);
        }
    }

    pub(crate) fn types(&self, role: Role) -> bool {
        self.typing.contains(&role)
    }

    /// With the consumer, in an order of the service's samples: public clients look at who is first.
    pub(crate) fn and(&self, consumer: &Participant) -> Vec<Participant> {
        let [first, second, last] =
            [Role::Manager, Role::AssignedAgent, Role::Agent].map(|role| self.with_role(role));
        [first, second, Some(consumer), last].into_iter().flatten().cloned().collect()
    }
}
