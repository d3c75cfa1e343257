//! IDP: the ConsumerJWS.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::account::Consumer;
use crate::messaging::Call;
use crate::refusal::Refusal;
use crate::request::Received;
use crate::shared::Shared;
use crate::token;

pub(crate) async fn consumer(
    State(shared): State<Arc<Shared>>,
    Path(account_id): Path<String>,
    received: Received,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    shared.check_app_jwt(&account_id, &received)?;
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

    let lp_consumer_id = token::lp_consumer_id(&account_id, ext_consumer_id);
    let key = shared.with_site(&account_id, |site| {
        site.consumers.entry(lp_consumer_id.clone()).or_insert_with(|| Consumer {
            ext_consumer_id: ext_consumer_id.to_owned(),
            profile: Value::Null,
        });
        site.key
    });
    let claims = json!({
        "account_id": account_id,
        "ext_consumer_id": ext_consumer_id,
        "lp_consumer_id": lp_consumer_id,
    });
    let token = token::sign(&claims, key.ok_or_else(Call::gone)?);
    Ok((StatusCode::CREATED, Json(json!({"token": token}))))
}
