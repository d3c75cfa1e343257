//! How far an agent got in a conversation.

use serde::{Deserialize, Serialize};

use crate::agents::agent::Agent;

/// An agent who accompanies a conversation.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Attendance {
    pub(crate) agent: Agent,
    pub(crate) bookmark: Bookmark,
}

/// Where the agent goes on.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Bookmark {
    /// How many steps are done.
    pub(crate) steps: usize,
    /// How many events the agent has seen.
    pub(crate) events: usize,
    /// How many ratings.
    pub(crate) ratings: usize,
}

impl Attendance {
    pub(crate) fn new(agent: Agent) -> Attendance {
        Attendance { agent, bookmark: Bookmark::default() }
    }
}
