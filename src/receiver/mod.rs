//! The receiver: an endpoint for webhooks inside a program that has no web server of its own.
//!
//! It takes from the floors below what it needs: errors, locks and logs, notifications and their
//! signatures, TLS, its settings. It must not know the C ABI, and it sends no requests: neither the
//! services nor the handles are its business.
//!
//! A notification comes in through `server` and `endpoint`, which `listener` starts for any `sink`, is
//! kept by `inbox`, and goes out through `handle`. Within `inbox`, `queue` says what comes next; what is
//! kept, the floor below writes.

mod ack_waiters;
mod body_budget;
mod certificates;
mod connection_limit;
pub(crate) mod counters;
pub(crate) mod dialogs;
pub(crate) mod duplicates;
mod endpoint;
pub(crate) mod fingerprint;
mod handle;
mod inbox;
pub(crate) mod item;
mod line_limit;
pub(crate) mod listener;
mod queue;
pub(crate) mod readiness;
mod request_body;
pub(crate) mod resequencer;
mod server;
mod signers;
pub(crate) mod sink;
mod socket;
mod stats;
#[cfg(test)]
mod test_notifications;

pub use crate::receiver::handle::Receiver;
pub use crate::receiver::stats::{ReceiverStats, RefusedCount};
