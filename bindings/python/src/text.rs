//! Texts and paths that Python passes in, as the core takes them.

use std::borrow::Cow;
use std::path::PathBuf;

use pyo3::exceptions::{PyTypeError, PyUnicodeError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use crate::ending::stay;
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
        let Ok(item) = item.cast::<PyString>() else {
            let kind = item.get_type();
            return Err(PyTypeError::new_err(format!("{name} takes str in its list, not {kind}")));
        };
        Ok(text(item, name)?.into_owned())
    };
    let _inside = stay(given.py());
    given.try_iter()?.map(|item| one(item?)).collect()
}

/// A file's path: a `str` or an `os.PathLike`.
pub(crate) fn path(value: &Bound<'_, PyAny>, name: &str) -> PyResult<PathBuf> {
    let py = value.py();
    let _inside = stay(py);
    value.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyUnicodeError>(py) {
            return not_unicode(py, name);
        }
        let kind = value.get_type();
        PyTypeError::new_err(format!("{name} takes str or os.PathLike, not {kind}"))
    })
}
