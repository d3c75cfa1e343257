//! What a store that several processes share hands to one of them.

use std::time::Duration;

use crate::protocol::notification::Notification;
use crate::store::change::Said;
use crate::store::left::LeftAction;

/// Something that a shared store has for this process.
pub(crate) enum Arrival {
    /// An action that is this process's to send. `begun` says that another one may have sent it.
    Action(LeftAction, Known),
    /// What became of an action or a conversation, to be told here.
    Outcome { id: u64, consumer: String, body: String, is_repeat: bool },
    /// A notification with one event, in its place, to be told here.
    Event { id: u64, line: String, notification: Box<Notification>, is_repeat: bool },
    /// Another process learned something of a consumer whose action is here.
    Known(Known),
    /// The action may be sent by another process now: not here any more.
    ActionLost { consumer: String, id: u64 },
    /// The update waits here for nobody, and is wanted elsewhere.
    UpdateWanted { line: String, id: u64 },
    /// The service is sent too much: nothing more for so long.
    Paused(Duration),
    /// A notification of a conversation that nobody of us opened was dropped.
    Foreign,
}

/// What the processes know of a consumer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub consumer: String,
    /// As its user wrote it.
    pub body: Option<String>,
    /// What the service told of the consumer's own messages, the last ones.
    pub said: Vec<Said>,
    /// What the last action that was done said, and where.
    pub done: Option<(String, i64)>,
    /// The action that another process was the last to begin.
    pub begun_elsewhere: Option<u64>,
}

impl Known {
    /// The consumer's message with this id, unless it is one of an action before.
    pub(crate) fn said(&self, external_id: &str) -> Option<&Said> {
        let is_before = |said: &&Said| {
            let Some((dialog, last)) = &self.done else { return false };
            said.dialog == *dialog && said.sequence.is_some_and(|sequence| sequence <= *last)
        };
        self.said.iter().rfind(|said| said.external_id == external_id && !is_before(said))
    }
}

/// Takes what arrives. What is asked back is given back where this is true.
pub(crate) type Arrives = Box<dyn Fn(Arrival) -> bool + Send>;
