//! Whose notifications a receiver takes, as configured.

use secrecy::SecretString;

/// An account, and what its service signs with.
#[derive(Clone)]
pub(crate) struct Account {
    /// None: whichever the header names.
    pub id: Option<String>,
    /// The app install; none: any.
    pub client_id: Option<String>,
    pub secrets: Vec<SecretString>,
}

/// The accounts of one receiver.
#[derive(Clone)]
pub(crate) struct Accounts {
    /// That of the options `account.id`, `client.id` and `receiver.secret` or `client.secret`; its
    /// credentials can be replaced. Without secrets nothing is taken for it.
    pub own: Account,
    /// Those of `receiver.accounts`.
    pub others: Vec<Account>,
}
