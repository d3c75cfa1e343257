//! What CONVERSATION and SEND have in common: who calls, and a body that is JSON.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::request::Received;
use crate::state::State;

/// A request of a known consumer.
pub(crate) struct Call<'a> {
    pub(crate) account_id: &'a str,
    pub(crate) consumer_id: String,
    pub(crate) body: Value,
}

impl<'a> Call<'a> {
    /// Checks what both endpoints check, in the service's order.
    pub(crate) fn admit(
        state: &State,
        account_id: &'a str,
        received: &Received,
    ) -> Result<Call<'a>, Refusal> {
        state.check_app_jwt(account_id, received)?;
        let consumer_id = state.check_consumer_jws(account_id, received)?;
        if received.too_large {
            return Err(Refusal::too_large(state.options.max_body));
        }
        if received.parameter("v").as_deref() != Some("3") {
            return Err(Refusal::invalid("Bad parameter", "The query must hold v=3"));
        }
        let body = serde_json::from_slice(&received.body).map_err(|error| {
            Refusal::invalid("Invalid JSON", format!("The body is not JSON: {error}"))
        })?;
        Ok(Call { account_id, consumer_id, body })
    }

    /// An account cannot vanish once its tokens were checked; if it did, its tokens would be invalid.
    pub(crate) fn gone() -> Refusal {
        Refusal::invalid_app_jwt("The account is unknown")
    }
}
