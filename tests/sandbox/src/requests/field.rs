//! cm.UpdateConversationField: closing, rating, and how urgent it is.

use std::slice;

use serde_json::Value;

use crate::cloud::site::Site;
use crate::model::conversation::{Closing, Conversation};
use crate::protocol::envelope::Envelope;
use crate::protocol::refusal::Refusal;

/// The fields that close something.
const CLOSING: [&str; 3] = ["ConversationStateField", "Stage", "DialogChange"];
/// What the others are answered with.
const UPDATED: &str = "OK Conversation field updated";

/// Updates the fields, and gives back the text that it is answered with.
pub(crate) fn update(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
) -> Result<Value, Refusal> {
    let conversation = site.conversation(envelope.text("conversationId")?, consumer_id)?;
    // One object, or an array of them as the Window API has it.
    let fields = match envelope.body.get("conversationField") {
        Some(Value::Array(fields)) if !fields.is_empty() => fields.as_slice(),
        Some(field @ Value::Object(_)) => slice::from_ref(field),
        _ => return Err(invalid("conversationField must be an object, or an array of objects")),
    };
    // All or nothing: the fields change a copy.
    let mut updated = conversation.clone();
    let mut told = false;
    for field in fields {
        told |= apply(&mut updated, &envelope.id, field)?;
    }
    let closed = updated.dialogs.open() != conversation.dialogs.open();
    *conversation = updated;
    let conversation_id = conversation.id.clone();
    if closed {
        site.closed(&conversation_id);
    } else if told {
        site.changed(&conversation_id);
    }
    let closing = |field: &Value| CLOSING.iter().any(|name| field["field"] == *name);
    let resolved = fields.iter().any(closing);
    Ok(if resolved { "OK Conversation resolved successfully" } else { UPDATED }.into())
}

/// Gives back whether there is something to tell, apart from what is closed.
fn apply(
    conversation: &mut Conversation,
    request_id: &str,
    field: &Value,
) -> Result<bool, Refusal> {
    let name = field["field"].as_str().ok_or_else(|| invalid("field must be a string"))?;
    match name {
        "ConversationStateField" | "Stage" => {
            if field["conversationState"] != "CLOSE" {
                return Err(invalid("conversationState must be CLOSE"));
            }
            let closing = if name == "Stage" { Closing::Stage } else { Closing::State };
            conversation.close_as_consumer(request_id, closing, None)?;
        }
        "DialogChange" => close_dialog(conversation, request_id, field)?,
        "CSATRate" => {
            check_rating(field)?;
            conversation.rate(field.clone());
            return Ok(true);
        }
        "TTRField" => {
            set_ttr(conversation, field)?;
            return Ok(true);
        }
        // What other names mean is the service's to know.
        _ => {}
    }
    Ok(false)
}

fn close_dialog(
    conversation: &mut Conversation,
    request_id: &str,
    field: &Value,
) -> Result<(), Refusal> {
    let dialog = &field["dialog"];
    if field["type"] != "UPDATE" || dialog["state"] != "CLOSE" {
        return Err(invalid("A DialogChange must be of type UPDATE with the dialog's state CLOSE"));
    }
    let dialog_id =
        dialog["dialogId"].as_str().ok_or_else(|| invalid("dialogId must be a string"))?;
    let cause = match &dialog["closedCause"] {
        Value::Null => None,
        cause => Some(cause.as_str().ok_or_else(|| invalid("closedCause must be a string"))?),
    };
    conversation.close_as_consumer(request_id, Closing::Dialog(dialog_id.to_owned()), cause)
}

fn check_rating(field: &Value) -> Result<(), Refusal> {
    let status = &field["status"];
    if !status.is_null() && !status.is_string() {
        return Err(invalid("status must be a string"));
    }
    let rate = &field["csatRate"];
    // Who leaves the question out has no rate to send.
    let optional = status.is_string() && status != "FILLED" && rate.is_null();
    if !optional && !rate.as_f64().is_some_and(|rate| (1.0..=5.0).contains(&rate)) {
        return Err(invalid("csatRate must be a number from 1 to 5"));
    }
    let confirmation = &field["csatResolutionConfirmation"];
    if !confirmation.is_null() && !confirmation.is_boolean() {
        return Err(invalid("csatResolutionConfirmation must be true or false"));
    }
    Ok(())
}

fn set_ttr(conversation: &mut Conversation, field: &Value) -> Result<(), Refusal> {
    let (name, value) = (&field["ttrType"], &field["value"]);
    if !name.is_string() {
        return Err(invalid("ttrType must be a string"));
    }
    if !value.is_null() && !value.as_f64().is_some_and(|seconds| seconds >= 0.0) {
        return Err(invalid("value of TTRField must be a number of seconds from 0 on"));
    }
    conversation.set_ttr(name.clone(), value.clone())
}

fn invalid(details: &str) -> Refusal {
    Refusal::invalid("Invalid conversation field", details)
}
