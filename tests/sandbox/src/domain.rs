//! Domain API: which host serves what. Here it is the sandbox, for everything.

use serde_json::json;

use crate::answer::Reply;
use crate::refusal::Refusal;
use crate::request::Received;
use crate::state::State;

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

pub(crate) fn answer(
    state: &State,
    account_id: &str,
    service: Option<&str>,
    received: &Received,
) -> Result<Reply, Refusal> {
    if received.parameter("version").as_deref() != Some("1.0") {
        return Err(Refusal::invalid("Bad parameter", "The query must hold version=1.0"));
    }
    if state.with_site(account_id, |_| ()).is_none() {
        return Err(Refusal::status(
            401,
            "Unknown account",
            format!("There is no account {account_id:?}"),
        ));
    }
    // Whatever name and port the client reached the sandbox by, it reaches the other services by it too.
    let authority = received.header("host").unwrap_or(&state.authority);
    let entry =
        |service: &str| json!({"service": service, "account": account_id, "baseURI": authority});
    let body = match service {
        None => json!({"baseURIs": SERVICES.map(entry).to_vec()}),
        Some(service) if SERVICES.contains(&service) => entry(service),
        Some(service) => {
            return Err(Refusal::invalid(
                "Bad parameter",
                format!("There is no service {service:?}"),
            ));
        }
    };
    Ok(Reply::json(200, &body))
}
