//! What a caller holds: client, consumer, conversation, attachment. Arguments and files are checked here,
//! and calls begin.
//!
//! It uses the services and all below them. It must not know how a request travels, nor the C ABI.

pub(crate) mod attachment;
pub(crate) mod client;
mod client_state;
pub(crate) mod consumer;
mod consumer_state;
pub(crate) mod conversation;
