//! `Update`: what a connector tells.

use std::hash::{DefaultHasher, Hash, Hasher};

use lpconnector::UpdateKind;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::ending::stay;
use crate::error::{invalid, raise};
use crate::notification::{Notification, Reduced};

/// Something that the program must know and acknowledge.
#[pyclass(frozen, module = "lpconnector")]
pub(crate) struct Update {
    /// By which its connector knows it; of one that was pickled there is none.
    core: Option<lpconnector::Update>,
    told: Told,
    is_repeat: bool,
    /// An exception that nobody ever raised.
    error: Option<Py<PyAny>>,
    notification: Option<Py<Notification>>,
}

/// What an update tells in numbers and texts.
#[derive(Clone, PartialEq, Hash, FromPyObject, IntoPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Told {
    kind: i32,
    consumer_id: String,
    conversation_id: String,
    dialog_id: String,
    key: Option<String>,
    sequence: Option<i64>,
    attempts: u32,
}

/// What is pickled of an update, besides what it tells.
type Kept = (Told, bool, Option<Py<PyAny>>, Option<Py<Notification>>);

#[pymethods]
impl Update {
    /// An action that had a key was sent.
    #[classattr]
    #[pyo3(name = "SENT")]
    fn sent(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        kind(py, UpdateKind::Sent as i32)
    }

    /// An action was not sent and never will be.
    #[classattr]
    #[pyo3(name = "FAILED")]
    fn failed(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        kind(py, UpdateKind::Failed as i32)
    }

    /// A conversation was opened for the consumer.
    #[classattr]
    #[pyo3(name = "OPENED")]
    fn opened(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        kind(py, UpdateKind::Opened as i32)
    }

    /// Something happened in the consumer's conversation.
    #[classattr]
    #[pyo3(name = "EVENT")]
    fn happened(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        kind(py, UpdateKind::Event as i32)
    }

    /// The consumer's conversation is over.
    #[classattr]
    #[pyo3(name = "CLOSED")]
    fn closed(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        kind(py, UpdateKind::Closed as i32)
    }

    /// What it is about.
    #[getter]
    fn kind<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        kind(py, self.told.kind)
    }

    /// The consumer, as the program calls it.
    #[getter]
    fn consumer_id(&self) -> &str {
        &self.told.consumer_id
    }

    /// The conversation; empty where there is none.
    #[getter]
    fn conversation_id(&self) -> &str {
        &self.told.conversation_id
    }

    /// The dialog in it; empty where there is none.
    #[getter]
    fn dialog_id(&self) -> &str {
        &self.told.dialog_id
    }

    /// The program's own id of the action, of `SENT` and `FAILED`; `None` if it had none.
    #[getter]
    fn key(&self) -> Option<&str> {
        self.told.key.as_deref()
    }

    /// The sequence that the service gave the message, or that the event has; `None` if none.
    #[getter]
    fn sequence(&self) -> Option<i64> {
        self.told.sequence
    }

    /// How many requests it took since the connector was made; 0 where none was made.
    #[getter]
    fn attempts(&self) -> u32 {
        self.told.attempts
    }

    /// Whether it may have been given out before.
    #[getter]
    fn is_repeat(&self) -> bool {
        self.is_repeat
    }

    /// Why it failed, of `FAILED`: an exception that may be raised, a new one each time; otherwise
    /// `None`.
    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(error) = &self.error else { return Ok(None) };
        let _inside = stay(py);
        // One that was raised holds frames, and those hold this.
        py.import("copy")?.call_method1("copy", (error,)).map(Some)
    }

    /// A notification with the one event that it is about; `None` where it is about none.
    #[getter]
    fn notification(&self) -> Option<&Py<Notification>> {
        self.notification.as_ref()
    }

    /// The event that it is about; `None` where it is about none.
    #[getter]
    fn event<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(notification) = &self.notification else { return Ok(None) };
        let events = notification.bind(py).getattr("events")?.cast_into::<PyList>()?;
        events.get_item(0).map(Some)
    }

    /// By what it tells, however often it was given out.
    fn __eq__(&self, other: &Bound<'_, Update>) -> PyResult<bool> {
        let (py, other) = (other.py(), other.get());
        let notifications =
            [self, other].map(|one| one.notification.as_ref().map(|it| it.bind(py)));
        let is_same_notification = match notifications {
            [Some(one), Some(other)] => one.eq(other)?,
            [one, other] => one.is_none() && other.is_none(),
        };
        Ok(self.told == other.told
            && is_same_notification
            && self.fields(py)?.eq(other.fields(py)?)?)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.told.hash(&mut hasher);
        hasher.finish()
    }

    /// It never changes: a copy is itself, and its connector knows it.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    /// What it tells: in another process its connector does not know it.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, Kept>> {
        let told = py.import("lpconnector._lpconnector")?.getattr("_told")?;
        let error = self.error.as_ref().map(|error| error.clone_ref(py));
        let notification = self.notification.as_ref().map(|it| it.clone_ref(py));
        Ok((told, (self.told.clone(), self.is_repeat, error, notification)))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        // Messages are the consumer's own: they stay out of logs.
        let (kind, told) = (self.kind(py)?.getattr("name")?, &self.told);
        let (consumer, conversation) = (&told.consumer_id, &told.conversation_id);
        let key = told.key.as_ref().map_or("None".to_owned(), |key| format!("{key:?}"));
        Ok(format!(
            "<lpconnector.Update kind={kind} consumer_id={consumer:?} \
             conversation_id={conversation:?} key={key}>"
        ))
    }
}

impl Update {
    pub(crate) fn of(py: Python<'_>, core: lpconnector::Update) -> PyResult<Update> {
        let told = Told {
            kind: core.kind() as i32,
            consumer_id: core.consumer_id().to_owned(),
            conversation_id: core.conversation_id().to_owned(),
            dialog_id: core.dialog_id().to_owned(),
            key: core.key().map(str::to_owned),
            sequence: core.sequence(),
            attempts: core.attempts(),
        };
        let error = core.error().map(|error| raise(py, error).into_value(py).into_any());
        let notification = core.notification().cloned().map(Notification::new);
        let notification = notification.map(|it| Py::new(py, it)).transpose()?;
        Ok(Update { is_repeat: core.is_repeat(), core: Some(core), told, error, notification })
    }

    /// As its connector knows it.
    pub(crate) fn core(&self, py: Python<'_>) -> PyResult<&lpconnector::Update> {
        let unknown = || invalid(py, "the update did not come from this connector".to_owned());
        self.core.as_ref().ok_or_else(unknown)
    }

    /// What the error says: exceptions themselves are never equal.
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = stay(py);
        match &self.error {
            Some(error) => error.bind(py).call_method0("__reduce__"),
            None => Ok(py.None().into_bound(py)),
        }
    }
}

/// An update that was pickled.
#[pyfunction]
#[pyo3(name = "_told")]
pub(crate) fn told(
    told: Told,
    is_repeat: bool,
    error: Option<Py<PyAny>>,
    notification: Option<Py<Notification>>,
) -> Update {
    Update { core: None, told, is_repeat, error, notification }
}

fn kind(py: Python<'_>, number: i32) -> PyResult<Bound<'_, PyAny>> {
    let _inside = stay(py);
    py.import("lpconnector._enums")?.getattr("UpdateKind")?.call1((number,))
}
