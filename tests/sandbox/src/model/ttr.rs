//! How long an agent has to answer.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many seconds the service gives, by the name of the ttr.
const USUAL: [(&str, u64); 2] = [("URGENT", 300), ("PRIORITIZED", 600)];
const USUAL_OTHERWISE: u64 = 1800;

/// The time to respond, as it was asked for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Ttr {
    /// Null where none was.
    pub(crate) name: Value,
    /// In seconds; null: what is usual for the name.
    pub(crate) value: Value,
}

impl Ttr {
    fn seconds(&self) -> Value {
        if !self.value.is_null() {
            return self.value.clone();
        }
        let usual = USUAL.iter().find(|(name, _)| self.name == *name);
        usual.map_or(USUAL_OTHERWISE, |(_, seconds)| *seconds).into()
    }

    /// The moment that is so long after another one, in milliseconds since 1970.
    pub(crate) fn after(&self, moment: i64) -> i64 {
        let millis = self.seconds().as_f64().unwrap_or_default() * 1000.0;
        // A cast from a float never overflows: it ends at the type's limits.
        moment.saturating_add(millis as i64)
    }

    /// As a notification has it.
    pub(crate) fn details(&self) -> Value {
        json!({"ttrType": self.name.as_str().unwrap_or("NORMAL"), "value": self.seconds()})
    }
}
