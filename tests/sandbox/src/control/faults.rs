//! The part of the control API that is about fault proxies.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::task;

use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object};
use crate::control::members::{only_members, text};
use crate::control::misuse::Misuse;
use crate::faults::fault::{Fault, Then};
use crate::faults::fault_proxy::FaultProxy;

const FAULTS: &str = "reset, silent, garbage, reset_unread, reset_read, stall, drip, cut_head, \
                      cut_body, cut, half_close, surplus, instead";

pub(crate) async fn new_proxy(
    State(shared): State<Arc<Shared>>,
    Object(body): Object,
) -> Result<(StatusCode, Json<Value>), Misuse> {
    only_members(&body, &[])?;
    let (id, proxy) = shared.fault_proxies.start(&shared.authority).map_err(Misuse::failed)?;
    Ok((StatusCode::CREATED, Json(json!({"id": id, "address": proxy.address()}))))
}

pub(crate) async fn view(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    let proxy = proxy(&shared, &id)?;
    Ok(Json(json!({
        "address": proxy.address(),
        "accepted": proxy.accepted(),
        "open": proxy.open(),
    })))
}

pub(crate) async fn queue(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    let proxy = proxy(&shared, &id)?;
    proxy.next(fault(&body)?);
    Ok(Json(json!({})))
}

pub(crate) async fn refuse(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    let proxy = proxy(&shared, &id)?;
    task::spawn_blocking(move || proxy.leave())
        .await
        .map_err(|error| Misuse::failed(error.into()))?;
    Ok(Json(json!({})))
}

pub(crate) async fn accept(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    proxy(&shared, &id)?.accept().map_err(Misuse::failed)?;
    Ok(Json(json!({})))
}

pub(crate) async fn close_idle(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    let proxy = proxy(&shared, &id)?;
    task::spawn_blocking(move || proxy.close_idle())
        .await
        .map_err(|error| Misuse::failed(error.into()))?;
    Ok(Json(json!({})))
}

fn proxy(shared: &Shared, id: &str) -> Result<Arc<FaultProxy>, Misuse> {
    shared.fault_proxies.get(id).ok_or_else(|| {
        Misuse::new(StatusCode::NOT_FOUND, format!("there is no fault proxy {id:?}"))
    })
}

/// Reads a fault: its name, and the members that belong to it and to no other.
fn fault(body: &Map<String, Value>) -> Result<Fault, Misuse> {
    let name = body.get("fault").and_then(Value::as_str).unwrap_or_default();
    let (fault, members): (Fault, &[&str]) = match name {
        "reset" => (Fault::Reset, &[]),
        "silent" => (Fault::Silent, &[]),
        "garbage" => (Fault::Garbage(bytes(body, "body")?), &["body"]),
        "reset_unread" => (Fault::ResetUnread, &[]),
        "reset_read" => (Fault::ResetRead, &[]),
        "stall" => (Fault::Stall, &[]),
        "drip" => {
            let pause = Duration::from_millis(number(body, "pause_ms")?);
            (Fault::Drip { pause }, &["pause_ms"])
        }
        "cut_head" => (Fault::CutHead, &[]),
        "cut_body" => (Fault::CutBody, &[]),
        "cut" => {
            let bytes = usize::try_from(number(body, "bytes")?).unwrap_or(usize::MAX);
            (Fault::Cut(bytes), &["bytes"])
        }
        "half_close" => (Fault::HalfClose, &[]),
        "surplus" => (Fault::Surplus(bytes(body, "body")?), &["body"]),
        "instead" => {
            let (then, members): (Then, &[&str]) = match text(body, "then")? {
                "close" => (Then::Close, &["body", "then"]),
                "stall" => (Then::Stall, &["body", "then"]),
                "repeat" => (Then::Repeat(bytes(body, "piece")?), &["body", "then", "piece"]),
                _ => return Err(Misuse::bad("then must be one of close, stall, repeat")),
            };
            (Fault::Instead { bytes: bytes(body, "body")?, then }, members)
        }
        _ => return Err(Misuse::bad(format!("fault must be one of {FAULTS}"))),
    };
    only_members(body, &[&["fault"], members].concat())?;
    Ok(fault)
}

fn bytes(body: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Misuse> {
    Ok(text(body, name)?.as_bytes().to_vec())
}

fn number(body: &Map<String, Value>, name: &str) -> Result<u64, Misuse> {
    body.get(name)
        .and_then(Value::as_u64)
        .ok_or_else(|| Misuse::bad(format!("{name} must be a whole number from 0 on")))
}
