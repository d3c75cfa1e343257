//! ms.PublishEvent: what a consumer can publish into a dialog.

use std::slice;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::base::options::Sequence;
use crate::cloud::site::Site;
use crate::cloud::storage::Storage;
use crate::model::event::Event;
use crate::protocol::envelope::Envelope;
use crate::protocol::file::check_type;
use crate::protocol::refusal::Refusal;
use crate::protocol::rich;

/// The service counts the base64.
const MAX_PREVIEW_CHARACTERS: usize = 30 * 1024;

/// Publishes into the dialog that the body names, or the first one of the conversation.
pub(crate) fn event(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
    sequence: Sequence,
) -> Result<Value, Refusal> {
    let (conversation_id, dialog_id) =
        (envelope.text_or_empty("conversationId")?, envelope.text_or_empty("dialogId")?);
    // A conversation of its own accord: so a foreign one is refused as such, whatever the dialog.
    let conversation = match (conversation_id, dialog_id) {
        ("", "") => {
            let details = "dialogId may be empty for the first message of a batch, or where there \
                           is a conversationId";
            return Err(Refusal::invalid("Missing parameter", details));
        }
        ("", dialog_id) => site.conversation_of_dialog(dialog_id, consumer_id)?,
        (conversation_id, _) => site.conversation(conversation_id, consumer_id)?,
    };
    let conversation_id = conversation.id.clone();
    // The first dialog has the conversation's id.
    let dialog_id = if dialog_id.is_empty() { &conversation_id } else { dialog_id };
    add(site, consumer_id, &conversation_id, dialog_id, envelope, sequence)
}

/// Publishes the first message of a conversation, from the batch that opened it.
pub(crate) fn first(
    site: &mut Site,
    consumer_id: &str,
    conversation_id: &str,
    envelope: &Envelope,
    sequence: Sequence,
) -> Result<Value, Refusal> {
    if !envelope.text_or_empty("dialogId")?.is_empty() {
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
        originator: conversation.consumer.clone(),
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

/// Refuses what cannot mean anything. Types, states and contents that are not known here pass.
fn check(event: &Map<String, Value>, storage: &Storage) -> Result<(), Refusal> {
    let text = |name: &str| {
        let details = format!("{name} must be a string");
        event.get(name).and_then(Value::as_str).ok_or_else(|| invalid(&details))
    };
    match text("type")? {
        "ContentEvent" => check_content(event, storage),
        "RichContentEvent" => {
            // Every sample has the first, the schema the second.
            let content = event.get("content").or_else(|| event.get("message"));
            rich::check(content.unwrap_or(&Value::Null))
                .map_err(|details| Refusal::invalid("Invalid rich content", details))
        }
        "ChatStateEvent" => text("chatState").map(drop),
        "AcceptStatusEvent" => {
            text("status")?;
            check_sequences(event.get("sequenceList").unwrap_or(&Value::Null))
        }
        _ => Ok(()),
    }
}

fn check_content(event: &Map<String, Value>, storage: &Storage) -> Result<(), Refusal> {
    let message = event.get("message").unwrap_or(&Value::Null);
    let content_type = event.get("contentType").and_then(Value::as_str);
    if !message["relativePath"].is_null() {
        return check_file(message, storage);
    }
    match content_type {
        // The second is the schema's name.
        Some("hosted/file" | "HostedFile") => check_file(message, storage),
        Some("text/plain") if !message.is_string() => Err(invalid("message must be a string")),
        Some(_) => Ok(()),
        None => Err(invalid("contentType must be a string")),
    }
}

fn check_file(file: &Value, storage: &Storage) -> Result<(), Refusal> {
    let path = file["relativePath"]
        .as_str()
        .ok_or_else(|| invalid("relativePath of the file must be a string"))?;
    storage.check_known(path)?;
    let file_type = file["fileType"]
        .as_str()
        .ok_or_else(|| invalid("fileType of the file must be a string"))?;
    check_type(file_type)?;
    if !file["caption"].is_null() && !file["caption"].is_string() {
        return Err(invalid("caption of the file must be a string"));
    }
    check_preview(&file["preview"])
}

fn check_preview(preview: &Value) -> Result<(), Refusal> {
    if preview.is_null() {
        return Ok(());
    }
    let encoded = preview
        .as_str()
        .and_then(|url| url.strip_prefix("data:image/"))
        .and_then(|url| url.split_once(";base64,"))
        .map(|(_, encoded)| encoded)
        .filter(|encoded| STANDARD.decode(encoded).is_ok())
        .ok_or_else(|| invalid("preview of the file must be a base64 data URL of an image"))?;
    if encoded.len() > MAX_PREVIEW_CHARACTERS {
        return Err(invalid("preview of the file must have at most 30 KB of base64"));
    }
    Ok(())
}

/// One number, or an array of them.
fn check_sequences(sequences: &Value) -> Result<(), Refusal> {
    let numbers = match sequences {
        Value::Array(numbers) => numbers.as_slice(),
        one => slice::from_ref(one),
    };
    if numbers.is_empty() || !numbers.iter().all(Value::is_number) {
        return Err(invalid("sequenceList must be an array of at least one sequence number"));
    }
    Ok(())
}

fn invalid(details: &str) -> Refusal {
    Refusal::invalid("Invalid event", details)
}
