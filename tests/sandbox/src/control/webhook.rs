//! The part of the control API that is about notifications.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object, check_length};
use crate::control::members::{only_members, seconds, text};
use crate::control::misuse::Misuse;
use crate::control::site::site;
use crate::http::request::Received;
use crate::webhooks::delivery::Delivery;
use crate::webhooks::event_type::EventType;
use crate::webhooks::signature::Signature;
use crate::webhooks::webhook::{Retry, Webhook};

pub(crate) async fn set(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    put(&shared, &id, None, &body)
}

/// For one type of notification alone.
pub(crate) async fn set_for(
    State(shared): State<Arc<Shared>>,
    Named((id, name)): Named<(String, String)>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    put(&shared, &id, Some(event_type(&name)?), &body)
}

fn put(
    shared: &Shared,
    id: &str,
    kind: Option<EventType>,
    body: &Map<String, Value>,
) -> Result<Json<Value>, Misuse> {
    let tls = shared.connector.is_some();
    let receiver = site(shared, id, |site| site.outbox.receiver_url(tls))?;
    let webhook = webhook(body, receiver)?;
    shared.set_webhook(id, kind, webhook).map_err(Misuse::bad)?;
    Ok(Json(json!({})))
}

fn event_type(name: &str) -> Result<EventType, Misuse> {
    EventType::from_name(name).ok_or_else(|| {
        let reason = format!("{name:?} is no type; known are {}", EventType::names());
        Misuse::new(StatusCode::NOT_FOUND, reason)
    })
}

/// Reads a webhook. Without `url` it is that of the account's receiver.
fn webhook(body: &Map<String, Value>, receiver: Option<String>) -> Result<Webhook, Misuse> {
    let known = [
        "url",
        "max_retries",
        "retention_time",
        "time_scale",
        "signature",
        "connect_timeout_ms",
        "read_timeout_ms",
        "bare_dialogs",
    ];
    only_members(body, &known)?;
    let mut webhook = Webhook::to(match (body.get("url"), receiver) {
        (None, Some(receiver)) => receiver,
        _ => text(body, "url")?.to_owned(),
    });
    let retention = seconds(body, "retention_time")?;
    match (body.get("max_retries"), retention) {
        (None, None) => {}
        (Some(max), None) => {
            let max = max.as_u64().and_then(|max| u32::try_from(max).ok());
            let max = max.ok_or_else(|| Misuse::bad("max_retries must be a whole number"))?;
            webhook.retry = Retry::Times { max };
        }
        (None, Some(time)) => webhook.retry = Retry::Retention { time },
        (Some(_), Some(_)) => {
            return Err(Misuse::bad("give one of max_retries, retention_time"));
        }
    }
    if let Some(scale) = body.get("time_scale") {
        webhook.time_scale =
            scale.as_f64().ok_or_else(|| Misuse::bad("time_scale must be a number"))?;
    }
    if body.contains_key("signature") {
        webhook.signature = signature(body)?;
    }
    if let Some(bare) = body.get("bare_dialogs") {
        webhook.bare_dialogs =
            bare.as_bool().ok_or_else(|| Misuse::bad("bare_dialogs must be true or false"))?;
    }
    for (name, timeout) in [
        ("connect_timeout_ms", &mut webhook.connect_timeout),
        ("read_timeout_ms", &mut webhook.read_timeout),
    ] {
        if let Some(millis) = body.get(name) {
            let wrong = || Misuse::bad(format!("{name} must be a whole number from 0 on"));
            *timeout = Duration::from_millis(millis.as_u64().ok_or_else(wrong)?);
        }
    }
    Ok(webhook)
}

fn signature(body: &Map<String, Value>) -> Result<Signature, Misuse> {
    Signature::from_name(text(body, "signature")?)
        .ok_or_else(|| Misuse::bad(format!("signature must be one of {}", Signature::names())))
}

pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    site(&shared, &id, |site| site.outbox.remove_webhook(None))?;
    Ok(Json(json!({})))
}

pub(crate) async fn remove_for(
    State(shared): State<Arc<Shared>>,
    Named((id, name)): Named<(String, String)>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    let kind = event_type(&name)?;
    site(&shared, &id, |site| site.outbox.remove_webhook(Some(kind)))?;
    Ok(Json(json!({})))
}

pub(crate) async fn deliveries(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    let deliveries = site(&shared, &id, |site| site.outbox.deliveries().to_vec())?;
    Ok(Json(deliveries.iter().map(view).collect()))
}

pub(crate) async fn pending(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    let pending = site(&shared, &id, |site| site.outbox.pending())?;
    Ok(Json(json!({"pending": pending})))
}

/// The body is that of the notification, byte by byte: so it is signed.
pub(crate) async fn notify(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    received: Received,
) -> Result<Json<Value>, Misuse> {
    check_length(&received)?;
    let posted = site(&shared, &id, |site| site.notify(received.body))?;
    if posted { Ok(Json(json!({}))) } else { Err(no_webhook(&id)) }
}

pub(crate) async fn sign(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    only_members(&body, &["body", "signature"])?;
    let signature =
        if body.contains_key("signature") { signature(&body)? } else { Signature::default() };
    let signed = text(&body, "body")?;
    let signature =
        site(&shared, &id, |site| signature.of(&site.account.client_secret, signed.as_bytes()))?;
    Ok(Json(json!({"signature": signature})))
}

pub(crate) async fn duplicate_next(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    only_members(&body, &[])?;
    site(&shared, &id, |site| site.outbox.duplicate_next())?;
    Ok(Json(json!({})))
}

pub(crate) async fn reorder_next(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    only_members(&body, &[])?;
    site(&shared, &id, |site| site.outbox.hold_next())?;
    Ok(Json(json!({})))
}

fn no_webhook(id: &str) -> Misuse {
    Misuse::new(StatusCode::CONFLICT, format!("account {id:?} has no webhook"))
}

fn view(delivery: &Delivery) -> Value {
    let mut view = json!({
        "notification": delivery.notification,
        "attempt": delivery.attempt,
        "at": delivery.at,
        "millis": delivery.millis,
        "body": String::from_utf8_lossy(&delivery.body),
        "signature": delivery.signature,
        "status": delivery.status,
        "failure": delivery.failure,
        "delivered": delivery.delivered(),
    });
    if str::from_utf8(&delivery.body).is_err() {
        view["body_base64"] = STANDARD.encode(&delivery.body).into();
    }
    view
}
