//! What CONVERSATION and SEND have in common: who calls, and a body that is JSON.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde_json::Value;

use crate::cloud::app_jwt;
use crate::cloud::consumer_jws;
use crate::cloud::shared::Shared;
use crate::http::request::Received;
use crate::protocol::refusal::Refusal;
use crate::services::properties;

/// A request of a known consumer.
pub(crate) struct Call {
    pub(crate) account_id: String,
    pub(crate) consumer_id: String,
    /// The header Client-Properties, see [`properties::parse`].
    pub(crate) client_properties: Value,
    pub(crate) body: Value,
}

/// Checks what both endpoints check, in the service's order.
impl FromRequestParts<Arc<Shared>> for Call {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Call, Refusal> {
        let Path(account_id) = Path::<String>::from_request_parts(parts, shared)
            .await
            .map_err(|_| Refusal::unknown_path())?;
        let Ok(received) = Received::from_request_parts(parts, shared).await;
        let accounts = &shared.accounts;
        app_jwt::check(accounts, &account_id, received.header("authorization"))?;
        let token = received.header("x-lp-on-behalf");
        let consumer_id = consumer_jws::check(accounts, &account_id, token)?;
        if received.too_large {
            return Err(Refusal::too_large(shared.options.max_body));
        }
        if received.parameter("v").as_deref() != Some("3") {
            return Err(Refusal::invalid("Bad parameter", "The query must hold v=3"));
        }
        let client_properties = properties::parse(&received);
        let body = serde_json::from_slice(&received.body).map_err(|error| {
            Refusal::invalid("Invalid JSON", format!("The body is not JSON: {error}"))
        })?;
        Ok(Call { account_id, consumer_id, client_properties, body })
    }
}

impl Call {
    /// An account cannot vanish once its tokens were checked; if it did, its tokens would be
    /// invalid.
    pub(crate) fn gone() -> Refusal {
        Refusal::invalid_app_jwt("The account is unknown")
    }
}
