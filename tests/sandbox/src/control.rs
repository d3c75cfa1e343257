//! The control API: what a Rust test does through [`crate::Sandbox`], any other program does over HTTP.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Response;
use hyper::body::Incoming;
use serde_json::{Map, Value, json};

use crate::account::Site;
use crate::answer::{Answer, Payload, Reply};
use crate::refusal::Refusal;
use crate::request::{Received, Request};
use crate::route::Route;
use crate::state::State;

/// The longest body that is taken: room enough for any canned answer.
const MAX_BODY: usize = 64 * 1024 * 1024;

pub(crate) async fn answer(
    state: Arc<State>,
    request: hyper::Request<Incoming>,
) -> io::Result<Response<Payload>> {
    let received = Received::read(request, MAX_BODY, 0).await.map_err(io::Error::other)?;
    Ok(run(&state, &received).unwrap_or_else(Misuse::into_reply).into_response())
}

/// A request that makes no sense, and why.
struct Misuse {
    status: u16,
    reason: String,
}

impl Misuse {
    fn new(status: u16, reason: impl Into<String>) -> Misuse {
        Misuse { status, reason: reason.into() }
    }

    fn bad(reason: impl Into<String>) -> Misuse {
        Misuse::new(400, reason)
    }

    fn no_account(id: &str) -> Misuse {
        Misuse::new(404, format!("there is no account {id:?}"))
    }

    /// What an agent cannot do with a conversation.
    fn conflict(refusal: &Refusal) -> Misuse {
        Misuse::new(409, refusal.body()["details"].as_str().unwrap_or_default())
    }

    fn into_reply(self) -> Reply {
        Reply::json(self.status, &json!({"error": self.reason}))
    }
}

fn run(state: &State, received: &Received) -> Result<Reply, Misuse> {
    let segments: Vec<&str> = received.path.split('/').skip(1).collect();
    let (method, act): (&str, Action<'_>) = match segments.as_slice() {
        ["accounts"] => ("POST", Action::NewAccount),
        ["accounts", id, "answers"] => ("POST", Action::Queue(id)),
        ["accounts", id, "conversations"] => ("GET", Action::Conversations(id)),
        ["accounts", id, "conversations", conversation, "close"] => {
            ("POST", Action::Close(id, conversation))
        }
        ["accounts", id, "conversations", conversation, "survey"] => {
            ("POST", Action::Survey(id, conversation))
        }
        ["accounts", id, "requests"] => ("GET", Action::Requests(id)),
        ["accounts", id, "revoke-tokens"] => ("POST", Action::RevokeTokens(id)),
        ["accounts", id, "token-lifetime"] => ("POST", Action::TokenLifetime(id)),
        ["accounts", id, "tokens"] => ("POST", Action::IssueToken(id)),
        _ => return Err(Misuse::new(404, format!("there is nothing at {}", received.path))),
    };
    if received.method != method {
        return Err(Misuse::new(405, format!("{} takes {method}", received.path)));
    }
    let body = object(received)?;
    match act {
        Action::NewAccount => new_account(state, &body),
        Action::Queue(id) => {
            site(state, id, |_| ())?;
            let (route, answer) = canned(&body)?;
            state.queue(id, route, answer).map_err(Misuse::bad)?;
            Ok(Reply::json(200, &json!({})))
        }
        Action::Conversations(id) => {
            Ok(Reply::json(200, &Value::Array(site(state, id, |site| site.view())?)))
        }
        Action::Close(id, conversation) => {
            site(state, id, |site| site.close_as_agent(conversation))?
                .map_err(|refusal| Misuse::conflict(&refusal))?;
            Ok(Reply::json(200, &json!({})))
        }
        Action::Survey(id, conversation) => {
            let dialog = site(state, id, |site| site.open_survey(conversation))?
                .map_err(|refusal| Misuse::conflict(&refusal))?;
            Ok(Reply::json(200, &json!({"dialogId": dialog})))
        }
        Action::Requests(id) => {
            let requests = site(state, id, |site| site.traffic.requests.clone())?;
            Ok(Reply::json(200, &requests.iter().map(request_view).collect()))
        }
        Action::RevokeTokens(id) => {
            site(state, id, |site| site.app_tokens.clear())?;
            Ok(Reply::json(200, &json!({})))
        }
        Action::TokenLifetime(id) => {
            only(&body, &["seconds"])?;
            let lifetime =
                seconds(&body, "seconds")?.ok_or_else(|| Misuse::bad("seconds is missing"))?;
            site(state, id, |site| site.token_lifetime = lifetime)?;
            Ok(Reply::json(200, &json!({})))
        }
        Action::IssueToken(id) => issue_token(state, id, &body),
    }
}

