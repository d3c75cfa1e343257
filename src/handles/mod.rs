//! TODO

pub(crate) mod client;
pub(crate) mod consumer;
pub(crate) mod conversation;
pub(crate) mod file;
