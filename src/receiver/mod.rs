//! The receiver: an endpoint for webhooks inside a program that has no web server of its own.
//!
//! It takes from the floors below what it needs: errors, locks and logs, notifications and their
//! signatures, TLS, its settings. It must not know the C ABI, and it sends no requests: neither the
//! services nor the handles are its business.
//!
//! A notification comes in through `server` and `endpoint`, is kept by `inbox`, and goes out through
//! `handle`. Within `inbox`, `queue` says what comes next, and `writer` has the `store` written.

mod ack_waiters;
mod body_budget;
mod certificates;
mod connection_limit;
mod counters;
mod dialogs;
mod disk_room;
mod duplicates;
mod endpoint;
mod file_id;
mod fingerprint;
mod handle;
mod inbox;
mod item;
mod line_limit;
mod open_stores;
mod queue;
mod readiness;
mod request_body;
mod resequencer;
mod server;
mod signers;
mod socket;
mod stats;
mod store;
mod store_schema;
#[cfg(test)]
mod test_notifications;
mod writer;

pub use crate::receiver::handle::Receiver;
pub use crate::receiver::stats::{ReceiverStats, RefusedCount};
