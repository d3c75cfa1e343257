//! Options that need each other.

use crate::base::error::{Error, Status};
use crate::config::configuration::Config;
use crate::net::tls::Identity;

pub(super) fn missing(key: &str, what: &str) -> Error {
    Error::new(Status::Config, format!("option '{key}' is missing: {what}"))
}

/// Two options of which neither makes sense alone.
pub(super) fn pair<'a>(
    config: &'a Config,
    one: &str,
    other: &str,
) -> Result<Option<(&'a str, &'a str)>, Error> {
    match (config.value(one), config.value(other)) {
        (Some(a), Some(b)) => Ok(Some((a, b))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(missing(other, &format!("it belongs to '{one}'"))),
        (None, Some(_)) => Err(missing(one, &format!("it belongs to '{other}'"))),
    }
}

/// A certificate and its key.
pub(super) fn identity(
    config: &Config,
    certificate: &'static str,
    key: &'static str,
) -> Result<Option<Identity>, Error> {
    pair(config, certificate, key)?;
    let both = config.file(certificate).zip(config.file(key));
    Ok(both.map(|(certificate, key)| Identity { certificate, key }))
}
