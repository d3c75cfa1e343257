//! TODO

pub(crate) mod auth;
pub(crate) mod call;
pub(crate) mod domains;
pub(crate) mod request;
pub(crate) mod retry;
pub(crate) mod verify;
