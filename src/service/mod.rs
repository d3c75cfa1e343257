//! How requests travel to LivePerson's services: where they are, with which tokens, how often.
//!
//! It takes settings, a transport and a deadline; of the handles that call it, it knows nothing.

pub(crate) mod app_jwts;
mod dates;
mod directory;
pub(crate) mod exchange;
pub(crate) mod idp;
mod key_set;
pub(crate) mod messaging;
mod rate_limit;
mod retry;
mod sentinel;
pub(crate) mod session;
pub(crate) mod storage;
