//! The service's language: its routes, the envelope of a request, its refusals, its files and its
//! rich content, and messages in words. Pure values: no account, no state, no connection.

pub(crate) mod envelope;
pub(crate) mod file;
pub(crate) mod oddity;
pub(crate) mod refusal;
pub(crate) mod rich;
pub(crate) mod route;
pub(crate) mod summary;
