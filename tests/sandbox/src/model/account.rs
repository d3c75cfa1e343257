//! An account: its id, and the connector that is registered for it.

use std::fmt;

/// An account with its registered connector.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The account (brand) id: letters and digits.
    pub id: String,
    /// The id of the app install, a UUID.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl Account {
    /// An account for [`crate::Sandbox::add_account`].
    pub fn new(
        id: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Account {
        Account { id: id.into(), client_id: client_id.into(), client_secret: client_secret.into() }
    }
}

/// Hides the secret.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("client_id", &self.client_id)
            .field("client_secret", &"…")
            .finish()
    }
}
