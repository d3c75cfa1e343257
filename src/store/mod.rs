//! What a receiver or a connector keeps while it is under way: one journal of changes.
//!
//! `journal` says what every store does; `memory` and `writer`, the thread of the file `sqlite`, do it. It takes from the floors below notifications, errors and threads. It must not know who keeps what
//! and why: it writes changes, each whole or not at all, and tells what an earlier process left.

pub(crate) mod arrival;
pub(crate) mod change;
#[cfg(test)]
mod conformance;
mod disk_room;
mod file_id;
#[cfg(feature = "nats")]
pub(crate) mod fleet;
pub(crate) mod journal;
pub(crate) mod left;
pub(crate) mod memory;
mod open_stores;
pub(crate) mod schema;
pub(crate) mod sqlite;
mod system_reason;
pub(crate) mod writer;
