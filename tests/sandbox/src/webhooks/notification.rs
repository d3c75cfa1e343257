//! The notifications that tell an endpoint what happened.

use serde_json::{Value, json};

use crate::model::account::Account;
use crate::model::conversation::Conversation;
use crate::model::event::Event;

/// The complete state of a conversation, after it changed.
pub(crate) fn conversation(account: &Account, conversation: &Conversation, now: i64) -> Value {
    let mut result = json!({
        "convId": conversation.id,
        "effectiveTTR": conversation.effective_ttr(),
        "conversationDetails": conversation.details(account),
    });
    let public = |event: &&Event| event.is_content() && !event.private;
    if let Some(event) = conversation.events.iter().rfind(public) {
        result["lastContentEventNotification"] = change(Some(&conversation.id), event);
    }
    let change = json!({"type": "UPSERT", "result": result});
    let mut notification = notification("cqm.ExConversationChangeNotification", change);
    notification["body"]["sentTs"] = now.into();
    notification
}

/// One event; older services leave the conversation's id out.
pub(crate) fn event(conversation_id: Option<&str>, event: &Event) -> Value {
    notification("ms.MessagingEventNotification", change(conversation_id, event))
}

fn change(conversation_id: Option<&str>, event: &Event) -> Value {
    let mut change = json!({
        "originatorId": event.originator.id,
        "originatorMetadata": event.originator.view(),
        "event": event.event,
        "dialogId": event.dialog_id,
    });
    if let Some(conversation_id) = conversation_id {
        change["conversationId"] = conversation_id.into();
    }
    if !event.metadata.is_null() {
        change["metadata"] = event.metadata.clone();
    }
    // The service numbers and times what stays; a chat state does not.
    if let Some(sequence) = event.sequence {
        change["sequence"] = sequence.into();
        change["serverTimestamp"] = event.timestamp.into();
        change["messageAudience"] = event.audience().into();
    }
    change
}

fn notification(kind: &str, change: Value) -> Value {
    json!({"kind": "notification", "type": kind, "body": {"changes": [change]}})
}

/// The conversation or the dialog that a notification is about, wherever it is named.
pub(crate) fn subject(notification: &Value) -> Option<&str> {
    let change = &notification["body"]["changes"][0];
    let places = [&change["conversationId"], &change["result"]["convId"], &change["dialogId"]];
    places.into_iter().find_map(Value::as_str)
}
