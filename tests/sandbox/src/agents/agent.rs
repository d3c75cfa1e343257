//! The agent on the other side of a conversation.

use serde::{Deserialize, Serialize};

use crate::agents::script::Script;

/// Who answers in the conversations of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Agent {
    /// Joins at once, accepts and reads what the consumer sends, and says each text back.
    Echo,
    /// Does the steps of a script, in each conversation from its beginning.
    Script(Script),
}
