//! What events hold, as the classes of `lpconnector._content`.

use lpconnector::{Dialog, EventContent, Participant};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::ending::stay;
use crate::json::loaded;

/// The content of an event; `None` for one of a type that has no class.
pub(crate) fn of(py: Python<'_>, content: &EventContent) -> PyResult<Py<PyAny>> {
    let _inside = stay(py);
    let fields = PyDict::new(py);
    let class = match content {
        EventContent::Text(text) => {
            fields.set_item("message", &text.message)?;
            fields.set_item("quick_replies", loaded(py, text.quick_replies.as_bytes())?)?;
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
            fields.set_item("content", loaded(py, rich.content.as_bytes())?)?;
            fields.set_item("text", &rich.text)?;
            fields.set_item("quick_replies", loaded(py, rich.quick_replies.as_bytes())?)?;
            "RichContent"
        }
        EventContent::SecureForm(form) => {
            fields.set_item("content_type", &form.content_type)?;
            fields.set_item("title", &form.title)?;
            fields.set_item("form_id", &form.form_id)?;
            fields.set_item("invitation_id", &form.invitation_id)?;
            fields.set_item("submission_id", &form.submission_id)?;
            "SecureFormContent"
        }
        EventContent::ChatState(state) => {
            fields.set_item("state", named(py, "ChatState", state.state.as_str())?)?;
            "ChatStateContent"
        }
        EventContent::AcceptStatus(status) => {
            fields.set_item("status", named(py, "AcceptStatus", status.status.as_str())?)?;
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
            fields.set_item("manual_ettr_ms", told.manual_ettr_ms)?;
            let delay = told.delay.as_ref().map(|delay| {
                let fields = PyDict::new(py);
                fields.set_item("kind", &delay.kind)?;
                fields.set_item("till_ms", delay.till_ms)?;
                made(py, "Delay", &fields)
            });
            fields.set_item("delay", delay.transpose()?)?;
            let csat = told.csat.as_ref().map(|csat| {
                let fields = PyDict::new(py);
                fields.set_item("rate", csat.rate)?;
                fields.set_item("resolved", csat.resolved)?;
                fields.set_item("status", &csat.status)?;
                made(py, "Csat", &fields)
            });
            fields.set_item("csat", csat.transpose()?)?;
            fields.set_item("handler_details", loaded(py, told.handler_details.as_bytes())?)?;
            fields.set_item("sent_ms", told.sent_ms)?;
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
    fields.set_item("metadata", loaded(py, told.metadata.as_bytes())?)?;
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

/// A member of one of the package's enums, or a name that it does not have as it is.
fn named<'py>(py: Python<'py>, of: &str, name: &str) -> PyResult<Bound<'py, PyAny>> {
    let enums = py.import("lpconnector._enums")?;
    enums.call_method1("named", (enums.getattr(of)?, name))
}
