//! Webhooks that the program's own web server receives.

use std::borrow::Cow;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::call::call;
use crate::ending::stay;
use crate::error::invalid;
use crate::notification::Notification;
use crate::text::texts;

const SIGNATURE: &str = "x-liveperson-signature";
/// The same in the environment of a WSGI application.
const SIGNATURE_IN_WSGI: &str = "HTTP_X_LIVEPERSON_SIGNATURE";

/// Reads the body of a webhook, whose signature was checked elsewhere.
#[pyfunction]
pub(crate) fn parse_notification(body: &Bound<'_, PyAny>) -> PyResult<Notification> {
    let py = body.py();
    let body = raw(body)?;
    call(py, || lpconnector::Notification::parse(&body)).map(Notification::new)
}

/// Checks that a webhook was signed with the client secret, and reads it.
#[pyfunction]
pub(crate) fn verify_webhook(
    headers: &Bound<'_, PyAny>,
    body: &Bound<'_, PyAny>,
    secret: &Bound<'_, PyAny>,
) -> PyResult<Notification> {
    let py = headers.py();
    let signature = signature(headers)?;
    let body = raw(body)?;
    let secrets = texts(secret, "secret")?;
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let verified = call(py, || {
        lpconnector::verify_webhook(&secrets, &body, &signature)?;
        lpconnector::Notification::parse(&body)
    });
    verified.map(Notification::new)
}

/// The bytes of a body.
pub(crate) fn raw<'a>(body: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, [u8]>> {
    if body.is_instance_of::<PyString>() {
        let why = "body is str; it takes the bytes as they came, because only those were signed";
        return Err(invalid(body.py(), why.to_owned()));
    }
    let wrong = |_| PyTypeError::new_err(format!("body takes bytes, not {}", body.get_type()));
    let _inside = stay(body.py());
    body.extract().map_err(wrong)
}

/// What the headers have as signatures: all of them with commas between, or nothing.
fn signature(headers: &Bound<'_, PyAny>) -> PyResult<String> {
    let _inside = stay(headers.py());
    let mut found = Vec::new();
    for pair in pairs(headers)?.try_iter()? {
        let pair: PyResult<(Bound<'_, PyAny>, Bound<'_, PyAny>)> = pair?.extract();
        let (name, value) = pair.map_err(|_| wrong(headers))?;
        let is_named =
            |name: String| name.eq_ignore_ascii_case(SIGNATURE) || name == SIGNATURE_IN_WSGI;
        if header_text(&name).is_some_and(is_named) {
            match header_text(&value) {
                Some(value) => found.push(value),
                None if value.is_none() => {}
                None => {
                    for one in value.try_iter().map_err(|_| wrong(headers))? {
                        found.extend(header_text(&one?));
                    }
                }
            }
        }
    }
    Ok(found.join(","))
}

/// The names and values of headers: a mapping's items, or the pairs that ASGI has.
fn pairs<'py>(headers: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if let Some(items) = headers.getattr_opt("items")? {
        return items.call0();
    }
    let is_text = header_text(headers).is_some();
    if is_text || headers.try_iter().is_err() {
        return Err(wrong(headers));
    }
    Ok(headers.clone())
}

fn wrong(headers: &Bound<'_, PyAny>) -> PyErr {
    let kind = headers.get_type();
    PyTypeError::new_err(format!("headers takes a mapping, or pairs of name and value, not {kind}"))
}

/// A header's name or value; what is no text in it can be no signature either.
fn header_text(value: &Bound<'_, PyAny>) -> Option<String> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Some(String::from_utf8_lossy(bytes.as_bytes()).into_owned());
    }
    value.cast::<PyString>().ok().map(|text| text.to_string_lossy().into_owned())
}
