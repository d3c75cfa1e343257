//! How requests travel to LivePerson's services: where they are, with which tokens, how often.
//!
//! It uses protocol, net and config, and takes settings, a transport and a deadline. It must not know
//! the handles that call it.

pub(crate) mod app_jwts;
mod dates;
mod directory;
pub(crate) mod exchange;
pub(crate) mod idp;
mod key_set;
pub(crate) mod messaging;
mod outages;
#[cfg(feature = "probe")]
pub(crate) mod probe;
mod rate_limit;
mod retry;
mod sentinel;
pub(crate) mod session;
pub(crate) mod storage;
