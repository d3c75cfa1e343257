//! The control API: what a Rust test does through [`crate::Sandbox`], any other program does over
//! HTTP.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::account::Site;
use crate::answer::Answer;
use crate::new_account::{NewAccount, NoAccount};
use crate::refusal::Refusal;
use crate::request::{Received, Request};
use crate::route::Route;
use crate::routing::{only, read};
use crate::shared::Shared;
use crate::{control_agent, control_faults, control_survey, control_tokens, control_webhook};

/// The longest body that is taken: room enough for any canned answer.
const MAX_BODY: usize = 64 * 1024 * 1024;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let takes = |method: &'static str, methods: MethodRouter<Arc<Shared>>| {
        only(methods, move |uri: Uri| async move {
            let reason = format!("{} takes {method}", uri.path());
            Misuse::new(StatusCode::METHOD_NOT_ALLOWED, reason)
        })
    };
    Router::new()
        .route("/accounts", takes("POST", post(new_account)))
        .route("/accounts/{id}/agent", takes("PUT", put(control_agent::set)))
        .route("/accounts/{id}/answers", takes("POST", post(queue)))
        .route("/accounts/{id}/client-secret", takes("PUT", put(control_tokens::client_secret)))
        .route("/accounts/{id}/clock", takes("POST", post(clock)))
        .route("/accounts/{id}/conversations", takes("GET", get(conversations)))
        .route("/accounts/{id}/conversations/{cid}/agent", takes("POST", post(control_agent::act)))
        .route("/accounts/{id}/conversations/{cid}/close", takes("POST", post(close)))
        .route("/accounts/{id}/conversations/{cid}/survey", takes("POST", post(survey)))
        .route("/accounts/{id}/deliveries", takes("GET", get(control_webhook::deliveries)))
        .route("/accounts/{id}/expire-storage-urls", takes("POST", post(expire_storage_urls)))
        .route("/accounts/{id}/files", takes("GET or POST", get(file).post(put_file)))
        .route("/accounts/{id}/notify", takes("POST", post(control_webhook::notify)))
        .route("/accounts/{id}/pending", takes("GET", get(control_webhook::pending)))
        .route("/accounts/{id}/requests", takes("GET", get(requests)))
        .route("/accounts/{id}/revoke-tokens", takes("POST", post(control_tokens::revoke_tokens)))
        .route("/accounts/{id}/rotate-key", takes("POST", post(control_tokens::rotate_key)))
        .route("/accounts/{id}/sign", takes("POST", post(control_webhook::sign)))
        .route("/accounts/{id}/survey", takes("PUT", put(control_survey::set)))
        .route("/accounts/{id}/token-lifetime", takes("POST", post(control_tokens::token_lifetime)))
        .route("/accounts/{id}/tokens", takes("POST", post(control_tokens::issue_token)))
        .route(
            "/accounts/{id}/webhook",
            takes("PUT or DELETE", put(control_webhook::set).delete(control_webhook::remove)),
        )
        .route(
            "/accounts/{id}/webhook/duplicate",
            takes("POST", post(control_webhook::duplicate_next)),
        )
        .route("/accounts/{id}/webhook/reorder", takes("POST", post(control_webhook::reorder_next)))
        .route(
            "/accounts/{id}/webhooks/{type}",
            takes(
                "PUT or DELETE",
                put(control_webhook::set_for).delete(control_webhook::remove_for),
            ),
        )
        .route("/fault-proxies", takes("POST", post(control_faults::new_proxy)))
        .route("/fault-proxies/{id}", takes("GET", get(control_faults::view)))
        .route("/fault-proxies/{id}/accept", takes("POST", post(control_faults::accept)))
        .route("/fault-proxies/{id}/close-idle", takes("POST", post(control_faults::close_idle)))
        .route("/fault-proxies/{id}/faults", takes("POST", post(control_faults::queue)))
        .route("/fault-proxies/{id}/refuse", takes("POST", post(control_faults::refuse)))
        .route("/key-requests", takes("GET", get(key_requests)))
        .route("/public-key", takes("GET", get(control_tokens::public_key)))
        .fallback(async |uri: Uri| {
            Misuse::new(StatusCode::NOT_FOUND, format!("there is nothing at {}", uri.path()))
        })
        .layer(from_fn_with_state(MAX_BODY, read))
        .with_state(shared)
}

/// A request that makes no sense, and why.
pub(crate) struct Misuse {
    status: StatusCode,
    reason: String,
}

impl Misuse {
    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Misuse {
        Misuse { status, reason: reason.into() }
    }

    pub(crate) fn bad(reason: impl Into<String>) -> Misuse {
        Misuse::new(StatusCode::BAD_REQUEST, reason)
    }

    pub(crate) fn no_account(id: &str) -> Misuse {
        Misuse::new(StatusCode::NOT_FOUND, format!("there is no account {id:?}"))
    }

    pub(crate) fn too_large() -> Misuse {
        let reason = format!("the body is longer than {MAX_BODY} bytes");
        Misuse::new(StatusCode::PAYLOAD_TOO_LARGE, reason)
    }

