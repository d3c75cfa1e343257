//! Errors of the core as Python's exceptions, which `lpconnector._errors` defines.

use std::io;

use lpconnector::{Config, Error, Status};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::ending::stay;

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
        Status::Io => "IoError",
        // Defects, and what later versions add.
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

/// The same for what stands in an action of a connector, and its key.
const NAMES_IN_ACTIONS: [(&str, &str); 5] = [
    ("options_json", "action: open"),
    ("event_json", "action: event"),
    ("content_json", "action: richContent"),
    ("action_json", "action"),
    ("NULL means", "None means"),
];

/// The exception for an error of the core.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    if error.http_status() != 0 {
        // What the service says is its own.
        return raise_as_written(py, error);
    }
    let message = as_keywords(error.message());
    if error.status() != Status::InvalidArgument {
        return raise_with(py, error, &message);
    }
    let renamed = |message: String, (theirs, ours): &(&str, &str)| message.replace(theirs, ours);
    raise_with(py, error, &NAMES.iter().fold(message, renamed))
}

/// As [`raise`], about what was submitted: an action's members have the names of the wire.
pub(crate) fn raise_of_action(py: Python<'_>, error: &Error) -> PyErr {
    let renamed = |message: String, (theirs, ours): &(&str, &str)| message.replace(theirs, ours);
    let message = NAMES_IN_ACTIONS.iter().fold(as_keywords(error.message()), renamed);
    raise_with(py, error, &message)
}

/// As [`raise`], about what has the core's names itself: a file of options, the environment.
pub(crate) fn raise_as_written(py: Python<'_>, error: &Error) -> PyErr {
    raise_with(py, error, error.message())
}

/// A message about options with their names as keywords have them.
pub(crate) fn as_keywords(message: &str) -> String {
    Config::keys().filter(|key| key.contains('.')).fold(message.to_owned(), |message, key| {
        let mut renamed = String::with_capacity(message.len());
        let mut rest = message.as_str();
        while let Some(at) = rest.find(key) {
            let (before, found) = rest.split_at(at);
            let after = &found[key.len()..];
            renamed.push_str(before);
            if is_part_of_a_name(before.chars().next_back()) || goes_on(after) {
                renamed.push_str(key);
            } else {
                renamed.push_str(&key.replace('.', "_"));
            }
            rest = after;
        }
        renamed + rest
    })
}

/// Whether a longer name, or the name of a file or host, has the option's in it.
fn goes_on(after: &str) -> bool {
    let mut after = after.chars();
    let next = after.next();
    let next = if next == Some('.') { after.next() } else { next };
    is_part_of_a_name(next)
}

fn is_part_of_a_name(letter: Option<char>) -> bool {
    letter.is_some_and(|letter| letter.is_alphanumeric() || "._-/".contains(letter))
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
    let Some(path) = error.path() else {
        return made(py, class_of(error.status()), message, Some(&fields));
    };
    fields.set_item("errno", error.os_error())?;
    fields.set_item("filename", path.as_os_str())?;
    let is_missing = error
        .os_error()
        .is_some_and(|code| io::Error::from_raw_os_error(code).kind() == io::ErrorKind::NotFound);
    made(py, if is_missing { "FileNotFound" } else { "IoError" }, message, Some(&fields))
}

/// An `InvalidArgument` for what this layer finds before the core is called.
pub(crate) fn invalid(py: Python<'_>, message: String) -> PyErr {
    made(py, "InvalidArgument", &message, None).unwrap_or_else(|broken| broken)
}

/// A `ConfigError` for what this layer finds before the core is called.
pub(crate) fn missing(py: Python<'_>, message: &str) -> PyErr {
    let fields = PyDict::new(py);
    let made = fields
        .set_item("status", Status::Config as i32)
        .and_then(|()| made(py, "ConfigError", message, Some(&fields)));
    made.unwrap_or_else(|broken| broken)
}

fn made(
    py: Python<'_>,
    class: &str,
    message: &str,
    fields: Option<&Bound<'_, PyDict>>,
) -> PyResult<PyErr> {
    let _inside = stay(py);
    let class = py.import("lpconnector._errors")?.getattr(class)?;
    Ok(PyErr::from_value(class.call((message,), fields)?))
}
