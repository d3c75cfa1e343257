//! `Notification`: what the service posted to a webhook.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyList};

use crate::content;
use crate::ending::stay;
use crate::json::Loaded;

/// What pickle calls to make an object again, and with what.
pub(crate) type Reduced<'py, Arguments> = (Bound<'py, PyAny>, Arguments);

/// What the service posted to a webhook: one or more events.
#[pyclass(frozen, module = "lpconnector")]
pub(crate) struct Notification {
    core: Arc<lpconnector::Notification>,
    events: PyOnceLock<Py<PyList>>,
    json: Loaded,
}

/// One event of a notification.
#[pyclass(frozen, module = "lpconnector")]
pub(crate) struct NotificationEvent {
    notification: Arc<lpconnector::Notification>,
    index: usize,
    content: PyOnceLock<Py<PyAny>>,
    metadata: Loaded,
    json: Loaded,
}

#[pymethods]
impl Notification {
    /// The type as the service wrote it, such as `ms.MessagingEventNotification`; empty if absent.
    #[getter]
    fn type_name(&self) -> &str {
        self.core.type_name()
    }

    /// The account that it belongs to: of one from a receiver what its header names. Empty if
    /// unknown.
    #[getter]
    fn account_id(&self) -> &str {
        self.core.account_id()
    }

    /// The events, in the order of the changes.
    #[getter]
    fn events<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyList>> {
        let make = || -> PyResult<Py<PyList>> {
            let event = |index| NotificationEvent {
                notification: self.core.clone(),
                index,
                content: PyOnceLock::new(),
                metadata: Loaded::new(),
                json: Loaded::new(),
            };
            let events: PyResult<Vec<_>> =
                (0..self.core.events().len()).map(|index| Py::new(py, event(index))).collect();
            Ok(PyList::new(py, events?)?.unbind())
        };
        Ok(self.events.get_or_try_init(py, make)?.bind(py))
    }

    /// The body as it came.
    #[getter]
    fn raw(&self) -> &[u8] {
        self.core.raw()
    }

    /// The body, from JSON; `None` for one that is none.
    #[getter]
    fn json<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        self.json.of(py, self.core.raw())
    }

    /// By its bytes and its account.
    fn __eq__(&self, other: &Bound<'_, Notification>) -> bool {
        self.kept() == other.get().kept()
    }

    fn __hash__(&self) -> u64 {
        hash_of(self.kept())
    }

    /// It never changes: a copy is itself, and its receiver knows it.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    /// Its bytes and its account: in another process its receiver does not know it.
    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Reduced<'py, (Bound<'py, PyBytes>, &str)>> {
        let kept = py.import("lpconnector._lpconnector")?.getattr("_kept")?;
        Ok((kept, (PyBytes::new(py, self.core.raw()), self.core.account_id())))
    }

    fn __repr__(&self) -> String {
        let (name, count) = (self.core.type_name(), self.core.events().len());
        format!("<lpconnector.Notification type_name={name:?} events={count}>")
    }
}

impl Notification {
    pub(crate) fn new(core: lpconnector::Notification) -> Notification {
        Notification { core: Arc::new(core), events: PyOnceLock::new(), json: Loaded::new() }
    }

    pub(crate) fn core(&self) -> &lpconnector::Notification {
        &self.core
    }

    fn kept(&self) -> (&[u8], &str) {
        (self.core.raw(), self.core.account_id())
    }
}

/// A notification that was pickled.
#[pyfunction]
#[pyo3(name = "_kept")]
pub(crate) fn kept(raw: &[u8], account_id: &str) -> Notification {
    Notification::new(lpconnector::Notification::from_kept(raw, account_id))
}

