//! Domain API: which host serves what. Here it is the sandbox, for everything.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::refusal::Refusal;
use crate::request::Received;
use crate::shared::Shared;

/// A choice of the service names of the real list, with all those that are served here.
const SERVICES: [&str; 8] = [
    "accountConfigReadWrite",
    "adminArea",
    "agentVep",
    "asyncMessagingEnt",
    "idp",
    "msgHist",
    "sentinel",
    "swift",
];

pub(crate) async fn all(
    State(shared): State<Arc<Shared>>,
    Path(account_id): Path<String>,
    received: Received,
) -> Result<Json<Value>, Refusal> {
    check(&shared, &account_id, &received)?;
    let entries = SERVICES.map(|service| entry(&shared, &account_id, service, &received));
    Ok(Json(json!({"baseURIs": entries})))
}

pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    Path((account_id, service)): Path<(String, String)>,
    received: Received,
) -> Result<Json<Value>, Refusal> {
    check(&shared, &account_id, &received)?;
    if !SERVICES.contains(&&*service) {
        let details = format!("There is no service {service:?}");
        return Err(Refusal::invalid("Bad parameter", details));
    }
    Ok(Json(entry(&shared, &account_id, &service, &received)))
}

fn check(shared: &Shared, account_id: &str, received: &Received) -> Result<(), Refusal> {
    if received.parameter("version").as_deref() != Some("1.0") {
        return Err(Refusal::invalid("Bad parameter", "The query must hold version=1.0"));
    }
    shared.with_site(account_id, |_| ()).ok_or_else(|| {
        let details = format!("There is no account {account_id:?}");
        Refusal::status(StatusCode::UNAUTHORIZED, "Unknown account", details)
    })
}

fn entry(shared: &Shared, account_id: &str, service: &str, received: &Received) -> Value {
    // Whatever name and port the client reached the sandbox by, it reaches the other services by
    // it too.
    let authority = received.header("host").unwrap_or(&shared.authority);
    json!({"service": service, "account": account_id, "baseURI": authority})
}
