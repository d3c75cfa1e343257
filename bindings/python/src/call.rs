//! A call of the core.

use lpconnector::Error;
use pyo3::prelude::*;

use crate::error::raise;

/// Makes a call of the core that may wait, without the GIL; its error becomes an exception.
pub(crate) fn call<T: Send>(
    py: Python<'_>,
    make: impl FnOnce() -> Result<T, Error> + Send,
) -> PyResult<T> {
    py.detach(make).map_err(|error| raise(py, &error))
}
