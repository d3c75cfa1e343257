//! The part of the control API that queues canned answers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object};
use crate::control::members::only_members;
use crate::control::misuse::Misuse;
use crate::control::site::site;
use crate::http::answer::Answer;
use crate::protocol::route::Route;

pub(crate) async fn queue(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    site(&shared, &id, |_| ())?;
    let (route, answer) = canned(&body)?;
    shared.accounts.queue(&id, route, answer).map_err(Misuse::bad)?;
    Ok(Json(json!({})))
}

/// Reads a canned answer: `status` with headers and body, or one of the ways to break off.
fn canned(body: &Map<String, Value>) -> Result<(Route, Answer), Misuse> {
    only_members(body, &["route", "status", "headers", "body", "stall", "reset", "lose", "cut"])?;
    let route = body
        .get("route")
        .and_then(Value::as_str)
        .and_then(Route::from_name)
        .ok_or_else(|| Misuse::bad(format!("route must be one of {}", Route::names())))?;
    let ways = [
        ("stall", Answer::Stall),
        ("reset", Answer::Reset),
        ("lose", Answer::Lose),
        ("cut", Answer::Cut),
    ];
    let mut answers = Vec::new();
    for (name, answer) in ways {
        match body.get(name) {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => answers.push(answer),
            Some(_) => return Err(Misuse::bad(format!("{name} must be true or false"))),
        }
    }
    if let Some(status) = body.get("status") {
        let status = status.as_u64().and_then(|status| u16::try_from(status).ok());
        let status = status.ok_or_else(|| Misuse::bad("status must be an HTTP status"))?;
        answers.push(Answer::Status { status, headers: headers(body)?, body: payload(body)? });
    } else if body.contains_key("headers") || body.contains_key("body") {
        return Err(Misuse::bad("headers and body need a status"));
    }
    match answers.len() {
        1 => Ok((route, answers.remove(0))),
        _ => Err(Misuse::bad("give one of status, stall, reset, lose, cut")),
    }
}

fn headers(body: &Map<String, Value>) -> Result<Vec<(String, String)>, Misuse> {
    let wrong = || Misuse::bad("headers must be an object of strings");
    let Some(headers) = body.get("headers") else { return Ok(Vec::new()) };
    headers
        .as_object()
        .ok_or_else(wrong)?
        .iter()
        .map(|(name, value)| Ok((name.clone(), value.as_str().ok_or_else(wrong)?.to_owned())))
        .collect()
}

fn payload(body: &Map<String, Value>) -> Result<Vec<u8>, Misuse> {
    match body.get("body") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text.clone().into_bytes()),
        Some(_) => Err(Misuse::bad("body must be a string")),
    }
}
