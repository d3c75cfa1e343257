//! What anybody can post to a webhook, and the signatures beside it.
//!
//! An input is a signature, a line feed, and a body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lpconnector::{Notification, Status, verify_webhook};
use oracle::memory::bounded;
use oracle::secrets::CLIENT_SECRET;
use oracle::signing;
use serde_json::Value;
use serde_json::value::RawValue;

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (signature, body) = input.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    // An event has a dozen fields of its own; what they hold is a part of the body.
    let read = bounded(64 * 1024 + 256 * body.len(), || Notification::parse(body));
    match read {
        Ok(notification) => holds(&notification, body),
        Err(error) => {
            assert_eq!(error.status(), Status::Protocol);
            assert!(error.message().len() < 400, "{error}");
        }
    }
    if let Ok(signature) = std::str::from_utf8(signature) {
        verifies_what_another_hmac_made(signature, body);
    }
});

fn holds(notification: &Notification, body: &[u8]) {
    assert_eq!(notification.raw(), body);
    assert_eq!(Notification::parse(notification.raw()).unwrap(), *notification);
    assert!(notification.type_name().len() <= body.len());
    for event in notification.events() {
        serde_json::from_str::<&RawValue>(event.json()).unwrap();
        let texts = [
            event.conversation_id(),
            event.dialog_id(),
            event.originator_id(),
            event.originator_role(),
            event.text(),
            event.audience(),
        ];
        assert!(texts.iter().all(|text| text.len() <= event.json().len()));
        assert!(event.sequence().is_none_or(|sequence| sequence >= 0));
        assert!(event.timestamp_ms().is_none_or(|timestamp| timestamp >= 0));
    }
    // Another reader of JSON counts the changes.
    if let Ok(value) = serde_json::from_slice::<Value>(body)
        && let Some(changes) = value["body"]["changes"].as_array()
    {
        assert_eq!(notification.events().len(), changes.len());
    }
}

fn verifies_what_another_hmac_made(signature: &str, body: &[u8]) {
    let right = signing::all(CLIENT_SECRET, body);
    for one in &right {
        verify_webhook(&["another", CLIENT_SECRET], body, one).unwrap();
        assert!(verify_webhook(&["another"], body, one).is_err());
        assert!(verify_webhook(&[CLIENT_SECRET], &[body, b" "].concat(), one).is_err());
    }
    if verify_webhook(&[CLIENT_SECRET], body, signature).is_ok() {
        let lower = signature.to_ascii_lowercase();
        let is_right = |one: &String| {
            let value = one.split_once('=').unwrap().1.trim_end_matches('=');
            signature.contains(value) || lower.contains(value)
        };
        assert!(right.iter().any(is_right), "{signature:?}");
    }
}
