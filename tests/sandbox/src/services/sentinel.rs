//! Sentinel: the AppJWT and the keys it is checked with.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::cloud::app_jwt;
use crate::cloud::shared::Shared;
use crate::http::request::Received;

pub(crate) async fn token_v1(
    State(shared): State<Arc<Shared>>,
    Path(account_id): Path<String>,
    received: Received,
) -> Result<Json<Value>, OAuthError> {
    let versions = ["1", "1.0", "2", "2.0"];
    if received.parameter("v").is_some_and(|version| !versions.contains(&version.as_str())) {
        return Err(OAuthError::invalid_request("v must be 1.0 or 2.0"));
    }
    token(&shared, &account_id, &received)
}

/// Version 2 has its version in the path.
pub(crate) async fn token_v2(
    State(shared): State<Arc<Shared>>,
    Path(account_id): Path<String>,
    received: Received,
) -> Result<Json<Value>, OAuthError> {
    token(&shared, &account_id, &received)
}

fn token(
    shared: &Shared,
    account_id: &str,
    received: &Received,
) -> Result<Json<Value>, OAuthError> {
    if received.too_large {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        return Err(OAuthError::new(status, "invalid_request", "The body is too long"));
    }
    let parameters = parameters(received)?;
    let required = |name: &str| {
        parameters
            .get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing")))
    };
    if required("grant_type")? != "client_credentials" {
        let description = "grant_type must be client_credentials";
        let status = StatusCode::BAD_REQUEST;
        return Err(OAuthError::new(status, "unsupported_grant_type", description));
    }
    let (client_id, client_secret) = (required("client_id")?, required("client_secret")?);
    let refused = || {
        let description = "Account, client_id and client_secret do not match";
        OAuthError::new(StatusCode::UNAUTHORIZED, "invalid_client", description)
    };
    let lifetime = shared
        .accounts
        .with_site(account_id, |site| {
            let known = site.account.client_id == *client_id
                && site.account.client_secret == *client_secret;
            known.then_some(site.token_lifetime)
        })
        .flatten()
        .ok_or_else(refused)?
        .as_secs();
    let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX);
    let token =
        app_jwt::issue(&shared.accounts, account_id, lifetime, Map::new()).ok_or_else(refused)?;
    Ok(Json(json!({"access_token": token, "token_type": "Bearer", "expires_in": lifetime})))
}

pub(crate) async fn keys(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.accounts.key_set())
}

/// The parameters of the form, of the query and of HTTP Basic. The same one may stand in two
/// places, but not with two values.
fn parameters(received: &Received) -> Result<HashMap<String, String>, OAuthError> {
    let mut pairs: Vec<(String, String)> =
        form_urlencoded::parse(&received.body).into_owned().collect();
    pairs.extend(form_urlencoded::parse(received.query.as_bytes()).into_owned());
    if let Some((client_id, client_secret)) = basic(received) {
        pairs.push(("client_id".to_owned(), client_id));
        pairs.push(("client_secret".to_owned(), client_secret));
    }
    let mut parameters = HashMap::new();
    for (name, value) in pairs {
        if let Some(other) = parameters.insert(name.clone(), value.clone())
            && other != value
        {
            return Err(OAuthError::invalid_request(format!("{name} has two values")));
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
pub(crate) struct OAuthError {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl OAuthError {
    fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> OAuthError {
        OAuthError { status, error, description: description.into() }
    }

    fn invalid_request(description: impl Into<String>) -> OAuthError {
        OAuthError::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error, "error_description": self.description});
        (self.status, Json(body)).into_response()
    }
}
