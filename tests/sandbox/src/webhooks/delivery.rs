//! What became of a notification.

use std::fmt;

/// One attempt to deliver a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// The number of the notification in the account, from 0 on. All attempts of a notification
    /// have the same one, and a duplicate has it too.
    pub notification: usize,
    /// The number of the attempt, from 1 on.
    pub attempt: u32,
    /// When it began, in milliseconds since 1970 by the service's clock.
    pub at: i64,
    /// How long it took.
    pub millis: u64,
    /// The raw body.
    pub body: Vec<u8>,
    /// What the header x-liveperson-signature held.
    pub signature: String,
    /// The HTTP status that came back.
    pub status: Option<u16>,
    /// Why no status came back.
    pub failure: Option<String>,
}

impl Delivery {
    /// Whether the notification counts as delivered: the endpoint answered 200 or 201.
    pub fn delivered(&self) -> bool {
        matches!(self.status, Some(200 | 201))
    }
}

/// Why an attempt brought no HTTP status.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Nothing listens there.
    pub(crate) refused: bool,
    pub(crate) reason: String,
}

impl Failure {
    pub(crate) fn new(reason: impl fmt::Display) -> Failure {
        Failure { refused: false, reason: reason.to_string() }
    }
}
