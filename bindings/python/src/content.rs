//! What events hold, as the classes of `lpconnector._content`.

use lpconnector::{Dialog, EventContent, Participant};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::input::loaded;

/// The content of an event; `None` for one of a type that has no class.
pub(crate) fn of(py: Python<'_>, content: &EventContent) -> PyResult<Py<PyAny>> {
    let fields = PyDict::new(py);
    let class = match content {
        EventContent::Text(text) => {
            fields.set_item("message", &text.message)?;
            fields.set_item("quick_replies", optional(py, &text.quick_replies)?)?;
            "TextContent"
        }
        EventContent::File(file) => {
            fields.set_item("relative_path", &file.relative_path)?;
            fields.set_item("url", &file.url)?;
            fields.set_item("caption", &file.caption)?;
            fields.set_item("file_type", &file.file_type)?;
            fields.set_item("preview", &file.preview)?;
            "FileContent"
        }
        EventContent::RichContent(rich) => {
            fields.set_item("content", optional(py, &rich.content)?)?;
            fields.set_item("quick_replies", optional(py, &rich.quick_replies)?)?;
            "RichContent"
        }
        EventContent::ChatState(state) => {
            let known = state.state.map(|_| named(py, "ChatState", &state.name)).transpose()?;
            fields.set_item("state", known)?;
            fields.set_item("name", &state.name)?;
            "ChatStateContent"
        }
        EventContent::AcceptStatus(status) => {
            let known =
                status.status.map(|_| named(py, "AcceptStatus", &status.name)).transpose()?;
            fields.set_item("status", known)?;
            fields.set_item("name", &status.name)?;
            fields.set_item("sequences", &status.sequences)?;
            "AcceptStatusContent"
        }
        EventContent::Conversation(told) => {
            fields.set_item("change", &told.change)?;
            fields.set_item("state", &told.state)?;
            fields.set_item("stage", &told.stage)?;
            fields.set_item("close_reason", &told.close_reason)?;
            fields.set_item("brand_id", &told.brand_id)?;
            fields.set_item("skill_id", &told.skill_id)?;
            fields.set_item("ttr_type", &told.ttr_type)?;
            fields.set_item("ttr_value", told.ttr_value)?;
            fields.set_item("effective_ttr", told.effective_ttr)?;
            fields.set_item("start_ms", told.start_ms)?;
            fields.set_item("end_ms", told.end_ms)?;
            fields.set_item("updated_ms", told.updated_ms)?;
            fields.set_item("participants", participants(py, &told.participants)?)?;
            let dialogs = told.dialogs.iter().map(|told| dialog(py, told));
            fields.set_item("dialogs", dialogs.collect::<PyResult<Vec<_>>>()?)?;
            "ConversationContent"
        }
        _ => return Ok(py.None()),
    };
    Ok(made(py, class, &fields)?.unbind())
}

fn dialog<'py>(py: Python<'py>, told: &Dialog) -> PyResult<Bound<'py, PyAny>> {
    let fields = PyDict::new(py);
    fields.set_item("id", &told.id)?;
    fields.set_item("dialog_type", &told.dialog_type)?;
    fields.set_item("channel_type", &told.channel_type)?;
    fields.set_item("state", &told.state)?;
    fields.set_item("closed_by", &told.closed_by)?;
    fields.set_item("closed_cause", &told.closed_cause)?;
    fields.set_item("start_ms", told.start_ms)?;
    fields.set_item("end_ms", told.end_ms)?;
    fields.set_item("updated_ms", told.updated_ms)?;
    fields.set_item("participants", participants(py, &told.participants)?)?;
    made(py, "Dialog", &fields)
}

fn participants<'py>(py: Python<'py>, all: &[Participant]) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let participant = |one: &Participant| {
        let fields = PyDict::new(py);
        fields.set_item("id", &one.id)?;
        fields.set_item("role", &one.role)?;
        fields.set_item("state", &one.state)?;
        made(py, "Participant", &fields)
    };
    all.iter().map(participant).collect()
}

fn made<'py>(
    py: Python<'py>,
    class: &str,
    fields: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    py.import("lpconnector._content")?.getattr(class)?.call((), Some(fields))
}

/// A member of one of the package's enums, by the name that the core knows, too.
fn named<'py>(py: Python<'py>, of: &str, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("lpconnector._enums")?.getattr(of)?.call1((name,))
}

/// A JSON text of the core, which is empty where there is none.
fn optional(py: Python<'_>, json: &str) -> PyResult<Option<Py<PyAny>>> {
    (!json.is_empty()).then(|| loaded(py, json.as_bytes())).transpose()
}
