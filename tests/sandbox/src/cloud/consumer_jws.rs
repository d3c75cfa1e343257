//! The ConsumerJWS: by it the service knows a consumer.

use rsa::sha2::{Digest, Sha256};
use serde_json::{Value, json};

use crate::base::hex::hex;
use crate::base::token;
use crate::cloud::accounts::Accounts;
use crate::model::consumer::Consumer;
use crate::protocol::refusal::Refusal;

/// Issues one, and knows the consumer from then on. None: there is no such account.
pub(crate) fn issue(
    accounts: &Accounts,
    account_id: &str,
    ext_consumer_id: &str,
) -> Option<String> {
    let lp_consumer_id = lp_consumer_id(account_id, ext_consumer_id);
    let key = accounts.with_site(account_id, |site| {
        if !site.consumers.contains(&lp_consumer_id) {
            let ext_consumer_id = ext_consumer_id.to_owned();
            let consumer = Consumer { ext_consumer_id, profile: Value::Null };
            site.consumers.insert(lp_consumer_id.clone(), consumer);
        }
        site.key
    })?;
    let claims = json!({
        "account_id": account_id,
        "ext_consumer_id": ext_consumer_id,
        "lp_consumer_id": lp_consumer_id,
    });
    Some(token::sign(&claims, key))
}

/// The lp_consumer_id of a token, if that is valid for the account.
pub(crate) fn check(
    accounts: &Accounts,
    account_id: &str,
    token: Option<&str>,
) -> Result<String, Refusal> {
    let token = token.ok_or_else(Refusal::missing_consumer_jws)?;
    let claims = token::verify(token)
        .ok_or_else(|| Refusal::invalid_consumer_jws("The signature is not valid"))?;
    let consumer_id = claims.get("lp_consumer_id").and_then(Value::as_str).unwrap_or_default();
    // A consumer is known only to the account whose token it got.
    let known = accounts.with_site(account_id, |site| site.consumers.contains(consumer_id));
    if known == Some(true) {
        Ok(consumer_id.to_owned())
    } else {
        Err(Refusal::invalid_consumer_jws("The token is no ConsumerJWS of this account"))
    }
}

/// The id by which the service knows a consumer: 64 hex digits, always the same ones for the same
/// consumer.
fn lp_consumer_id(account_id: &str, ext_consumer_id: &str) -> String {
    hex(&Sha256::digest(format!("{account_id}/{ext_consumer_id}")))
}
