//! What Python passes in, as the core takes it.

use std::borrow::Cow;
use std::path::PathBuf;

use pyo3::exceptions::{PyUnicodeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use serde::de::DeserializeOwned;
use serde::de::value::{Error as NotAName, StrDeserializer};

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

/// A file's path: a `str` or an `os.PathLike`.
pub(crate) fn path(value: &Bound<'_, PyAny>, name: &str) -> PyResult<PathBuf> {
    let py = value.py();
    value.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyUnicodeError>(py) { not_unicode(py, name) } else { error }
    })
}

/// One of the names of a core's enum, such as `ACTIVE`; Python's enums are such strings, too.
pub(crate) fn name<T: DeserializeOwned>(value: &Bound<'_, PyString>, name: &str) -> PyResult<T> {
    T::deserialize(StrDeserializer::<NotAName>::new(&text(value, name)?)).map_err(|why| {
        // As the core words it for members of JSON.
        let why = why.to_string().replace("unknown variant", "unknown value");
        invalid(value.py(), format!("{name}: {why}"))
    })
}

/// A JSON text as it is, or anything else through `json.dumps`; the core checks what is in it.
pub(crate) fn json(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    match value.cast::<PyString>() {
        Ok(ready) => Ok(text(ready, name)?.into_owned()),
        Err(_) => dumped(value, name),
    }
}

/// As [`json`], for what becomes a part of a larger JSON text: here, a text must be JSON by itself.
pub(crate) fn json_part(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    let Ok(ready) = value.cast::<PyString>() else { return dumped(value, name) };
    let py = value.py();
    let loaded = py.import("json")?.call_method1("loads", (ready,));
    let loaded = loaded.map_err(|error| {
        if !error.is_instance_of::<PyValueError>(py) {
            return error;
        }
        invalid(py, format!("{name} is not JSON: {}", error.value(py)))
    })?;
    dumped(&loaded, name)
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

/// What a JSON text that the core has read says.
pub(crate) fn loaded(py: Python<'_>, json: &[u8]) -> PyResult<Py<PyAny>> {
    // The core reads UTF-8 alone.
    let text = PyString::new(py, &String::from_utf8_lossy(json));
    Ok(py.import("lpconnector._json")?.call_method1("loads", (text,))?.unbind())
}
