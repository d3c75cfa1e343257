//! The connector: a channel on an account as a whole. What is submitted is kept, sent in order and tried
//! again; what the service tells is kept until the program acknowledged it.
//!
//! It takes from the floors below clients and consumers, notifications in order, and the store. It must
//! not know the C ABI.
//!
//! An action comes in through `handle` and `outbox`, waits in `lines`, and is sent by `worker`; a
//! notification comes in through `intake`, waits in `lines`, and goes out through `updates`. `engine`
//! holds both, and `consumers` says who talks where.

mod action;
mod arrivals;
mod consumers;
mod counters;
mod engine;
mod files;
mod handle;
mod intake;
mod keys;
mod lines;
mod outbox;
mod pending;
mod settled;
mod shutdown;
mod sink;
mod stats;
mod update;
mod updates;
mod waiting;
mod wall_clock;
mod worker;

pub use crate::connector::handle::Connector;
pub use crate::connector::stats::ConnectorStats;
pub use crate::connector::update::{Update, UpdateKind};
