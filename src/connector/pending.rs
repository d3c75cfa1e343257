//! Something that the program was not told yet, or did not acknowledge.

use std::sync::Arc;

use crate::connector::lines::Waits;
use crate::protocol::notification::Notification;
use crate::protocol::notification_event::NotificationEvent;

/// An update in the line of its consumer.
pub(crate) struct Pending {
    pub id: u64,
    pub content: Content,
    /// How often it was given out.
    pub given: u32,
    /// An earlier process may have given it out.
    pub is_left: bool,
}

/// What it is made of.
pub(crate) enum Content {
    /// A notification with one event.
    Event(Arc<Notification>),
    /// What became of something, as it is kept.
    Outcome(Arc<str>),
}

impl Waits for Pending {
    fn id(&self) -> u64 {
        self.id
    }
}

/// What an agent does is told. What the consumer did, the program did; and agents and managers talk among
/// themselves, too.
pub(crate) fn is_told(event: &NotificationEvent) -> bool {
    !is_of_a_consumer(event) && event.audience() != "AGENTS_AND_MANAGERS"
}

pub(crate) fn is_of_a_consumer(event: &NotificationEvent) -> bool {
    event.originator_role() == "CONSUMER"
}
