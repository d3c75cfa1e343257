//! cm.UpdateConversationField: closing and rating.

use std::slice;

use serde_json::Value;

use crate::account::Site;
use crate::conversation::Conversation;
use crate::envelope::Envelope;
use crate::options::Sequence;
use crate::refusal::Refusal;

pub(crate) fn update(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
    sequence: Sequence,
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
    for field in fields {
        apply(&mut updated, &envelope.id, field)?;
    }
    let closed = updated.open_dialogs() != conversation.open_dialogs();
    *conversation = updated;
    let answer = conversation.acknowledge(&envelope.id, None, sequence);
    let conversation_id = conversation.id.clone();
    if closed {
        site.changed(&conversation_id);
    } else {
        // A rating: the service does not tell, but an agent may wait for it.
        site.news.send_replace(());
    }
    Ok(answer)
}

fn apply(conversation: &mut Conversation, request_id: &str, field: &Value) -> Result<(), Refusal> {
    match field["field"].as_str() {
        Some("ConversationStateField") if field["conversationState"] == "CLOSE" => {
            conversation.close_as_consumer(request_id, None, None)
        }
        Some("ConversationStateField") => Err(invalid("conversationState must be CLOSE")),
        Some("DialogChange") => close_dialog(conversation, request_id, field),
        Some("CSATRate") => rate(conversation, field),
        _ => Err(invalid("field must be ConversationStateField, DialogChange or CSATRate")),
    }
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
    conversation.close_as_consumer(request_id, Some(dialog_id), cause)
}

fn rate(conversation: &mut Conversation, field: &Value) -> Result<(), Refusal> {
    let status = field["status"].as_str().unwrap_or_default();
    if !["FILLED", "PARTIALLY_FILLED", "SKIPPED"].contains(&status) {
        return Err(invalid("status must be FILLED, PARTIALLY_FILLED or SKIPPED"));
    }
    let rate = &field["csatRate"];
    // Who skips the question has no rate to send.
    let optional = status != "FILLED" && rate.is_null();
    if !optional && !rate.as_u64().is_some_and(|rate| (1..=5).contains(&rate)) {
        return Err(invalid("csatRate must be an integer from 1 to 5"));
    }
    let confirmation = &field["csatResolutionConfirmation"];
    if !confirmation.is_null() && !confirmation.is_boolean() {
        return Err(invalid("csatResolutionConfirmation must be true or false"));
    }
    conversation.rate(field.clone());
    Ok(())
}

fn invalid(details: &str) -> Refusal {
    Refusal::invalid("Invalid conversation field", details)
}
