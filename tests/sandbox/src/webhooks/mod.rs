//! The notifications of an account: what they say, how they are signed, where they go and which
//! wait. Uses base and model; knows neither where accounts are kept nor when there is something to
//! tell.

pub(crate) mod delivery;
pub(crate) mod event_type;
pub(crate) mod notification;
pub(crate) mod outbox;
pub(crate) mod post;
pub(crate) mod receiver;
pub(crate) mod signature;
pub(crate) mod webhook;
