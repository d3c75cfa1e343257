//! Keywords of a call, as the one JSON object that the core takes in their place.

use pyo3::prelude::*;
use serde_json::value::RawValue;

use crate::error::invalid;

/// The keywords of a call that were given.
#[derive(Default)]
pub(crate) struct Keywords(Vec<String>);

impl Keywords {
    /// With this one, unless it was not given: its name on the wire and in Python, and what makes
    /// JSON of its value.
    pub(crate) fn with<T>(
        mut self,
        wire: &str,
        name: &str,
        value: Option<&Bound<'_, T>>,
        json: impl FnOnce(&Bound<'_, PyAny>, &str) -> PyResult<String>,
    ) -> PyResult<Keywords> {
        if let Some(value) = value {
            let json = json(value.as_any(), name)?;
            // Nothing but one value, or it would add members of its own.
            let read: Result<&RawValue, _> = serde_json::from_str(&json);
            read.map_err(|why| invalid(value.py(), format!("{name} is not JSON: {why}")))?;
            self.0.push(format!("\"{wire}\":{json}"));
        }
        Ok(self)
    }

    /// The JSON of the object.
    pub(crate) fn json(self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}
