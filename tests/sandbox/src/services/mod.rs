//! The services that a client talks to, one file for each, and the way of a request through them:
//! checked, recorded, answered, logged. Uses the floors below; knows nothing of the control API.

pub(crate) mod domain;
pub(crate) mod idp;
pub(crate) mod messaging;
pub(crate) mod opening;
pub(crate) mod properties;
pub(crate) mod router;
pub(crate) mod send;
pub(crate) mod sentinel;
pub(crate) mod swift;
pub(crate) mod witness;
