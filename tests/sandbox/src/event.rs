//! Events, and ms.PublishEvent: what a consumer can publish into a dialog.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::account::Site;
use crate::envelope::Envelope;
use crate::options::Sequence;
use crate::participant::{Participant, Role};
use crate::refusal::Refusal;
use crate::rich;
use crate::storage::{self, Storage};

const CHAT_STATES: [&str; 5] = ["ACTIVE", "INACTIVE", "GONE", "COMPOSING", "PAUSE"];
const ACCEPT_STATES: [&str; 5] = ["ACCEPT", "READ", "ACCESS", "NACK", "ACTION"];
const MAX_PREVIEW_BYTES: usize = 30 * 1024;

/// An event that was published into a dialog.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) originator: Participant,
    pub(crate) dialog_id: String,
    /// None: not by a request.
    pub(crate) request_id: Option<String>,
    pub(crate) event: Value,
    pub(crate) metadata: Value,
    /// Not for the consumer.
    pub(crate) private: bool,
    /// In milliseconds since 1970.
    pub(crate) timestamp: i64,
    /// Chat states are not numbered.
    pub(crate) sequence: Option<u64>,
}

impl Event {
    /// Whether it is something to read or look at.
    pub(crate) fn is_content(&self) -> bool {
        matches!(self.event["type"].as_str(), Some("ContentEvent" | "RichContentEvent"))
    }

    /// Its text, if the consumer sent it and it is one.
    pub(crate) fn consumer_text(&self) -> Option<&str> {
        if self.originator.role == Role::Consumer { self.event["message"].as_str() } else { None }
    }

    /// Who sees it.
    pub(crate) fn audience(&self) -> &'static str {
        if self.private { "AGENTS_AND_MANAGERS" } else { "ALL" }
    }

    /// As tests see it.
    pub(crate) fn view(&self) -> Value {
        json!({
            "sequence": self.sequence,
            "originatorId": self.originator.id,
            "role": self.originator.role.name(),
            "audience": self.audience(),
            "dialogId": self.dialog_id,
            "requestId": self.request_id,
            "event": self.event,
            "metadata": self.metadata,
        })
    }
}

/// Publishes into the dialog that the body names.
pub(crate) fn publish(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
    sequence: Sequence,
) -> Result<Value, Refusal> {
    let dialog_id = envelope.text("dialogId")?;
    if dialog_id.is_empty() {
        let details = "dialogId may be empty only for the first message of a batch";
        return Err(Refusal::invalid("Missing parameter", details));
    }
    // A conversation of its own accord: so a foreign one is refused as such, whatever the dialog.
    let conversation = match envelope.body.get("conversationId").filter(|id| !id.is_null()) {
        Some(_) => site.conversation(envelope.text("conversationId")?, consumer_id)?,
        None => site.conversation_of_dialog(dialog_id, consumer_id)?,
    };
    let conversation_id = conversation.id.clone();
    add(site, consumer_id, &conversation_id, dialog_id, envelope, sequence)
}

/// Publishes the first message of a conversation, from the batch that opened it.
pub(crate) fn publish_first(
    site: &mut Site,
    consumer_id: &str,
    conversation_id: &str,
    envelope: &Envelope,
    sequence: Sequence,
) -> Result<Value, Refusal> {
    if !envelope.text("dialogId")?.is_empty() {
        let details = "dialogId must be empty for the first message of a batch";
        return Err(Refusal::invalid("Invalid parameter", details));
    }
    add(site, consumer_id, conversation_id, conversation_id, envelope, sequence)
}

fn add(
    site: &mut Site,
    consumer_id: &str,
    conversation_id: &str,
    dialog_id: &str,
    envelope: &Envelope,
    sequence: Sequence,
) -> Result<Value, Refusal> {
    let event = envelope
        .body
        .get("event")
        .and_then(Value::as_object)
        .ok_or_else(|| invalid("event is missing"))?;
    check(event, &site.storage)?;
    let timestamp = site.clock.millis();
    let conversation = site.conversation(conversation_id, consumer_id)?;
    let number = conversation.publish(Event {
        originator: conversation.consumer().clone(),
        dialog_id: dialog_id.to_owned(),
        request_id: Some(envelope.id.clone()),
        event: Value::Object(event.clone()),
        metadata: envelope.metadata.clone(),
        private: false,
        timestamp,
        sequence: None,
    })?;
    let answer = conversation.acknowledge(&envelope.id, number, sequence);
    site.published(conversation_id);
    Ok(answer)
}

fn check(event: &Map<String, Value>, storage: &Storage) -> Result<(), Refusal> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    match text("type") {
        Some("ContentEvent") => match text("contentType") {
            Some("text/plain") if text("message").is_some() => Ok(()),
            Some("text/plain") => Err(invalid("message must be a string")),
            Some("hosted/file") => {
                check_file(event.get("message").unwrap_or(&Value::Null), storage)
            }
            _ => Err(invalid("contentType must be text/plain or hosted/file")),
        },
        Some("RichContentEvent") => rich::check(event.get("content").unwrap_or(&Value::Null))
            .map_err(|details| Refusal::invalid("Invalid rich content", details)),
        Some("ChatStateEvent")
            if text("chatState").is_some_and(|state| CHAT_STATES.contains(&state)) =>
        {
            Ok(())
        }
        Some("ChatStateEvent") => {
            Err(invalid("chatState must be ACTIVE, INACTIVE, GONE, COMPOSING or PAUSE"))
        }
        Some("AcceptStatusEvent") => check_accept_status(text("status"), event.get("sequenceList")),
        _ => Err(invalid("event is of an unknown type")),
    }
}

fn check_file(file: &Value, storage: &Storage) -> Result<(), Refusal> {
    let path = file["relativePath"]
        .as_str()
        .ok_or_else(|| invalid("relativePath of the file must be a string"))?;
    storage::check_known(storage, path)?;
    let file_type = file["fileType"]
        .as_str()
        .ok_or_else(|| invalid("fileType of the file must be a string"))?;
    storage::check_type(file_type)?;
    if !file["caption"].is_null() && !file["caption"].is_string() {
        return Err(invalid("caption of the file must be a string"));
    }
    check_preview(&file["preview"])
}

fn check_preview(preview: &Value) -> Result<(), Refusal> {
    if preview.is_null() {
        return Ok(());
    }
    let image = preview
        .as_str()
        .and_then(|url| url.strip_prefix("data:image/"))
        .and_then(|url| url.split_once(";base64,"))
        .filter(|(kind, _)| ["png", "jpeg", "gif"].contains(kind))
        .and_then(|(_, encoded)| STANDARD.decode(encoded).ok())
        .ok_or_else(|| {
            invalid("preview of the file must be a base64 data URL of a png, jpeg or gif image")
        })?;
    if image.len() > MAX_PREVIEW_BYTES {
        return Err(invalid("preview of the file must have at most 30 KB"));
    }
    Ok(())
}

fn check_accept_status(status: Option<&str>, sequences: Option<&Value>) -> Result<(), Refusal> {
    if !status.is_some_and(|status| ACCEPT_STATES.contains(&status)) {
        return Err(invalid("status must be ACCEPT, READ, ACCESS, NACK or ACTION"));
    }
    let sequences = sequences.and_then(Value::as_array).filter(|sequences| !sequences.is_empty());
    if !sequences.is_some_and(|sequences| sequences.iter().all(Value::is_u64)) {
        return Err(invalid("sequenceList must be an array of at least one sequence number"));
    }
    Ok(())
}

fn invalid(details: &str) -> Refusal {
    Refusal::invalid("Invalid event", details)
}
