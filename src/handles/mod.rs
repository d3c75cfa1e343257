//! What a caller holds: client, consumer, conversation, file. Thin: arguments checked, calls begun.
//!
//! They use the services; nothing below knows them.

pub(crate) mod attachment;
pub(crate) mod client;
mod client_state;
pub(crate) mod consumer;
mod consumer_state;
pub(crate) mod conversation;
