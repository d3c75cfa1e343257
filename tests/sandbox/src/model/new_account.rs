//! What a caller may choose of an account that is to be made.

use std::time::Duration;

/// None stands for what the sandbox makes up.
#[derive(Default)]
pub(crate) struct NewAccount {
    pub(crate) id: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<String>,
    pub(crate) token_lifetime: Option<Duration>,
}

/// Why an account is not made.
#[derive(Debug)]
pub(crate) enum NoAccount {
    /// What was chosen makes no sense.
    Wrong(&'static str),
    /// There is one with this id.
    InUse,
}

impl NewAccount {
    /// Says no to what no request could name.
    pub(crate) fn check(&self) -> Result<(), NoAccount> {
        let id = self.id.as_deref().unwrap_or("x");
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(NoAccount::Wrong("id must be letters and digits"));
        }
        let empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
        if empty(&self.client_id) || empty(&self.client_secret) {
            return Err(NoAccount::Wrong("client_id and client_secret must not be empty"));
        }
        Ok(())
    }
}
