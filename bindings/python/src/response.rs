//! `Response`: what the service answered.

use pyo3::prelude::*;

use crate::json::Loaded;

/// The service's answer to a request that it accepted.
#[pyclass(frozen, module = "lpconnector")]
pub(crate) struct Response {
    core: lpconnector::Response,
    body: Loaded,
}

#[pymethods]
impl Response {
    /// The id of the request that this answers; for a batch, that of its first request.
    #[getter]
    fn request_id(&self) -> &str {
        self.core.request_id()
    }

    /// The HTTP status, any of 200 to 299.
    #[getter]
    fn http_status(&self) -> u16 {
        self.core.http_status()
    }

    /// The code as the service wrote it, mostly "OK".
    #[getter]
    fn code(&self) -> &str {
        self.core.code()
    }

    /// `body.sequence` of the answer, handed on as it came; `None` if absent, and for a batch.
    #[getter]
    fn sequence(&self) -> Option<i64> {
        self.core.sequence()
    }

    /// The answer's body, from JSON: mostly a dict, sometimes a text; for a
    /// batch, the list of all answers.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        self.body.of(py, self.core.body().as_bytes())
    }

    /// The bytes of the whole answer.
    #[getter]
    fn raw(&self) -> &[u8] {
        self.core.raw()
    }

    /// How often the request was sent until this answer came.
    #[getter]
    fn attempts(&self) -> u32 {
        self.core.attempts()
    }

    fn __repr__(&self) -> String {
        let (id, code) = (self.core.request_id(), self.core.code());
        format!("<lpconnector.Response request_id={id:?} code={code:?}>")
    }
}

impl Response {
    pub(crate) fn new(core: lpconnector::Response) -> Response {
        Response { core, body: Loaded::new() }
    }
}
