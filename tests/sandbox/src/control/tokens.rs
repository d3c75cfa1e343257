//! The part of the control API that is about tokens, and the keys and the secret behind them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::base::forged::Forged;
use crate::cloud::app_jwt;
use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object};
use crate::control::members::{only_members, seconds, text};
use crate::control::misuse::Misuse;
use crate::control::site::site;

pub(crate) async fn issue_token(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    if body.contains_key("forged") {
        return forge_token(&shared, &id, &body);
    }
    only_members(&body, &["lifetime", "omit", "claims"])?;
    let lifetime = match body.get("lifetime") {
        None => 3600,
        Some(lifetime) => {
            lifetime.as_i64().ok_or_else(|| Misuse::bad("lifetime must be a number of seconds"))?
        }
    };
    let mut claims = match body.get("claims") {
        None => Map::new(),
        Some(claims) => {
            claims.as_object().ok_or_else(|| Misuse::bad("claims must be an object"))?.clone()
        }
    };
    if let Some(omitted) = body.get("omit") {
        let wrong = || Misuse::bad("omit must be an array of claim names");
        for claim in omitted.as_array().ok_or_else(wrong)? {
            claims.insert(claim.as_str().ok_or_else(wrong)?.to_owned(), Value::Null);
        }
    }
    let token = app_jwt::issue(&shared.accounts, &id, lifetime, claims)
        .ok_or_else(|| Misuse::no_account(&id))?;
    Ok(Json(json!({"token": token})))
}

fn forge_token(
    shared: &Shared,
    id: &str,
    body: &Map<String, Value>,
) -> Result<Json<Value>, Misuse> {
    only_members(body, &["forged"])?;
    let forged = Forged::from_name(text(body, "forged")?)
        .ok_or_else(|| Misuse::bad(format!("forged must be one of {}", Forged::names())))?;
    let token =
        app_jwt::forge(&shared.accounts, id, forged).ok_or_else(|| Misuse::no_account(id))?;
    Ok(Json(json!({"token": token})))
}

pub(crate) async fn revoke_tokens(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    site(&shared, &id, |site| site.app_tokens.retain(|()| false))?;
    Ok(Json(json!({})))
}

pub(crate) async fn token_lifetime(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    only_members(&body, &["seconds"])?;
    let lifetime = seconds(&body, "seconds")?.ok_or_else(|| Misuse::bad("seconds is missing"))?;
    site(&shared, &id, |site| site.token_lifetime = lifetime)?;
    Ok(Json(json!({})))
}

pub(crate) async fn rotate_key(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    shared.accounts.rotate_key(&id).ok_or_else(|| Misuse::no_account(&id))?;
    Ok(Json(json!({})))
}

pub(crate) async fn public_key(State(shared): State<Arc<Shared>>, _: Object) -> Json<Value> {
    let key = shared.accounts.first_key;
    Json(json!({"public_key": key.subject_public_key_info()}))
}

pub(crate) async fn client_secret(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    only_members(&body, &["client_secret"])?;
    let secret = text(&body, "client_secret")?;
    if secret.is_empty() {
        return Err(Misuse::bad("client_secret must not be empty"));
    }
    site(&shared, &id, |site| site.account.client_secret = secret.to_owned())?;
    Ok(Json(json!({})))
}
