//! ms.PublishEvent: what a consumer can publish into a dialog.

use serde_json::{Map, Value};

use crate::account::{Conversation, Event, Site};
use crate::envelope::Envelope;
use crate::options::Sequence;
use crate::refusal::Refusal;

const CHAT_STATES: [&str; 5] = ["ACTIVE", "INACTIVE", "GONE", "COMPOSING", "PAUSE"];
const ACCEPT_STATES: [&str; 5] = ["ACCEPT", "READ", "ACCESS", "NACK", "ACTION"];
const MAX_PREVIEW_BYTES: usize = 30 * 1024;

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
    add(conversation, dialog_id.to_owned(), envelope, sequence)
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
    let conversation = site.conversation(conversation_id, consumer_id)?;
    add(conversation, conversation_id.to_owned(), envelope, sequence)
}

fn add(
    conversation: &mut Conversation,
    dialog_id: String,
    envelope: &Envelope,
    sequence: Sequence,
) -> Result<Value, Refusal> {
    let event = envelope
        .body
        .get("event")
        .and_then(Value::as_object)
        .ok_or_else(|| invalid("event is missing"))?;
    check(event)?;
    let event = Event::new(
        dialog_id,
        envelope.id.clone(),
        Value::Object(event.clone()),
        envelope.metadata.clone(),
    );
    let number = conversation.publish(event)?;
    Ok(conversation.acknowledge(&envelope.id, number, sequence))
}

fn check(event: &Map<String, Value>) -> Result<(), Refusal> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    match text("type") {
        Some("ContentEvent") => match text("contentType") {
            Some("text/plain") if text("message").is_some() => Ok(()),
            Some("text/plain") => Err(invalid("message must be a string")),
            Some("hosted/file") => check_file(event.get("message").unwrap_or(&Value::Null)),
            _ => Err(invalid("contentType must be text/plain or hosted/file")),
        },
        Some("RichContentEvent") if event.get("content").is_some_and(Value::is_object) => Ok(()),
        Some("RichContentEvent") => Err(invalid("content must be an object")),
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

fn check_file(file: &Value) -> Result<(), Refusal> {
    for name in ["relativePath", "fileType"] {
        if file[name].as_str().is_none_or(str::is_empty) {
            return Err(Refusal::invalid(
                "Invalid event",
                format!("{name} of the file must be a string"),
            ));
        }
    }
    if !file["caption"].is_null() && !file["caption"].is_string() {
        return Err(invalid("caption of the file must be a string"));
    }
    if file["preview"].is_null() {
        return Ok(());
    }
    let preview = file["preview"].as_str().filter(|preview| preview.starts_with("data:image/"));
    let preview =
        preview.ok_or_else(|| invalid("preview of the file must be a data URL of an image"))?;
    // Three bytes of the image take four characters of base64.
    let encoded = preview.split_once(',').map_or(preview, |(_, encoded)| encoded);
    if encoded.len() / 4 * 3 > MAX_PREVIEW_BYTES {
        return Err(invalid("preview of the file must be under 30 KB"));
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
