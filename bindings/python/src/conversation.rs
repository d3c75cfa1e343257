//! `Conversation`: what the consumer says.

use std::borrow::Cow;
use std::sync::Arc;

use lpconnector::{Attachment, CsatStatus, Event, Metadata, Profile};
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit};

use crate::call::call;
use crate::error::raise;
use crate::json;
use crate::progress::Progress;
use crate::response::Response;
use crate::text::{optional_text, path, text};

/// One conversation of a consumer, in one of its dialogs.
///
/// May be used from any number of threads at once: sends go out one at a time, those of one thread
/// in their order.
#[pyclass(frozen, module = "lpconnector")]
pub(crate) struct Conversation {
    core: lpconnector::Conversation,
    progress: Arc<Progress>,
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

    /// Sends a text as the consumer. Look at `LpcError.maybe_delivered` before sending it again
    /// after an error.
    fn send_text(&self, text: &Bound<'_, PyString>) -> PyResult<Response> {
        let py = text.py();
        let text = self::text(text, "text")?;
        call(py, || self.core.send_text(&text)).map(Response::new)
    }

    /// Sends any event: a mapping, or JSON that goes out as it is written.
    #[pyo3(signature = (event, *, metadata=None))]
    fn send_event(
        &self,
        event: &Bound<'_, PyAny>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Response> {
        let py = event.py();
        let event =
            Event::from_json(&json::given(event, "event")?).map_err(|error| raise(py, &error))?;
        let metadata = self::metadata(metadata)?;
        call(py, || self.core.send_event(&event, metadata.as_ref())).map(Response::new)
    }

    /// Sends rich content: cards, buttons, carousels and so on, in the vendor's format.
    #[pyo3(signature = (content, *, metadata=None))]
    fn send_rich_content(
        &self,
        content: &Bound<'_, PyAny>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Response> {
        let py = content.py();
        let content = json::given(content, "content")?;
        let metadata = self::metadata(metadata)?;
        call(py, || self.core.send_rich_content(&content, metadata.as_ref())).map(Response::new)
    }

    /// Tells the agent what the consumer is doing. After `COMPOSING` another state must follow, or
    /// the agent sees typing for ever.
    fn send_chat_state(&self, state: &Bound<'_, PyString>) -> PyResult<Response> {
        let py = state.py();
        let state = text(state, "state")?;
        call(py, || self.core.send_chat_state((&*state).into())).map(Response::new)
    }

