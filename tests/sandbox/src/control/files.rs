//! The part of the control API that is about files.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object, check_length};
use crate::control::misuse::Misuse;
use crate::control::site::site;
use crate::http::request::Received;
use crate::protocol::file;

pub(crate) async fn expire_urls(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    site(&shared, &id, |site| site.storage.expire_urls())?;
    Ok(Json(json!({})))
}

pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    received: Received,
) -> Result<Response, Misuse> {
    let path = received.parameter("path").ok_or_else(|| Misuse::bad("path is missing"))?;
    let missing = || Misuse::new(StatusCode::NOT_FOUND, format!("there is no file at {path:?}"));
    let bytes = site(&shared, &id, |site| site.storage.bytes(&path).cloned())?;
    let bytes = bytes.ok_or_else(missing)?;
    // Nobody's bytes become a page: what is no picture is for the disk.
    Ok(match file::picture(file::ending(&path)) {
        Some(picture) => ([(CONTENT_TYPE, picture)], bytes).into_response(),
        None => ([(CONTENT_DISPOSITION, "attachment")], bytes).into_response(),
    })
}

pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    received: Received,
) -> Result<(StatusCode, Json<Value>), Misuse> {
    check_length(&received)?;
    let name = format!("agent.{}", received.parameter("type").unwrap_or_default());
    let path = site(&shared, &id, |site| site.storage.put(&id, &name, received.body))?
        .map_err(|_| Misuse::bad("type must be a file type, for example ?type=PNG"))?;
    Ok((StatusCode::CREATED, Json(json!({"relativePath": path}))))
}
