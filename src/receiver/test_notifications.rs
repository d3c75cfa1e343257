//! Notifications for the tests of this floor.

use std::fmt::Display;

use crate::protocol::notification::Notification;

/// A text, in a conversation whose one dialog has its name.
pub(crate) fn text(conversation: &str, sequence: i64, message: impl Display) -> Notification {
    let body = format!(
        r#"{{"kind":"notification","type":"ms.MessagingEventNotification","body":{{"changes":[
        {{"sequence":{sequence},"conversationId":"{conversation}","dialogId":"{conversation}",
        "event":{{"type":"ContentEvent","contentType":"text/plain","message":"{message}"}}}}]}}}}"#
    );
    Notification::parse(body.as_bytes()).unwrap()
}

/// Somebody types: without a sequence or a time.
pub(crate) fn typing() -> Notification {
    let body = br#"{"type":"ms.MessagingEventNotification","body":{"changes":[{"dialogId":"d",
        "event":{"type":"ChatStateEvent","chatState":"COMPOSING"}}]}}"#;
    Notification::parse(body).unwrap()
}
