//! What a scripted agent does in each conversation.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agents::step::Step;

/// The steps of a scripted agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Script {
    steps: Arc<[Step]>,
    /// As they were written.
    source: Value,
}

impl Script {
    /// Reads an array of steps. The error names the step that makes no sense.
    pub fn new(steps: &Value) -> Result<Script, String> {
        let source = steps.clone();
        let steps = steps.as_array().ok_or("a script must be an array of steps")?;
        let parse = |(number, step): (usize, &Value)| {
            Step::parse(step).map_err(|reason| format!("step {}: {reason}", number + 1))
        };
        let steps = steps.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
        Ok(Script { steps, source })
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl TryFrom<Value> for Script {
    type Error = String;

    fn try_from(steps: Value) -> Result<Script, String> {
        Script::new(&steps)
    }
}

impl From<Script> for Value {
    fn from(script: Script) -> Value {
        script.source
    }
}
