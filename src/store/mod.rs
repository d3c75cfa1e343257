//! What must outlive the process: one file, written by one thread, for a receiver or a connector.
//!
//! It takes from the floors below notifications, errors and threads. It must not know who keeps what
//! and why: it writes changes, each whole or not at all, and tells what an earlier process left.

pub(crate) mod change;
mod disk_room;
mod file_id;
pub(crate) mod left;
mod open_stores;
mod schema;
pub(crate) mod sqlite;
pub(crate) mod writer;
