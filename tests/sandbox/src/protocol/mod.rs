//! The service's language, as values: its routes, the envelope of a request, its refusals, its
//! files and rich content, and messages in words. Uses nothing of ours; knows no account and no
//! connection.

pub(crate) mod discreet;
pub(crate) mod envelope;
pub(crate) mod file;
pub(crate) mod oddity;
pub(crate) mod refusal;
pub(crate) mod rich;
pub(crate) mod route;
pub(crate) mod summary;
