//! What Python passes in, as the core takes it.

use std::borrow::Cow;
use std::path::PathBuf;

use pyo3::exceptions::{PyTypeError, PyUnicodeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};
use serde_json::value::RawValue;

use crate::error::invalid;

/// The text of a `str`; one with lone surrogates is no text that can be sent.
pub(crate) fn text<'a>(value: &'a Bound<'_, PyString>, name: &str) -> PyResult<Cow<'a, str>> {
    value.to_cow().map_err(|_| not_unicode(value.py(), name))
}

fn not_unicode(py: Python<'_>, name: &str) -> PyErr {
    invalid(py, format!("{name} has lone surrogates, which are not valid Unicode text"))
}

/// As [`text`], for an argument that may be `None`.
pub(crate) fn optional_text<'a>(
    value: Option<&'a Bound<'_, PyString>>,
    name: &str,
) -> PyResult<Option<Cow<'a, str>>> {
    value.map(|value| text(value, name)).transpose()
}

/// One text, or a list or tuple of them: secrets, while one replaces another.
pub(crate) fn texts(given: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<String>> {
    if let Ok(one) = given.cast::<PyString>() {
        return Ok(vec![text(one, name)?.into_owned()]);
    }
    if !given.is_instance_of::<PyList>() && !given.is_instance_of::<PyTuple>() {
        let kind = given.get_type();
        return Err(PyTypeError::new_err(format!("{name} takes str, list or tuple, not {kind}")));
    }
    let one = |item: Bound<'_, PyAny>| -> PyResult<String> {
        Ok(text(item.cast::<PyString>()?, name)?.into_owned())
    };
    given.try_iter()?.map(|item| one(item?)).collect()
}

/// A file's path: a `str` or an `os.PathLike`.
pub(crate) fn path(value: &Bound<'_, PyAny>, name: &str) -> PyResult<PathBuf> {
    let py = value.py();
    value.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyUnicodeError>(py) { not_unicode(py, name) } else { error }
    })
}

/// A JSON text as it is, or anything else through `json.dumps`; the core checks what is in it.
pub(crate) fn json(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    match value.cast::<PyString>() {
        Ok(ready) => Ok(text(ready, name)?.into_owned()),
        Err(_) => dumped(value, name),
    }
}

/// A member of a larger JSON text, which must be JSON by itself.
fn member(member: &str, json: &str, py: Python<'_>, name: &str) -> PyResult<String> {
    let read: Result<&RawValue, _> = serde_json::from_str(json);
    read.map_err(|why| invalid(py, format!("{name} is not JSON: {why}")))?;
    Ok(format!("\"{member}\":{json}"))
}

/// Keywords as the one JSON object that the core takes in their place; those that were not given
/// are left out.
#[derive(Default)]
pub(crate) struct Keywords(Vec<String>);

impl Keywords {
    /// An object of the service's: a mapping, or JSON.
    pub(crate) fn object(
        mut self,
        wire: &str,
        name: &str,
        value: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Keywords> {
        if let Some(value) = value {
            self.0.push(member(wire, &json(value, name)?, value.py(), name)?);
        }
        Ok(self)
    }

    /// A value for `json.dumps`: here, a `str` is a text.
    pub(crate) fn value(
        mut self,
        wire: &str,
        name: &str,
        value: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Keywords> {
        if let Some(value) = value {
            self.0.push(member(wire, &dumped(value, name)?, value.py(), name)?);
        }
        Ok(self)
    }

    /// The JSON of the object.
    pub(crate) fn json(self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}

/// The JSON of a value; a `str` becomes a JSON string.
pub(crate) fn dumped(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    let dumped = value.py().import("lpconnector._json")?.call_method1("dumps", (value,))?;
    Ok(text(dumped.cast::<PyString>()?, name)?.into_owned())
}

/// A request written by the caller: JSON that is ready as `str` or `bytes`, or anything that
/// `json.dumps` takes.
pub(crate) fn request(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    if let Ok(string) = value.cast::<PyString>() {
        return Ok(text(string, name)?.into_owned().into_bytes());
    }
    // In ASCII, in which even a lone surrogate has a form: nothing here is checked or refused.
    let dumped = value.py().import("lpconnector._json")?.call_method1("ascii", (value,))?;
    Ok(dumped.cast::<PyString>()?.to_cow()?.into_owned().into_bytes())
}

/// What a JSON text says; `None` for what is none.
pub(crate) fn loaded(py: Python<'_>, json: &[u8]) -> PyResult<Py<PyAny>> {
    // As the core reads JSON: in UTF-8 alone.
    let text = std::str::from_utf8(json).unwrap_or_default();
    if text.is_empty() {
        return Ok(py.None());
    }
    Ok(py.import("lpconnector._json")?.call_method1("loads", (text,))?.unbind())
}
