//! The part of the control API that makes accounts and sets their clocks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object};
use crate::control::members::{only_members, seconds, text};
use crate::control::misuse::Misuse;
use crate::control::site::site;
use crate::model::new_account::{NewAccount, NoAccount};

/// Their ids alone: secrets are told once, to who makes an account.
pub(crate) async fn all(State(shared): State<Arc<Shared>>, _: Object) -> Json<Value> {
    Json(shared.accounts.ids().into_iter().map(|id| json!({"id": id})).collect())
}

pub(crate) async fn add(
    State(shared): State<Arc<Shared>>,
    Object(body): Object,
) -> Result<(StatusCode, Json<Value>), Misuse> {
    only_members(&body, &["id", "client_id", "client_secret", "token_lifetime", "receiver"])?;
    let chosen = |name: &str| {
        body.contains_key(name).then(|| text(&body, name).map(str::to_owned)).transpose()
    };
    let chosen = NewAccount {
        id: chosen("id")?,
        client_id: chosen("client_id")?,
        client_secret: chosen("client_secret")?,
        token_lifetime: seconds(&body, "token_lifetime")?,
    };
    let receiver = match body.get("receiver") {
        None => false,
        Some(receiver) => {
            receiver.as_bool().ok_or_else(|| Misuse::bad("receiver must be true or false"))?
        }
    };
    let account = shared.accounts.add(chosen).map_err(|refused| match refused {
        NoAccount::Wrong(reason) => Misuse::bad(reason),
        NoAccount::InUse => Misuse::new(StatusCode::CONFLICT, "there is an account with this id"),
    })?;
    if receiver {
        shared
            .reserve_receiver(&account.id)
            .ok_or_else(|| Misuse::no_account(&account.id))?
            .map_err(Misuse::failed)?;
    }
    let variables: Map<String, Value> = shared
        .variables_of(&account)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let view = json!({
        "id": account.id,
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "variables": variables,
    });
    Ok((StatusCode::CREATED, Json(view)))
}

pub(crate) async fn clock(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    only_members(&body, &["offset"])?;
    let offset = body
        .get("offset")
        .and_then(Value::as_i64)
        .ok_or_else(|| Misuse::bad("offset must be a whole number of seconds"))?;
    site(&shared, &id, |site| site.clock.offset = offset)?;
    Ok(Json(json!({})))
}