    /// Tells the agent what became of the messages with these sequences.
    #[pyo3(signature = (status, sequences, *, metadata=None))]
    fn send_accept_status(
        &self,
        status: &Bound<'_, PyString>,
        sequences: Vec<i64>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Response> {
        let py = status.py();
        let status = text(status, "status")?;
        let metadata = self::metadata(metadata)?;
        let status = (&*status).into();
        call(py, || self.core.send_accept_status(status, &sequences, metadata.as_ref()))
            .map(Response::new)
    }

    /// Sends a file, with text beside it and a small picture to show in its place. Its type is the
    /// ending of its name.
    #[pyo3(signature = (path, *, caption=None, preview=None, metadata=None))]
    fn send_file(
        &self,
        path: &Bound<'_, PyAny>,
        caption: Option<&Bound<'_, PyString>>,
        preview: Option<&Bound<'_, PyAny>>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Response> {
        let mut attachment = Attachment::from_path(self::path(path, "path")?);
        if let Some(preview) = preview {
            attachment = attachment.preview_from_path(self::path(preview, "preview")?);
        }
        self.send_attachment(path.py(), attachment, caption, metadata)
    }

    /// As `send_file`, for a file in memory, of a type such as `PNG`; its preview is in memory,
    /// too.
    #[pyo3(signature = (data, file_type, *, caption=None, preview=None, metadata=None))]
    fn send_file_bytes(
        &self,
        data: Cow<'_, [u8]>,
        file_type: &Bound<'_, PyString>,
        caption: Option<&Bound<'_, PyString>>,
        preview: Option<Cow<'_, [u8]>>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Response> {
        let mut attachment = Attachment::from_bytes(&data, text(file_type, "file_type")?);
        if let Some(preview) = &preview {
            attachment = attachment.preview_from_bytes(preview);
        }
        self.send_attachment(file_type.py(), attachment, caption, metadata)
    }

    /// Fetches a file that was sent in the conversation into a file of this machine, in place of
    /// one that is there. Nobody ever sees half of it.
    fn download_file(
        &self,
        relative_path: &Bound<'_, PyString>,
        to_path: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = relative_path.py();
        let relative_path = text(relative_path, "relative_path")?;
        let to_path = path(to_path, "to_path")?;
        call(py, || self.core.download_file(&relative_path, &to_path))
    }

    /// Calls this function with the bytes done and the bytes in all (0: unknown) while files of
    /// this conversation go up or come down; `None` stops that.
    ///
    /// It is called on the thread that sends or fetches the file. What it raises goes to
    /// `sys.unraisablehook` and stops nothing.
    fn set_progress(&self, py: Python<'_>, callback: Option<Py<PyAny>>) -> PyResult<()> {
        if let Some(callback) = &callback
            && !callback.bind(py).is_callable()
        {
            return Err(pyo3::exceptions::PyTypeError::new_err("callback is not callable"));
        }
        self.core.set_progress(callback.is_some().then(|| self.progress.teller()));
        self.progress.set(callback);
        Ok(())
    }

    /// Sets the consumer's profile: what is there replaces what the service knows.
    fn set_profile(&self, profile: &Bound<'_, PyAny>) -> PyResult<Response> {
        let py = profile.py();
        let profile = Profile::from_json(&json::given(profile, "profile")?);
        let profile = profile.map_err(|error| raise(py, &error))?;
        call(py, || self.core.set_profile(&profile)).map(Response::new)
    }

    /// Rates the conversation with 1 to 5 stars, and whether the consumer's matter is resolved.
    /// This is possible after it was closed, too.
    #[pyo3(
        signature = (stars, *, resolved, status=None),
        text_signature = "($self, stars, *, resolved, status='FILLED')"
    )]
    fn rate(
        &self,
        py: Python<'_>,
        stars: i64,
        resolved: bool,
        status: Option<&Bound<'_, PyString>>,
    ) -> PyResult<Response> {
        let status = optional_text(status, "status")?;
        let status = status.map_or(CsatStatus::Filled, |status| (&*status).into());
        call(py, || self.core.rate(stars, resolved, status)).map(Response::new)
    }

    /// Says how urgent the conversation is from now on: the time to respond in seconds, or the
    /// type's usual one.
    #[pyo3(signature = (ttr, seconds=None))]
    fn set_ttr(&self, ttr: &Bound<'_, PyString>, seconds: Option<i64>) -> PyResult<Response> {
        let py = ttr.py();
        let ttr = text(ttr, "ttr")?;
        call(py, || self.core.set_ttr(&*ttr, seconds)).map(Response::new)
    }

    /// Closes the conversation. Later sends raise `Closed`. Where the account has a survey it
    /// begins now: a dialog of its own.
    fn close(&self, py: Python<'_>) -> PyResult<Response> {
        call(py, || self.core.close()).map(Response::new)
    }

    /// Closes the conversation with all its dialogs: no survey follows, and one that runs ends.
    /// Later texts and other events raise `Closed`. This works after `close`, too, as long as a
    /// survey runs.
    fn close_stage(&self, py: Python<'_>) -> PyResult<Response> {
        call(py, || self.core.close_stage()).map(Response::new)
    }

    /// Closes one dialog of the conversation, for example a survey.
    fn close_dialog(&self, dialog_id: &Bound<'_, PyString>) -> PyResult<Response> {
        let py = dialog_id.py();
        let dialog_id = text(dialog_id, "dialog_id")?;
        call(py, || self.core.close_dialog(&dialog_id)).map(Response::new)
    }

    fn __repr__(&self) -> String {
        format!("<lpconnector.Conversation id={:?}>", self.core.id())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.progress.traverse(&visit)
    }

    fn __clear__(&self) {
        self.progress.set(None);
    }
}

impl Conversation {
    pub(crate) fn new(core: lpconnector::Conversation) -> Conversation {
        Conversation { core, progress: Arc::default() }
    }

    fn send_attachment(
        &self,
        py: Python<'_>,
        attachment: Attachment<'_>,
        caption: Option<&Bound<'_, PyString>>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Response> {
        let attachment = match optional_text(caption, "caption")? {
            Some(caption) => attachment.caption(caption),
            None => attachment,
        };
        let attachment = match self::metadata(metadata)? {
            Some(metadata) => attachment.metadata(metadata),
            None => attachment,
        };
        call(py, || self.core.send_file(&attachment)).map(Response::new)
    }
}

fn metadata(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Metadata>> {
    let Some(value) = value else { return Ok(None) };
    let metadata = Metadata::from_json(&json::given(value, "metadata")?);
    metadata.map(Some).map_err(|error| raise(value.py(), &error))
}