enum Action<'a> {
    NewAccount,
    Queue(&'a str),
    Conversations(&'a str),
    Close(&'a str, &'a str),
    Survey(&'a str, &'a str),
    Requests(&'a str),
    RevokeTokens(&'a str),
    TokenLifetime(&'a str),
    IssueToken(&'a str),
}

fn new_account(state: &State, body: &Map<String, Value>) -> Result<Reply, Misuse> {
    only(body, &["token_lifetime"])?;
    let account = state.new_account(seconds(body, "token_lifetime")?);
    let variables: Map<String, Value> = state
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
    Ok(Reply::json(201, &view))
}

/// Reads a canned answer: `status` with headers and body, or one of the ways to break off.
fn canned(body: &Map<String, Value>) -> Result<(Route, Answer), Misuse> {
    only(body, &["route", "status", "headers", "body", "stall", "reset", "lose", "cut"])?;
    let route =
        body.get("route").and_then(Value::as_str).and_then(Route::from_name).ok_or_else(|| {
            Misuse::bad("route must be one of domain, token, consumer, conversation, send, keys")
        })?;
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

fn issue_token(
    state: &State,
    account_id: &str,
    body: &Map<String, Value>,
) -> Result<Reply, Misuse> {
    only(body, &["lifetime", "omit", "claims"])?;
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
    let token = state
        .issue_app_jwt(account_id, lifetime, claims)
        .ok_or_else(|| Misuse::no_account(account_id))?;
    Ok(Reply::json(200, &json!({"token": token})))
}

fn request_view(request: &Request) -> Value {
    let mut headers = Map::new();
    for (name, value) in &request.headers {
        match headers.get_mut(name) {
            Some(Value::String(values)) => {
                values.push_str(", ");
                values.push_str(value);
            }
            _ => {
                headers.insert(name.clone(), value.clone().into());
            }
        }
    }
    let mut view = json!({
        "route": request.route.name(),
        "method": request.method,
        "path": request.path,
        "headers": headers,
        "body": String::from_utf8_lossy(&request.body),
        "status": request.status,
        "connection": request.connection,
    });
    if str::from_utf8(&request.body).is_err() {
        view["body_base64"] = STANDARD.encode(&request.body).into();
    }
    view
}

/// The body as an object; none at all counts as an empty one.
fn object(received: &Received) -> Result<Map<String, Value>, Misuse> {
    if received.too_large {
        return Err(Misuse::new(413, format!("the body is longer than {MAX_BODY} bytes")));
    }
    if received.body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(&received.body)
        .map_err(|error| Misuse::bad(format!("the body is no JSON object: {error}")))
}

/// Refuses members that mean nothing: a misspelt one would otherwise be a test that tests nothing.
fn only(body: &Map<String, Value>, known: &[&str]) -> Result<(), Misuse> {
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            Err(Misuse::bad(format!("{name:?} is unknown; known are {}", known.join(", "))))
        }
        None => Ok(()),
    }
}

fn seconds(body: &Map<String, Value>, name: &str) -> Result<Option<Duration>, Misuse> {
    body.get(name)
        .map(|value| {
            let seconds = value
                .as_u64()
                .ok_or_else(|| Misuse::bad(format!("{name} must be a number of seconds")))?;
            Ok(Duration::from_secs(seconds))
        })
        .transpose()
}

fn site<T>(state: &State, account_id: &str, act: impl FnOnce(&mut Site) -> T) -> Result<T, Misuse> {
    state.with_site(account_id, act).ok_or_else(|| Misuse::no_account(account_id))
}
