//! Something that the program was not told yet, or did not acknowledge.

use std::sync::Arc;

use crate::connector::lines::Waits;
use crate::protocol::notification::Notification;

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
