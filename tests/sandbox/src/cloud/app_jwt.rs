//! The AppJWT: issued to an account's connector, and asked for with every request.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::base::forged::Forged;
use crate::base::key::Key;
use crate::base::token;
use crate::cloud::accounts::Accounts;
use crate::protocol::refusal::Refusal;

/// How long a forged one says that it is valid.
const FORGED_LIFETIME_SECONDS: i64 = 3600;

/// Issues one. `changed` replaces claims, or leaves them out where the value is null. None: there
/// is no such account.
pub(crate) fn issue(
    accounts: &Accounts,
    account_id: &str,
    lifetime_seconds: i64,
    changed: Map<String, Value>,
) -> Option<String> {
    let (mut all, key) = claims(accounts, account_id, lifetime_seconds)?;
    for (claim, value) in changed {
        all[claim] = value;
    }
    if let Value::Object(all) = &mut all {
        all.retain(|_, value| !value.is_null());
    }
    // Signing takes milliseconds: it happens outside the lock.
    let token = token::sign(&all, key);
    accounts.with_site(account_id, |site| site.app_tokens.insert(token.clone(), ()))?;
    Some(token)
}

/// A token like an AppJWT, which was never issued. None: there is no such account.
pub(crate) fn forge(accounts: &Accounts, account_id: &str, forged: Forged) -> Option<String> {
    let (claims, key) = claims(accounts, account_id, FORGED_LIFETIME_SECONDS)?;
    Some(token::forge(&claims, key, forged))
}

/// The claims of an account's AppJWT, and the key to sign them with.
fn claims(
    accounts: &Accounts,
    account_id: &str,
    lifetime_seconds: i64,
) -> Option<(Value, &'static Key)> {
    accounts.with_site(account_id, |site| {
        let now = site.clock.now();
        let claims = json!({
            "aud": account_id,
            "azp": site.account.client_id,
            "scope": "msg.consumer",
            "iss": "Sentinel",
            "iat": now,
            "exp": now.saturating_add(lifetime_seconds),
            // Two tokens of the same second differ, so that one of them can be revoked.
            "jti": Uuid::new_v4().to_string(),
        });
        (claims, site.key)
    })
}

/// Refuses a token that is missing, or no valid AppJWT of the account.
pub(crate) fn check(
    accounts: &Accounts,
    account_id: &str,
    token: Option<&str>,
) -> Result<(), Refusal> {
    let token = token.ok_or_else(Refusal::missing_app_jwt)?;
    let claims = token::verify(token)
        .ok_or_else(|| Refusal::invalid_app_jwt("The signature is not valid"))?;
    let (client_id, known, now) = accounts
        .with_site(account_id, |site| {
            let known = site.app_tokens.contains(token);
            (site.account.client_id.clone(), known, site.clock.now())
        })
        .ok_or_else(|| Refusal::invalid_app_jwt("The account is unknown"))?;
    let expected = [
        // The sources disagree.
        ("iss", ["Sentinel", "sentinel"]),
        ("aud", [account_id; 2]),
        ("azp", [&client_id; 2]),
        ("scope", ["msg.consumer"; 2]),
    ];
    for (claim, values) in expected {
        let is_wrong = |actual: &Value| values.iter().all(|value| actual != value);
        if claims.get(claim).is_some_and(is_wrong) {
            return Err(Refusal::invalid_app_jwt(format!("The claim {claim} has the wrong value")));
        }
    }
    if claims.get("exp").is_some_and(|exp| exp.as_i64().is_none_or(|exp| exp <= now)) {
        return Err(Refusal::invalid_app_jwt("The token has expired"));
    }
    if !known {
        return Err(Refusal::invalid_app_jwt("The token was revoked, or is no AppJWT"));
    }
    for claim in ["iss", "aud", "azp", "scope", "iat", "exp"] {
        if !claims.contains_key(claim) {
            return Err(Refusal::missing_claim(claim));
        }
    }
    Ok(())
}
