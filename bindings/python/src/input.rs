//! What Python passes in, as the core takes it.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::error::invalid;

/// The text of a `str`; one with lone surrogates is no text that can be sent.
pub(crate) fn text<'a>(value: &'a Bound<'_, PyString>, name: &str) -> PyResult<Cow<'a, str>> {
    value.to_cow().map_err(|_| {
        invalid(value.py(), format!("{name} has lone surrogates, which are not valid Unicode text"))
    })
}

/// As [`text`], for an argument that may be `None`.
pub(crate) fn optional_text<'a>(
    value: Option<&'a Bound<'_, PyString>>,
    name: &str,
) -> PyResult<Option<Cow<'a, str>>> {
    value.map(|value| text(value, name)).transpose()
}

/// JSON that is ready as `str` or `bytes`, or anything that `json.dumps` takes.
pub(crate) fn json(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    if let Ok(string) = value.cast::<PyString>() {
        return Ok(text(string, "request")?.into_owned().into_bytes());
    }
    let dumped = value.py().import("json")?.call_method1("dumps", (value,))?;
    Ok(dumped.cast::<PyString>()?.to_cow()?.into_owned().into_bytes())
}
