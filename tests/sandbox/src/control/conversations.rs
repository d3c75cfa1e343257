//! The part of the control API that shows conversations and closes them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object};
use crate::control::misuse::Misuse;
use crate::control::site::site;

pub(crate) async fn all(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    Ok(Json(Value::Array(site(&shared, &id, |site| site.view())?)))
}

pub(crate) async fn close(
    State(shared): State<Arc<Shared>>,
    Named((id, conversation)): Named<(String, String)>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    site(&shared, &id, |site| site.close_as_agent(&conversation))?.map_err(Misuse::conflict)?;
    Ok(Json(json!({})))
}

pub(crate) async fn open_survey(
    State(shared): State<Arc<Shared>>,
    Named((id, conversation)): Named<(String, String)>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    let dialog =
        site(&shared, &id, |site| site.open_survey(&conversation))?.map_err(Misuse::conflict)?;
    Ok(Json(json!({"dialogId": dialog})))
}
