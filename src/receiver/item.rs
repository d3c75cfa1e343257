//! A notification in the inbox.

use std::sync::Arc;
use std::time::Instant;

use crate::protocol::notification::Notification;
use crate::store::change::Fingerprint;

/// A notification, with what the inbox knows it by.
pub(crate) struct Item {
    /// Never used twice, with a store not even after a restart.
    pub id: u64,
    pub notification: Arc<Notification>,
    pub fingerprint: Fingerprint,
    /// When it came, or where an earlier process left it, when this one found it.
    pub arrived: Instant,
}
