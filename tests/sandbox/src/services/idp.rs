//! IDP: the ConsumerJWS.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::cloud::app_jwt;
use crate::cloud::consumer_jws;
use crate::cloud::shared::Shared;
use crate::http::request::Received;
use crate::protocol::refusal::Refusal;
use crate::services::messaging::Call;

pub(crate) async fn consumer(
    State(shared): State<Arc<Shared>>,
    Path(account_id): Path<String>,
    received: Received,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    app_jwt::check(&shared.accounts, &account_id, received.header("authorization"))?;
    if received.too_large {
        return Err(Refusal::too_large(shared.options.max_body));
    }
    // Public clients leave the version out.
    if received.parameter("v").is_some_and(|v| v != "1.0" && v != "1") {
        return Err(Refusal::invalid("Bad parameter", "v must be 1.0"));
    }
    let body: Value = serde_json::from_slice(&received.body).map_err(|error| {
        Refusal::invalid("Invalid JSON", format!("The body is not JSON: {error}"))
    })?;
    let ext_consumer_id =
        body["ext_consumer_id"].as_str().filter(|id| !id.is_empty()).ok_or_else(|| {
            Refusal::invalid(
                "Missing parameter",
                "ext_consumer_id must be a string that is not empty",
            )
        })?;

    let token = consumer_jws::issue(&shared.accounts, &account_id, ext_consumer_id);
    Ok((StatusCode::CREATED, Json(json!({"token": token.ok_or_else(Call::gone)?}))))
}
