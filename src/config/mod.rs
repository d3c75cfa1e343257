//! TODO

pub(crate) mod configuration;
pub(crate) mod options;
