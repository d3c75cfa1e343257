//! Whose notifications a receiver takes, as configured.

use secrecy::SecretString;

use crate::base::error::Error;
use crate::config::credentials::Credentials;

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

impl Accounts {
    /// Those whose notifications can be taken.
    pub(crate) fn with_secrets(&self) -> impl Iterator<Item = &Account> {
        std::iter::once(&self.own).chain(&self.others).filter(|account| !account.secrets.is_empty())
    }

    /// The same, but for the credentials of its own account.
    pub(crate) fn with_credentials(&self, client_id: &str, secrets: &[SecretString]) -> Accounts {
        let client_id = Some(client_id.to_owned());
        let own = Account { id: self.own.id.clone(), client_id, secrets: secrets.to_vec() };
        Accounts { own, others: self.others.clone() }
    }

    /// The secrets that a caller gives later, checked as the options are.
    pub(crate) fn check_credentials(
        client_id: &str,
        client_secrets: &[&str],
    ) -> Result<Vec<SecretString>, Error> {
        if client_secrets.is_empty() {
            return Err(Error::invalid("client_secret holds no secret"));
        }
        let each = client_secrets.iter().map(|secret| Credentials::new(client_id, secret));
        each.map(|one| Ok(one?.client_secret)).collect()
    }
}
