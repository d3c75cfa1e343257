//! The notifications of an account: what they say, how they are signed, where they go and which
//! wait. Uses the model; knows neither where accounts are kept nor when something is told.

pub(crate) mod delivery;
pub(crate) mod event_type;
pub(crate) mod notification;
pub(crate) mod outbox;
pub(crate) mod post;
pub(crate) mod receiver;
pub(crate) mod signature;
pub(crate) mod webhook;
