//! The part of the control API that shows the requests that came in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object};
use crate::control::misuse::Misuse;
use crate::control::site::site;
use crate::http::request::Request;

pub(crate) async fn of_account(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    _: Object,
) -> Result<Json<Value>, Misuse> {
    let requests = site(&shared, &id, |site| site.traffic.requests.clone())?;
    Ok(Json(requests.iter().map(view).collect()))
}

pub(crate) async fn for_keys(State(shared): State<Arc<Shared>>, _: Object) -> Json<Value> {
    Json(shared.accounts.key_requests().iter().map(view).collect())
}

fn view(request: &Request) -> Value {
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