fn hash_of(content: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

#[pymethods]
impl NotificationEvent {
    /// What the event is about.
    #[getter]
    fn kind<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = stay(py);
        let kinds = py.import("lpconnector._enums")?.getattr("EventKind")?;
        kinds.call1((self.core().kind() as i32,))
    }

    /// The id of the conversation; empty if absent, as where only the dialog is named.
    #[getter]
    fn conversation_id(&self) -> &str {
        self.core().conversation_id()
    }

    /// The id of the dialog; empty if absent, and for the state of a conversation.
    #[getter]
    fn dialog_id(&self) -> &str {
        self.core().dialog_id()
    }

    /// The number of the event in its dialog, from 0 on; `None` if absent, as for a chat state.
    #[getter]
    fn sequence(&self) -> Option<i64> {
        self.core().sequence()
    }

    /// Who caused the event: for a consumer what `Consumer.lp_id` gives. Empty if absent.
    #[getter]
    fn originator_id(&self) -> &str {
        self.core().originator_id()
    }

    /// The role of who caused it, such as `CONSUMER` or `ASSIGNED_AGENT`. Empty if absent.
    #[getter]
    fn originator_role(&self) -> &str {
        self.core().originator_role()
    }

    /// When the service took the event, in milliseconds since 1970, UTC; `None` if absent.
    #[getter]
    fn timestamp_ms(&self) -> Option<i64> {
        self.core().timestamp_ms()
    }

    /// What a person reads of the event: the message, a file's caption, the texts of rich content.
    #[getter]
    fn text(&self) -> &str {
        self.core().text()
    }

    /// The name of the state that the event tells: `COMPOSING`, `READ`, `OPEN`.
    #[getter]
    fn state(&self) -> &str {
        self.core().state()
    }

    /// Who is to see it: `ALL`, or `AGENTS_AND_MANAGERS`. Empty if absent, which means all.
    #[getter]
    fn audience(&self) -> &str {
        self.core().audience()
    }

    /// Whether it says that the whole conversation is over.
    #[getter]
    fn is_closed(&self) -> bool {
        self.core().is_closed()
    }

    /// What the event carries beside its content, from JSON; `None` if absent.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        self.metadata.of(py, self.core().metadata_json().as_bytes())
    }

    /// What the event holds, by its kind; `None` for what has no class.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let make = || content::of(py, self.core().content());
        Ok(self.content.get_or_try_init(py, make)?.bind(py))
    }

    /// The change of the notification that the event is, from JSON; `None` where it is none.
    #[getter]
    fn json<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        self.json.of(py, self.core().json().as_bytes())
    }

    /// By what it says, and the account of its notification.
    fn __eq__(&self, other: &Bound<'_, NotificationEvent>) -> bool {
        let other = other.get();
        let accounts = [&self.notification, &other.notification].map(|one| one.account_id());
        self.core() == other.core() && accounts[0] == accounts[1] && self.bytes() == other.bytes()
    }

    fn __hash__(&self) -> u64 {
        hash_of((self.core().json(), self.notification.account_id(), self.bytes()))
    }

    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    /// Its notification, and which of its events it is.
    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Reduced<'py, (Bound<'py, PyAny>, usize)>> {
        let item = py.import("lpconnector._content")?.getattr("event_of")?;
        let core = self.notification.clone();
        let notification = Notification { core, events: PyOnceLock::new(), json: Loaded::new() };
        Ok((item, (Py::new(py, notification)?.into_bound(py).into_any(), self.index)))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let event = self.core();
        // Messages are the consumer's own: they stay out of logs.
        let (kind, conversation) = (self.kind(py)?.getattr("name")?, event.conversation_id());
        let sequence = event.sequence().map_or("None".to_owned(), |sequence| sequence.to_string());
        Ok(format!(
            "<lpconnector.NotificationEvent kind={kind} conversation_id={conversation:?} \
             sequence={sequence}>"
        ))
    }
}

impl NotificationEvent {
    fn core(&self) -> &lpconnector::NotificationEvent {
        &self.notification.events()[self.index]
    }

    /// What says more than the event's JSON: the whole body, where there is none.
    fn bytes(&self) -> &[u8] {
        if self.core().json().is_empty() { self.notification.raw() } else { &[] }
    }
}
