//! Errors of the core as Python's exceptions, which `lpconnector._errors` defines.

use lpconnector::{Error, Status};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

fn class_of(status: Status) -> &'static str {
    match status {
        Status::InvalidArgument => "InvalidArgument",
        Status::Config => "ConfigError",
        Status::Connect => "ConnectError",
        Status::Tls => "TlsError",
        Status::Timeout => "Timeout",
        Status::Unauthorized => "Unauthorized",
        Status::Rejected => "Rejected",
        Status::RateLimited => "RateLimited",
        Status::Server => "ServerError",
        Status::Protocol => "ProtocolError",
        Status::Closed => "Closed",
        Status::Signature => "SignatureError",
        Status::AlreadyOpen => "AlreadyOpen",
        Status::Full => "Full",
        // Files, defects, and what later versions add.
        _ => "LpcError",
    }
}

/// Arguments that the core knows by the names of C, as Python's callers know them.
const NAMES: [(&str, &str); 7] = [
    ("options_json: ", ""),
    ("event_json", "event"),
    ("content_json", "content"),
    ("metadata_json", "metadata"),
    ("dialogId", "dialog_id"),
    ("skillId", "skill_id"),
    ("clientProperties", "client_properties"),
];

/// The exception for an error of the core.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    if error.status() != Status::InvalidArgument {
        return raise_with(py, error, error.message());
    }
    let renamed = |message: String, (theirs, ours): &(&str, &str)| message.replace(theirs, ours);
    raise_with(py, error, &NAMES.iter().fold(error.message().to_owned(), renamed))
}

/// As [`raise`], with another message.
pub(crate) fn raise_with(py: Python<'_>, error: &Error, message: &str) -> PyErr {
    exception(py, error, message).unwrap_or_else(|broken| broken)
}

fn exception(py: Python<'_>, error: &Error, message: &str) -> PyResult<PyErr> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let fields = PyDict::new(py);
    fields.set_item("status", error.status() as i32)?;
    fields.set_item("http_status", Some(error.http_status()).filter(|status| *status != 0))?;
    fields.set_item("service_code", Some(error.service_code()).filter(|code| *code != 0))?;
    fields.set_item("title", some(error.title()))?;
    fields.set_item("details", some(error.details()))?;
    fields.set_item("request_id", some(error.request_id()))?;
    fields.set_item("attempts", error.attempts())?;
    fields.set_item("is_retryable", error.is_retryable())?;
    fields.set_item("maybe_delivered", error.maybe_delivered())?;
    fields.set_item("retry_after_ms", error.retry_after_ms())?;
    fields.set_item("body", PyBytes::new(py, error.body()))?;
    made(py, class_of(error.status()), message, Some(&fields))
}

/// An `InvalidArgument` for what this layer finds before the core is called.
pub(crate) fn invalid(py: Python<'_>, message: String) -> PyErr {
    made(py, "InvalidArgument", &message, None).unwrap_or_else(|broken| broken)
}

fn made(
    py: Python<'_>,
    class: &str,
    message: &str,
    fields: Option<&Bound<'_, PyDict>>,
) -> PyResult<PyErr> {
    let class = py.import("lpconnector._errors")?.getattr(class)?;
    Ok(PyErr::from_value(class.call((message,), fields)?))
}
