//! What the nodes of a fleet share: entries in lanes, records and files, kept by a broker.
//!
//! `broker` says what is needed of one, `nats` has NATS JetStream do it: `link` asks and waits for answers, `pull`
//! for entries, `api` reads them, `streams` has what is done with any stream, `layout` makes those that must be there, `object_store`
//! keeps files, `sweep` removes what is back with a server that was killed. It thinks about nothing: order,
//! records and what is tried again are for its user.

mod api;
pub(crate) mod broker;
mod layout;
mod link;
pub(crate) mod nats;
#[cfg(test)]
mod nats_access_tests;
#[cfg(test)]
mod nats_tests;
mod object_store;
mod pull;
mod streams;
mod sweep;
mod timestamp;
