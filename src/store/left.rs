//! What an earlier process left.

use crate::protocol::notification::Notification;
use crate::store::change::{DialogKey, Fingerprint};

/// All of it, each list in the order in which it came.
#[derive(Default)]
pub(crate) struct Left {
    /// Known in all processes that use it, and unlike that of any other.
    pub name: String,
    pub notifications: Vec<(u64, Notification)>,
    /// Of the notifications that came last and were dealt with.
    pub fingerprints: Vec<Fingerprint>,
    pub dialogs: Vec<Stopped>,
    pub actions: Vec<LeftAction>,
    pub keys: Vec<(u64, Fingerprint, i64)>,
    /// With their consumers.
    pub updates: Vec<(u64, String, String)>,
    pub consumers: Vec<(String, String)>,
    /// Above all that were used.
    pub next_id: u64,
    /// What cannot be read, and why; it was put aside.
    pub unreadable: Vec<String>,
}

/// Where a dialog goes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    pub dialog: DialogKey,
    pub next: i64,
    /// The last item that had something of it.
    pub used: u64,
}

/// An action that was not done.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct LeftAction {
    pub id: u64,
    pub consumer: String,
    pub key: Option<String>,
    pub body: String,
    pub submitted_ms: i64,
    pub begun: bool,
}
