//! Sentinel: the AppJWT and the keys it is checked with.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, json};

use crate::answer::Reply;
use crate::request::Received;
use crate::route::TokenVersion;
use crate::state::State;
use crate::token;

pub(crate) fn answer(
    state: &State,
    account_id: &str,
    version: TokenVersion,
    received: &Received,
) -> Reply {
    issue(state, account_id, version, received).unwrap_or_else(OAuthError::into_reply)
}

pub(crate) fn keys() -> Reply {
    Reply::json(200, &token::key_set())
}

fn issue(
    state: &State,
    account_id: &str,
    version: TokenVersion,
    received: &Received,
) -> Result<Reply, OAuthError> {
    if received.too_large {
        return Err(OAuthError::new(413, "invalid_request", "The body is too long"));
    }
    if version == TokenVersion::V1
        && received.parameter("v").is_some_and(|v| v != "1.0" && v != "1")
    {
        return Err(OAuthError::new(400, "invalid_request", "v must be 1.0"));
    }
    let parameters = parameters(version, received)?;
    let required = |name: &str| {
        parameters
            .get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| OAuthError::new(400, "invalid_request", format!("{name} is missing")))
    };
    if required("grant_type")? != "client_credentials" {
        return Err(OAuthError::new(
            400,
            "unsupported_grant_type",
            "grant_type must be client_credentials",
        ));
    }
    let (client_id, client_secret) = (required("client_id")?, required("client_secret")?);
    let refused = || {
        OAuthError::new(401, "invalid_client", "Account, client_id and client_secret do not match")
    };
    let lifetime = state
        .with_site(account_id, |site| {
            let known = site.account.client_id == *client_id
                && site.account.client_secret == *client_secret;
            known.then_some(site.token_lifetime)
        })
        .flatten()
        .ok_or_else(refused)?
        .as_secs();
    let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX);
    let token = state.issue_app_jwt(account_id, lifetime, Map::new()).ok_or_else(refused)?;
    Ok(Reply::json(
        200,
        &json!({"access_token": token, "token_type": "Bearer", "expires_in": lifetime}),
    ))
}

/// The parameters of the form, of HTTP Basic and, in version 1, of the query. The same one may stand in two places,
/// but not with two values.
fn parameters(
    version: TokenVersion,
    received: &Received,
) -> Result<HashMap<String, String>, OAuthError> {
    let mut pairs: Vec<(String, String)> =
        form_urlencoded::parse(&received.body).into_owned().collect();
    if version == TokenVersion::V1 {
        pairs.extend(form_urlencoded::parse(received.query.as_bytes()).into_owned());
    }
    if let Some((client_id, client_secret)) = basic(received) {
        pairs.push(("client_id".to_owned(), client_id));
        pairs.push(("client_secret".to_owned(), client_secret));
    }
    let mut parameters = HashMap::new();
    for (name, value) in pairs {
        if let Some(other) = parameters.insert(name.clone(), value.clone())
            && other != value
        {
            return Err(OAuthError::new(400, "invalid_request", format!("{name} has two values")));
        }
    }
    Ok(parameters)
}

fn basic(received: &Received) -> Option<(String, String)> {
    let credentials = received.header("authorization")?.strip_prefix("Basic ")?;
    let credentials = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (client_id, client_secret) = credentials.split_once(':')?;
    Some((client_id.to_owned(), client_secret.to_owned()))
}

/// An error as OAuth 2.0 words it.
struct OAuthError {
    status: u16,
    error: &'static str,
    description: String,
}

impl OAuthError {
    fn new(status: u16, error: &'static str, description: impl Into<String>) -> OAuthError {
        OAuthError { status, error, description: description.into() }
    }

    fn into_reply(self) -> Reply {
        Reply::json(
            self.status,
            &json!({"error": self.error, "error_description": self.description}),
        )
    }
}
