//! Options of the core: from keywords, the environment and files.

use std::path::Path;

use lpconnector::Config;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyList, PyMapping, PyString, PyTuple};

use crate::call::detached;
use crate::ending::stay;
use crate::error::{as_keywords, missing, raise_as_written, raise_with};
use crate::json::dumped;
use crate::log;
use crate::text::{self, text};

/// A configuration with the keywords; `None` is as if not given.
pub(crate) fn of_keywords(
    py: Python<'_>,
    keywords: Option<&Bound<'_, PyDict>>,
) -> PyResult<Config> {
    with_keywords(py, Config::new(), keywords)
}

/// A configuration with the options that the environment has, and the keywords on top.
pub(crate) fn of_env(py: Python<'_>, keywords: Option<&Bound<'_, PyDict>>) -> PyResult<Config> {
    let mut config = Config::new();
    config.load_env().map_err(|error| raise_as_written(py, &error))?;
    with_keywords(py, config, keywords)
}

/// A configuration with the options of a file, and the keywords on top.
pub(crate) fn of_file(
    path: &Bound<'_, PyAny>,
    keywords: Option<&Bound<'_, PyDict>>,
) -> PyResult<Config> {
    let py = path.py();
    let path = text::path(path, "path")?;
    let path: &Path = &path;
    let mut config = Config::new();
    let loaded = detached(py, || config.load_file(path));
    loaded.map_err(|error| raise_as_written(py, &error))?;
    with_keywords(py, config, keywords)
}

/// The configuration with the keywords on top, and with the package's logger.
fn with_keywords(
    py: Python<'_>,
    mut config: Config,
    keywords: Option<&Bound<'_, PyDict>>,
) -> PyResult<Config> {
    let _inside = stay(py);
    for (name, value) in keywords.into_iter().flatten() {
        if value.is_none() {
            continue;
        }
        let name = text(name.cast::<PyString>()?, "the name of an option")?;
        let key = name.replace('_', ".");
        config
            .set(&key, &option(&value, &name)?)
            .map_err(|error| raise_with(py, &error, &as_keyword(error.message(), &key)))?;
    }
    log::listen(py, &mut config)?;
    Ok(config)
}

/// A program that names the credentials means to have some, even where it has `None`, as from an
/// environment that lacks them; one that does not may set them later.
pub(crate) fn check_secret(
    py: Python<'_>,
    config: &Config,
    keywords: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    let has = |key| config.get(key).is_some_and(|value| !value.is_empty());
    let names = |name| keywords.map_or(Ok(false), |keywords| keywords.contains(name));
    if has("client.id") || has("client.secret") || has("app.jwt") {
        return Ok(());
    }
    if names("client_id")? || names("client_secret")? || names("app_jwt")? {
        let message = "no secret: client_id and client_secret are None, and so is app_jwt; without \
                       any, leave them out and call set_credentials or set_app_jwt";
        return Err(missing(py, message));
    }
    Ok(())
}

/// A message about one option, which may not exist, with its name as the keyword has it.
fn as_keyword(message: &str, given: &str) -> String {
    as_keywords(&message.replace(&format!("'{given}'"), &format!("'{}'", given.replace('.', "_"))))
}

/// An option's value as text: `True` is `true`, a list is its items with commas between them, a
/// mapping is JSON.
fn option(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    // Before `str()` is asked, because a string that is an enum has another one.
    if let Ok(string) = value.cast::<PyString>() {
        return Ok(text(string, name)?.into_owned());
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(flag.is_true().to_string());
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items: PyResult<Vec<String>> =
            value.try_iter()?.map(|item| option(&item?, name)).collect();
        return Ok(items?.join(","));
    }
    if value.cast::<PyMapping>().is_ok() {
        return dumped(value, name);
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(value.str()?.to_cow()?.into_owned());
    }
    // A path, or a TypeError that says what it is not.
    let path = value.py().import("os")?.call_method1("fspath", (value,)).map_err(|_| {
        let kind = value.get_type();
        PyTypeError::new_err(format!("{name} takes no {kind}"))
    })?;
    match path.cast::<PyString>() {
        Ok(path) => Ok(text(path, name)?.into_owned()),
        Err(_) => Err(PyTypeError::new_err(format!("{name} takes str, not {}", value.get_type()))),
    }
}
