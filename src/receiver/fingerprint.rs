//! By what a notification is known again when it comes a second time.

use ring::digest::{SHA256, digest};

use crate::protocol::notification::Notification;
use crate::protocol::notification_event::EventKind;
use crate::store::change::Fingerprint;

/// Of its account, and of conversation, sequence and event of all its events, which is all of it but
/// what the service may write anew.
pub(crate) fn fingerprint(notification: &Notification) -> Fingerprint {
    let mut text = format!("{} {}", notification.account_id(), notification.type_name());
    for event in notification.events() {
        let sequence = event.sequence().unwrap_or(-1);
        text.push_str(&format!("\n{} {sequence} {}", event.conversation_id(), event.json()));
    }
    // What could not be read has no JSON to tell it by.
    if notification.events().iter().all(|event| event.json().is_empty()) {
        text.push_str(&String::from_utf8_lossy(notification.raw()));
    }
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    fingerprint
}

/// Whether the same fingerprint means the same notification. Chat states without a time all look
/// alike.
pub(crate) fn can_be_told_apart(notification: &Notification) -> bool {
    notification.events().iter().all(|event| {
        event.kind() != EventKind::ChatState
            || event.sequence().is_some()
            || event.timestamp_ms().is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::test_notifications::{text, typing};

    #[test]
    fn account_conversation_sequence_and_event_tell_notifications_apart() {
        let one = text("c", 1, "a").with_account("le1");
        assert_eq!(fingerprint(&one), fingerprint(&text("c", 1, "a").with_account("le1")));
        for other in [
            text("c", 1, "a").with_account("le2"),
            text("d", 1, "a").with_account("le1"),
            text("c", 2, "a").with_account("le1"),
            text("c", 1, "b").with_account("le1"),
        ] {
            assert_ne!(fingerprint(&one), fingerprint(&other));
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_bytes() {
        let [one, other] = [&b"\xff one"[..], b"\xff other"].map(|raw| Notification::signed(raw).0);
        assert_ne!(fingerprint(&one), fingerprint(&other));
    }

    #[test]
    fn a_chat_state_without_a_time_may_be_any() {
        assert!(!can_be_told_apart(&typing()));
        assert!(can_be_told_apart(&text("c", 1, "a")));
        let timed = br#"{"type":"ms.MessagingEventNotification","body":{"changes":[{"dialogId":"d",
            "serverTimestamp":1,"event":{"type":"ChatStateEvent","chatState":"COMPOSING"}}]}}"#;
        assert!(can_be_told_apart(&Notification::parse(timed).unwrap()));
    }
}
