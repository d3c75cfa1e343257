//! The part of the control API that lets the service be slow, away, or tired of an account.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::cloud::rate_limits::RateLimits;
use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object};
use crate::control::members::{only_members, seconds, text};
use crate::control::misuse::Misuse;
use crate::control::site;
use crate::http::conditions::{LONGEST, Latency, Outage};

pub(crate) async fn begin_outage(
    State(shared): State<Arc<Shared>>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    only_members(&body, &["seconds", "how"])?;
    let length = seconds(&body, "seconds")?.ok_or_else(|| Misuse::bad("seconds is missing"))?;
    if length > LONGEST {
        return Err(Misuse::bad(format!("seconds must be 0 to {}", LONGEST.as_secs())));
    }
    let how = if body.contains_key("how") { text(&body, "how")? } else { "refused" };
    let outage = Outage::from_name(how)
        .ok_or_else(|| Misuse::bad(format!("how must be one of {}", Outage::names())))?;
    if length.is_zero() {
        shared.conditions.end();
    } else {
        shared.conditions.begin(outage, length);
    }
    Ok(Json(json!({})))
}

pub(crate) async fn view_outage(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "left_ms": shared.conditions.outage_left().as_millis() as u64 }))
}

pub(crate) async fn end_outage(
    State(shared): State<Arc<Shared>>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    only_members(&body, &[])?;
    shared.conditions.end();
    Ok(Json(json!({})))
}

pub(crate) async fn latency(
    State(shared): State<Arc<Shared>>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    only_members(&body, &["ms", "jitter_ms"])?;
    let millis = |name| Ok(Duration::from_millis(number(&body, name)?.unwrap_or(0)));
    shared.conditions.set_latency(Latency { least: millis("ms")?, jitter: millis("jitter_ms")? });
    Ok(Json(json!({})))
}

pub(crate) async fn rate_limits(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    site::set(&shared, &id, &body, limits, |site, limits| site.meter.set(limits))
}

fn limits(body: &Map<String, Value>) -> Result<RateLimits, Misuse> {
    only_members(body, &["app", "consumer", "seconds"])?;
    let most = |name| match number(body, name)?.map(u32::try_from) {
        None => Ok(None),
        Some(Ok(most)) => Ok(Some(most)),
        Some(Err(_)) => Err(Misuse::bad(format!("{name} must be 0 to {}", u32::MAX))),
    };
    let period = seconds(body, "seconds")?.unwrap_or(RateLimits::default().period);
    Ok(RateLimits { app: most("app")?, consumer: most("consumer")?, period })
}

fn number(body: &Map<String, Value>, name: &str) -> Result<Option<u64>, Misuse> {
    let wrong = || Misuse::bad(format!("{name} must be a whole number from 0 on"));
    body.get(name).map(|value| value.as_u64().ok_or_else(wrong)).transpose()
}
