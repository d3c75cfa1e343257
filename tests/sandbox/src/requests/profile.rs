//! userprofile.SetUserProfile: what the account knows of a consumer.

use serde_json::{Value, json};

use crate::cloud::site::Site;
use crate::protocol::envelope::Envelope;
use crate::protocol::refusal::Refusal;

/// Replaces the consumer's profile. What its members are is the account's business. An empty one
/// leaves it as it is: every opening has to send one, also where there is nothing to say.
pub(crate) fn set(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
) -> Result<Value, Refusal> {
    for name in ["authenticatedData", "privateData"] {
        if envelope.body.get(name).is_some_and(|value| !value.is_null() && !value.is_object()) {
            return Err(Refusal::invalid("Invalid profile", format!("{name} must be an object")));
        }
    }
    if !envelope.body.is_empty()
        && let Some(consumer) = site.consumers.get_mut(consumer_id)
    {
        consumer.profile = Value::Object(envelope.body.clone());
    }
    Ok(json!({"msg": "OK User Profile set successfully"}))
}
