//! The notifications that tell an endpoint what happened.

use serde_json::{Value, json};

use crate::conversation::Conversation;
use crate::event::Event;

/// The complete state of a conversation, after it changed.
pub(crate) fn conversation(account_id: &str, conversation: &Conversation) -> Value {
    let change = json!({"type": "UPSERT", "result": conversation.result(account_id)});
    notification("cqm.ExConversationChangeNotification", change)
}

/// One event.
pub(crate) fn event(conversation_id: &str, event: &Event) -> Value {
    let mut change = json!({
        "originatorId": event.originator.id,
        "originatorMetadata": event.originator.view(),
        "event": event.event,
        "conversationId": conversation_id,
        "dialogId": event.dialog_id,
    });
    // The service numbers and times what stays; a chat state does not.
    if let Some(sequence) = event.sequence {
        change["sequence"] = sequence.into();
        change["serverTimestamp"] = event.timestamp.into();
        change["messageAudience"] = event.audience().into();
    }
    notification("ms.MessagingEventNotification", change)
}

fn notification(kind: &str, change: Value) -> Value {
    json!({"kind": "notification", "type": kind, "body": {"changes": [change]}})
}

/// The conversation that a notification is about, wherever it is named.
pub(crate) fn conversation_id(body: &[u8]) -> Option<String> {
    let notification: Value = serde_json::from_slice(body).ok()?;
    let change = &notification["body"]["changes"][0];
    let places = [&change["conversationId"], &change["result"]["convId"], &change["dialogId"]];
    places.into_iter().find_map(Value::as_str).map(str::to_owned)
}