    /// What the system does not let the sandbox do.
    pub(crate) fn failed(error: io::Error) -> Misuse {
        Misuse::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }

    /// What an agent cannot do with a conversation.
    pub(crate) fn conflict(refusal: Refusal) -> Misuse {
        Misuse::new(StatusCode::CONFLICT, refusal.details())
    }
}

impl IntoResponse for Misuse {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"error": self.reason}))).into_response()
    }
}

/// What the path names: [`Path`] with errors of the control API.
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Misuse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named<T>, Misuse> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(parameters)) => Ok(Named(parameters)),
            Err(rejection) => Err(Misuse::new(rejection.status(), rejection.body_text())),
        }
    }
}

/// The body as an object; none at all counts as an empty one. Handlers that need nothing of it
/// extract it too: what makes no sense is refused.
pub(crate) struct Object(pub(crate) Map<String, Value>);

impl<S: Sync> FromRequestParts<S> for Object {
    type Rejection = Misuse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Object, Misuse> {
        let Ok(received) = Received::from_request_parts(parts, state).await;
        if received.too_large {
            return Err(Misuse::too_large());
        }
        if received.body.is_empty() {
            return Ok(Object(Map::new()));
        }
        serde_json::from_slice(&received.body)
            .map(Object)
            .map_err(|error| Misuse::bad(format!("the body is no JSON object: {error}")))
    }
}

async fn new_account(
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
    let account = shared.new_account(chosen).map_err(|refused| match refused {
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

async fn queue(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    site(&shared, &id, |_| ())?;
    let (route, answer) = canned(&body)?;
    shared.queue(&id, route, answer).map_err(Misuse::bad)?;
    Ok(Json(json!({})))
}

async fn conversations(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    Ok(Json(Value::Array(site(&shared, &id, |site| site.view())?)))
}

async fn close(
    State(shared): State<Arc<Shared>>,
    Named((id, conversation)): Named<(String, String)>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    site(&shared, &id, |site| site.close_as_agent(&conversation))?.map_err(Misuse::conflict)?;
    Ok(Json(json!({})))
}

async fn survey(
    State(shared): State<Arc<Shared>>,
    Named((id, conversation)): Named<(String, String)>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    let dialog =
        site(&shared, &id, |site| site.open_survey(&conversation))?.map_err(Misuse::conflict)?;
    Ok(Json(json!({"dialogId": dialog})))
}

async fn requests(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    let requests = site(&shared, &id, |site| site.traffic.requests.clone())?;
    Ok(Json(requests.iter().map(request_view).collect()))
}

async fn expire_storage_urls(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    site(&shared, &id, |site| site.storage.expire_urls())?;
    Ok(Json(json!({})))
}

async fn file(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    received: Received,
) -> Result<Response, Misuse> {
    let path = received.parameter("path").ok_or_else(|| Misuse::bad("path is missing"))?;
    let missing = || Misuse::new(StatusCode::NOT_FOUND, format!("there is no file at {path:?}"));
    let bytes = site(&shared, &id, |site| site.storage.bytes(&path).cloned())?;
    Ok(bytes.ok_or_else(missing)?.into_response())
}

async fn put_file(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    received: Received,
) -> Result<(StatusCode, Json<Value>), Misuse> {
    if received.too_large {
        return Err(Misuse::too_large());
    }
    let name = format!("agent.{}", received.parameter("type").unwrap_or_default());
    let path = site(&shared, &id, |site| site.storage.put(&id, &name, received.body))?
        .map_err(|_| Misuse::bad("type must be a file type, for example ?type=PNG"))?;
    Ok((StatusCode::CREATED, Json(json!({"relativePath": path}))))
}

async fn clock(
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

async fn key_requests(State(shared): State<Arc<Shared>>, _: Object) -> Json<Value> {
    Json(shared.key_requests().iter().map(request_view).collect())
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
        "oddities": request.oddities,
    });
    if str::from_utf8(&request.body).is_err() {
        view["body_base64"] = STANDARD.encode(&request.body).into();
    }
    view
}

/// Refuses members that mean nothing: a misspelt one would otherwise be a test that tests nothing.
pub(crate) fn only_members(body: &Map<String, Value>, known: &[&str]) -> Result<(), Misuse> {
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            Err(Misuse::bad(format!("{name:?} is unknown; known are {}", known.join(", "))))
        }
        None => Ok(()),
    }
}

/// A member that must be a string.
pub(crate) fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Misuse> {
    body.get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| Misuse::bad(format!("{name} must be a string")))
}

pub(crate) fn seconds(body: &Map<String, Value>, name: &str) -> Result<Option<Duration>, Misuse> {
    body.get(name)
        .map(|value| {
            let seconds = value
                .as_u64()
                .ok_or_else(|| Misuse::bad(format!("{name} must be a number of seconds")))?;
            Ok(Duration::from_secs(seconds))
        })
        .transpose()
}

pub(crate) fn site<T>(
    shared: &Shared,
    account_id: &str,
    act: impl FnOnce(&mut Site) -> T,
) -> Result<T, Misuse> {
    shared.with_site(account_id, act).ok_or_else(|| Misuse::no_account(account_id))
}
