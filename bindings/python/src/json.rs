//! JSON: what Python passes in as the core takes it, and what the core holds as Python's values.
//! `lpconnector._json` writes and reads it.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString};
use serde::Serialize;

use crate::ending::stay;
use crate::text::text;

/// A JSON text as it is given, or anything else through `json.dumps`; the core checks what is in
/// it.
pub(crate) fn given(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    match value.cast::<PyString>() {
        Ok(ready) => Ok(text(ready, name)?.into_owned()),
        Err(_) => dumped(value, name),
    }
}

/// The JSON of a value; a `str` becomes a JSON string.
pub(crate) fn dumped(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    let _inside = stay(value.py());
    let dumped = value.py().import("lpconnector._json")?.call_method1("dumps", (value, name))?;
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
    let _inside = stay(value.py());
    let dumped = value.py().import("lpconnector._json")?.call_method1("ascii", (value, name))?;
    Ok(dumped.cast::<PyString>()?.to_cow()?.into_owned().into_bytes())
}

/// What a JSON text says; `None` for what is none.
pub(crate) fn loaded(py: Python<'_>, json: &[u8]) -> PyResult<Py<PyAny>> {
    // As the core reads JSON: in UTF-8 alone.
    let text = std::str::from_utf8(json).unwrap_or_default();
    if text.is_empty() {
        return Ok(py.None());
    }
    let _inside = stay(py);
    Ok(py.import("lpconnector._json")?.call_method1("loads", (text,))?.unbind())
}

/// What the core tells, as a dictionary.
pub(crate) fn of<'py>(py: Python<'py>, told: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(told);
    let text = text.map_err(|why| PyRuntimeError::new_err(why.to_string()))?;
    let _inside = stay(py);
    py.import("json")?.call_method1("loads", (text,))
}

/// What a JSON text says, read when it is asked for first and then kept.
pub(crate) struct Loaded(PyOnceLock<Py<PyAny>>);

impl Loaded {
    pub(crate) fn new() -> Loaded {
        Loaded(PyOnceLock::new())
    }

    pub(crate) fn of<'py>(&self, py: Python<'py>, json: &[u8]) -> PyResult<&Bound<'py, PyAny>> {
        Ok(self.0.get_or_try_init(py, || loaded(py, json))?.bind(py))
    }
}
