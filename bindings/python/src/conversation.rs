//! `Conversation`: what the consumer says.

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::raise;
use crate::input::text;
use crate::response::Response;

/// One conversation of a consumer, in one of its dialogs.
///
/// May be used from any number of threads at once: sends go out one at a time, those of one thread
/// in their order.
#[pyclass(frozen, module = "lpconnector")]
pub(crate) struct Conversation {
    core: lpconnector::Conversation,
}

#[pymethods]
impl Conversation {
    /// The conversation's id.
    #[getter]
    fn id(&self) -> &str {
        self.core.id()
    }

    /// The id of the dialog that this object sends to; that of the first dialog is the
    /// conversation's.
    #[getter]
    fn dialog_id(&self) -> &str {
        self.core.dialog_id()
    }

    /// Sends a text as the consumer.
    fn send_text(&self, text: &Bound<'_, PyString>) -> PyResult<Response> {
        let py = text.py();
        let text = self::text(text, "text")?;
        let response = py.detach(|| self.core.send_text(&text));
        response.map(Response::new).map_err(|error| raise(py, &error))
    }

    /// Closes the conversation. Later sends raise `Closed`.
    fn close(&self, py: Python<'_>) -> PyResult<Response> {
        let response = py.detach(|| self.core.close());
        response.map(Response::new).map_err(|error| raise(py, &error))
    }

    fn __repr__(&self) -> String {
        format!("<lpconnector.Conversation id={:?}>", self.core.id())
    }
}

impl Conversation {
    pub(crate) fn new(core: lpconnector::Conversation) -> Conversation {
        Conversation { core }
    }
}
