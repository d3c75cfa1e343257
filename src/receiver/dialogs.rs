//! The dialogs that a notification tells something of, and where in them.

use std::collections::HashMap;

use crate::protocol::content::EventContent;
use crate::protocol::notification::Notification;
use crate::protocol::notification_event::NotificationEvent;
use crate::store::change::DialogKey;

/// The first and the last sequence that a notification has of one dialog.
pub(crate) struct Span {
    pub dialog: DialogKey,
    pub first: i64,
    pub last: i64,
}

/// The dialogs of the events that have a sequence.
pub(crate) fn spans(notification: &Notification) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for event in notification.events() {
        let Some(sequence) = event.sequence() else { continue };
        let dialog = dialog_of(event);
        let at = *known.entry(dialog).or_insert(spans.len());
        match spans.get_mut(at) {
            Some(span) => {
                span.first = sequence.min(span.first);
                span.last = sequence.max(span.last);
            }
            None => {
                let dialog = key(notification, dialog);
                spans.push(Span { dialog, first: sequence, last: sequence });
            }
        }
    }
    spans
}

/// All dialogs that it tells something of.
pub(crate) fn dialogs(notification: &Notification) -> Vec<DialogKey> {
    let mut names: Vec<&str> = notification.events().iter().flat_map(names).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| key(notification, name)).collect()
}

/// The dialogs of the conversations of which it says that something is over.
pub(crate) fn closed(notification: &Notification) -> Vec<DialogKey> {
    let closing = notification.events().iter().filter(|event| closes(event));
    closing.flat_map(names).map(|name| key(notification, name)).collect()
}

fn closes(event: &NotificationEvent) -> bool {
    let EventContent::Conversation(it) = event.content() else { return false };
    let mut states = it.dialogs.iter().map(|dialog| &dialog.state).chain([&it.state, &it.stage]);
    states.any(|state| state == "CLOSE")
}

fn names(event: &NotificationEvent) -> Vec<&str> {
    match event.content() {
        EventContent::Conversation(it) => {
            // The main dialog has the conversation's name.
            let dialogs = it.dialogs.iter().map(|dialog| dialog.id.as_str());
            dialogs.chain([event.conversation_id()]).filter(|name| !name.is_empty()).collect()
        }
        _ => Some(dialog_of(event)).filter(|name| !name.is_empty()).into_iter().collect(),
    }
}

/// The dialog of an event; its conversation where it does not say.
pub(crate) fn dialog_of(event: &NotificationEvent) -> &str {
    Some(event.dialog_id()).filter(|id| !id.is_empty()).unwrap_or(event.conversation_id())
}

fn key(notification: &Notification, dialog: &str) -> DialogKey {
    (notification.account_id().to_owned(), dialog.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(changes: &str) -> Notification {
        let body = format!(r#"{{"body":{{"changes":[{changes}]}}}}"#);
        Notification::parse(body.as_bytes()).unwrap().with_account("le1")
    }

    fn named(keys: Vec<DialogKey>) -> Vec<String> {
        keys.into_iter().map(|(account, dialog)| format!("{account} {dialog}")).collect()
    }

    #[test]
    fn an_event_is_of_its_dialog_or_else_of_its_conversation() {
        let two = of(r#"{"conversationId":"c","dialogId":"s","sequence":4},
            {"conversationId":"c","sequence":2},{"dialogId":"s","sequence":3},{"dialogId":"t"}"#);
        assert_eq!(named(dialogs(&two)), ["le1 c", "le1 s", "le1 t"]);
        let spans: Vec<_> =
            spans(&two).into_iter().map(|span| (span.dialog.1, span.first, span.last)).collect();
        assert_eq!(spans, [("s".to_owned(), 3, 4), ("c".to_owned(), 2, 2)]);
        assert!(dialogs(&of("7")).is_empty());
    }

    #[test]
    fn the_end_of_a_conversation_is_about_all_its_dialogs() {
        let about = |details: &str| {
            let dialogs = r#""dialogs":[{"dialogId":"s","state":"OPEN"}]"#;
            of(&format!(
                r#"{{"result":{{"convId":"c","conversationDetails":{{{details},{dialogs}}}}}}}"#
            ))
        };
        let survey_begins = about(r#""state":"CLOSE","stage":"OPEN""#);
        assert_eq!(named(closed(&survey_begins)), ["le1 s", "le1 c"]);
        let open = about(r#""state":"OPEN""#);
        assert!(closed(&open).is_empty());
        assert_eq!(named(dialogs(&open)), ["le1 c", "le1 s"]);
    }
}
