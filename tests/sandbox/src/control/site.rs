//! The account that a request of the control API is about.

use axum::Json;
use serde_json::{Map, Value, json};

use crate::cloud::shared::Shared;
use crate::cloud::site::Site;
use crate::control::misuse::Misuse;

/// Runs `act` on the account; says no if there is none.
pub(crate) fn site<T>(
    shared: &Shared,
    account_id: &str,
    act: impl FnOnce(&mut Site) -> T,
) -> Result<T, Misuse> {
    shared.accounts.with_site(account_id, act).ok_or_else(|| Misuse::no_account(account_id))
}

/// Gives the account what a body says. Whether there is such an account is the first question.
pub(crate) fn set<T>(
    shared: &Shared,
    account_id: &str,
    body: &Map<String, Value>,
    read: impl FnOnce(&Map<String, Value>) -> Result<T, Misuse>,
    take: impl FnOnce(&mut Site, T),
) -> Result<Json<Value>, Misuse> {
    site(shared, account_id, |_| ())?;
    let value = read(body)?;
    site(shared, account_id, |site| take(site, value))?;
    Ok(Json(json!({})))
}
