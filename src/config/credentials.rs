//! The app install's credentials.

use secrecy::SecretString;

use crate::base::error::Error;

/// The app install's id and secret, with which AppJWTs are obtained.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub client_id: String,
    pub client_secret: SecretString,
}

impl Credentials {
    /// Those that a caller gives later, checked as the options are.
    pub(crate) fn new(client_id: &str, client_secret: &str) -> Result<Credentials, Error> {
        for (name, value) in [("client_id", client_id), ("client_secret", client_secret)] {
            if value.is_empty() || value.chars().any(char::is_control) {
                return Err(Error::invalid(format!(
                    "{name} is empty or has control characters; it takes a text on one line"
                )));
            }
        }
        Ok(Credentials::of(client_id, client_secret))
    }

    /// Those of the options, which were checked when they were set.
    pub(super) fn of(client_id: &str, client_secret: &str) -> Credentials {
        Credentials { client_id: client_id.to_owned(), client_secret: client_secret.into() }
    }
}
