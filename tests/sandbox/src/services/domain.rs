//! Domain API: which host serves what. Here it is the sandbox, for everything.
//!
//! With TLS there is another one beside it, over plain HTTP: some public clients ask there.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Value, json};

use crate::cloud::shared::Shared;
use crate::http::request::Received;
use crate::protocol::refusal::Refusal;

/// A choice of the service names of the real list, with all those that are served here.
const SERVICES: [&str; 10] = [
    "accountConfigReadWrite",
    "adminArea",
    "agentVep",
    "asyncMessagingEnt",
    "idp",
    "messagingRestApiDomain",
    "msgHist",
    "sentinel",
    "swift",
    "swiftDomain",
];

/// Where the Domain API is asked.
#[derive(Clone, Copy)]
pub(crate) enum Entrance {
    /// On the port of all services.
    Services,
    /// On a port of its own.
    Plain,
}

pub(crate) async fn all(
    State(shared): State<Arc<Shared>>,
    Extension(entrance): Extension<Entrance>,
    Path(account_id): Path<String>,
    received: Received,
) -> Result<Json<Value>, Refusal> {
    check(&shared, &account_id, &received)?;
    let authority = authority(&shared, entrance, &received);
    let entries = SERVICES.map(|service| entry(&account_id, service, &authority));
    Ok(Json(json!({"baseURIs": entries})))
}

pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    Extension(entrance): Extension<Entrance>,
    Path((account_id, service)): Path<(String, String)>,
    received: Received,
) -> Result<Json<Value>, Refusal> {
    check(&shared, &account_id, &received)?;
    if !SERVICES.contains(&&*service) {
        let details = format!("There is no service {service:?}");
        return Err(Refusal::invalid("Bad parameter", details));
    }
    Ok(Json(entry(&account_id, &service, &authority(&shared, entrance, &received))))
}

fn check(shared: &Shared, account_id: &str, received: &Received) -> Result<(), Refusal> {
    if received.parameter("version").as_deref() != Some("1.0") {
        return Err(Refusal::invalid("Bad parameter", "The query must hold version=1.0"));
    }
    shared.accounts.with_site(account_id, |_| ()).ok_or_else(|| {
        let details = format!("There is no account {account_id:?}");
        Refusal::status(StatusCode::UNAUTHORIZED, "Unknown account", details)
    })
}

/// Whatever name the client reached the sandbox by, it reaches the other services by it too; and
/// by the same port, unless that one is plain.
fn authority(shared: &Shared, entrance: Entrance, received: &Received) -> String {
    let services = shared.authority.as_str();
    let host = received.header("host").unwrap_or(services);
    match (entrance, services.rsplit_once(':')) {
        (Entrance::Plain, Some((_, port))) => {
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            format!("{name}:{port}")
        }
        _ => host.to_owned(),
    }
}

fn entry(account_id: &str, service: &str, authority: &str) -> Value {
    json!({"service": service, "account": account_id, "baseURI": authority})
}
