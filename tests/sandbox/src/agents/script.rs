//! What a scripted agent does in each conversation.

use std::sync::Arc;

use serde_json::Value;

use crate::agents::step::Step;

/// The steps of a scripted agent.
#[derive(Clone, Debug)]
pub struct Script(Arc<[Step]>);

impl Script {
    /// Reads an array of steps. The error names the step that makes no sense.
    pub fn new(steps: &Value) -> Result<Script, String> {
        let steps = steps.as_array().ok_or("a script must be an array of steps")?;
        let parse = |(number, step): (usize, &Value)| {
            Step::parse(step).map_err(|reason| format!("step {}: {reason}", number + 1))
        };
        Ok(Script(steps.iter().enumerate().map(parse).collect::<Result<_, _>>()?))
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }
}
