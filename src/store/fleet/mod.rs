//! The store of a fleet: nodes on any number of machines share entries in lanes, records and files, kept by a
//! broker.
//!
//! `broker` says what is needed of one, and `nats` has NATS JetStream do it: `link` asks and waits for answers,
//! `pull` for entries, `api` reads them, `streams` has what is done with any stream, `layout` makes those that
//! must be there, `object_store` keeps files, `sweep` puts right what a server that was killed did not write down,
//! `restarts` knows what it may have handed out, `sweep_files` removes what nodes that died left of files, and
//! `upkeep` makes anew what is gone.
//!
//! What is done with it: `node` takes entries from the lanes and keeps them while they are worked on; `writes`
//! turns changes, which wait in `write_lines`, into what is asked of the broker; `bucket` has what all nodes know of consumers, `record` by
//! record; `envelope` says how entries are written; `desk` lies between the node's thread and those of its
//! engine, and `store` is what the engine holds of it. It must not know who sends and tells, and why.

mod api;
#[cfg(test)]
mod begun_tests;
pub(crate) mod broker;
mod bucket;
#[cfg(test)]
mod cluster_tests;
mod desk;
mod envelope;
#[cfg(test)]
mod files_tests;
#[cfg(test)]
mod full_tests;
#[cfg(test)]
mod lapsed_tests;
mod layout;
mod link;
#[cfg(test)]
mod lost_tests;
#[cfg(test)]
mod member;
pub(crate) mod nats;
#[cfg(test)]
mod nats_access_tests;
#[cfg(test)]
mod nats_tests;
pub(crate) mod node;
mod object_store;
mod once;
#[cfg(test)]
mod promises;
mod pull;
mod record;
#[cfg(test)]
mod restart_tests;
mod restarts;
#[cfg(test)]
mod simulated;
pub(crate) mod store;
#[cfg(test)]
pub(crate) mod store_tests;
#[cfg(test)]
mod strangers_tests;
mod streams;
mod sweep;
mod sweep_files;
mod timestamp;
mod upkeep;
mod write_lines;
mod writes;
