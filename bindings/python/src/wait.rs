//! Waits of the program for what comes, and times that it gives.

use std::time::{Duration, Instant};

use lpconnector::{Error, Status};
use pyo3::prelude::*;

use crate::call::{SLICE, call};
use crate::ending;
use crate::error::invalid;

/// The next one that comes in so many seconds; without a timeout it waits until one comes.
pub(crate) fn next<T: Send>(
    py: Python<'_>,
    timeout: Option<f64>,
    poll: impl Fn(Duration) -> Result<Option<T>, Error> + Sync,
) -> PyResult<Option<T>> {
    let until = match timeout {
        None => None,
        Some(seconds) if seconds.is_nan() => {
            return Err(invalid(py, "timeout is no number of seconds".to_owned()));
        }
        // What is too long to count is without end.
        Some(seconds) => Duration::try_from_secs_f64(seconds.max(0.0))
            .ok()
            .and_then(|timeout| Instant::now().checked_add(timeout)),
    };
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let slice = left.map_or(SLICE, |left| left.min(SLICE));
        if let Some(next) = call(py, || poll(slice))? {
            return Ok(Some(next));
        }
        py.check_signals()?;
        if left.is_some_and(|left| left <= slice) {
            return Ok(None);
        }
    }
}

/// So many seconds; what is too long to count is without end.
pub(crate) fn seconds(py: Python<'_>, value: f64, name: &str) -> PyResult<Duration> {
    if value.is_nan() || value < 0.0 {
        return Err(invalid(py, format!("{name} is no number of seconds from 0 on")));
    }
    Ok(Duration::try_from_secs_f64(value).unwrap_or(Duration::MAX))
}

/// Whether an iteration ends with this error.
pub(crate) fn is_closed(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    let _inside = ending::stay(py);
    let status = error.value(py).getattr_opt("status")?;
    let status = status.map(|status| status.extract::<i32>()).transpose()?;
    Ok(status == Some(Status::Closed as i32))
}
