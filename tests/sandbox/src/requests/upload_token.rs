//! ms.GenerateUploadToken: what a client asks for before it answers a secure form.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::protocol::envelope::Envelope;
use crate::protocol::refusal::Refusal;

/// The token; nothing here takes the form itself, so nothing is remembered of it.
pub(crate) fn issue(envelope: &Envelope) -> Result<Value, Refusal> {
    if !envelope.body.get("uploadable").is_some_and(Value::is_object) {
        return Err(Refusal::invalid("Missing parameter", "uploadable must be an object"));
    }
    Ok(json!({"token": Uuid::new_v4().to_string()}))
}
