//! What an account knows of a consumer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A consumer, known since it got a ConsumerJWS.
#[derive(Serialize, Deserialize)]
pub(crate) struct Consumer {
    pub(crate) ext_consumer_id: String,
    /// The body of the last SetUserProfile that was not empty, null before the first.
    pub(crate) profile: Value,
}
