//! What a program configures: the table of options, their values as text, and the settings made of
//! them, typed and checked against each other.
//!
//! It uses the floors below for what they take, and must not know what is done with it above.

#[cfg(feature = "receiver")]
pub(crate) mod accounts;
pub(crate) mod configuration;
#[cfg(feature = "connector")]
pub(crate) mod connector_settings;
pub(crate) mod credentials;
mod documentation;
mod kind;
#[cfg(feature = "nats")]
pub(crate) mod nats_settings;
mod nats_url;
mod options;
mod pair;
#[cfg(feature = "receiver")]
pub(crate) mod receiver_settings;
pub(crate) mod settings;
