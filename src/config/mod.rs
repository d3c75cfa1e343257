//! TODO

#[cfg(feature = "receiver")]
pub(crate) mod accounts;
pub(crate) mod configuration;
pub(crate) mod credentials;
pub(crate) mod options;
mod pair;
#[cfg(feature = "receiver")]
pub(crate) mod receiver_settings;
pub(crate) mod settings;
