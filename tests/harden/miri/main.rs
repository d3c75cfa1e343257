//! The C ABI called as C calls it, as far as that goes without a network: Miri, which runs this in `make
//! harden-miri`, watches every pointer and every byte that is borrowed. Without Miri it is quick.
#![allow(unsafe_code)] // C has nothing else.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.
#![allow(clippy::undocumented_unsafe_blocks)] // Each is a call as the header allows it.

mod caller;

use std::ffi::{CString, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::Mutex;

use caller::{Caller, bytes_at, text_at};
use lpconnector::ffi::client::*;
use lpconnector::ffi::config::*;
use lpconnector::ffi::consumer::*;
use lpconnector::ffi::conversation::*;
use lpconnector::ffi::enums::*;
use lpconnector::ffi::error::*;
use lpconnector::ffi::log::*;
use lpconnector::ffi::notification::*;
use lpconnector::ffi::response::*;
use lpconnector::ffi::version::*;
use lpconnector::ffi::webhook::*;

#[test]
fn what_a_config_gives_stays_until_the_option_is_set_again() {
    let config = lpc_config_new();
    let caller = Caller::default();
    unsafe {
        let set = |value: &std::ffi::CStr| {
            lpc_config_set(config, c"account.id".as_ptr(), value.as_ptr(), null_mut())
        };
        assert_eq!(set(c"le1"), LPC_OK);
        let first = lpc_config_get(config, c"account.id".as_ptr());
        let other = lpc_config_get(config, c"call.timeout.ms".as_ptr());
        assert_eq!(lpc_config_get(config, c"account.id".as_ptr()), first);
        assert_eq!((text_at(first), text_at(other)), ("le1", "60000"));
        assert_eq!(set(c"le2"), LPC_OK);
        assert_eq!(text_at(other), "60000", "borrowed, and not set again");
        assert_eq!(text_at(lpc_config_get(config, c"account.id".as_ptr())), "le2");
        assert!(lpc_config_get(config, c"no.such".as_ptr()).is_null());
        let status = lpc_config_set(config, c"conect".as_ptr(), c"1".as_ptr(), caller.err());
        assert_eq!(status, LPC_CONFIG);
        caller.refused(LPC_CONFIG, "unknown option");
        lpc_config_free(config);
    }
}

#[test]
fn every_null_and_every_bad_byte_is_an_error() {
    let caller = Caller::default();
    let not_utf8 = CString::new([0xff]).unwrap();
    unsafe {
        assert_eq!(lpc_config_set(null_mut(), null(), null(), caller.err()), LPC_INVALID_ARGUMENT);
        caller.refused(LPC_INVALID_ARGUMENT, "config is NULL");
        let config = lpc_config_new();
        lpc_config_set(config, null(), c"".as_ptr(), caller.err());
        caller.refused(LPC_INVALID_ARGUMENT, "key is NULL");
        lpc_config_set(config, not_utf8.as_ptr(), c"".as_ptr(), caller.err());
        caller.refused(LPC_INVALID_ARGUMENT, "key");
        let mut client = std::ptr::dangling_mut::<lpc_client>();
        assert_ne!(lpc_client_new(null(), &mut client, caller.err()), LPC_OK);
        assert!(client.is_null());
        caller.refused(LPC_INVALID_ARGUMENT, "config is NULL");
        assert_ne!(lpc_client_new(config, null_mut(), null_mut()), LPC_OK);
        let mut notification = null_mut();
        lpc_notification_parse(null(), 1, &mut notification, caller.err());
        caller.refused(LPC_INVALID_ARGUMENT, "body is NULL");
        // A length of 0 needs no pointer.
        lpc_notification_parse(null(), 0, &mut notification, caller.err());
        caller.refused(LPC_PROTOCOL, "");
        lpc_webhook_verify(c"secret".as_ptr(), null(), 0, c"none".as_ptr(), caller.err());
        caller.refused(LPC_SIGNATURE, "signature");

        assert!(lpc_error_message(null()).is_null());
        assert_eq!(text_at(lpc_event_text(null(), 0)), "");
        assert_eq!(lpc_response_sequence(null()), -1);
        lpc_config_free(config);
        lpc_config_free(null_mut());
        lpc_client_free(null_mut());
        lpc_consumer_free(null_mut());
        lpc_conversation_free(null_mut());
        lpc_error_free(null_mut());
        lpc_notification_free(null_mut());
        lpc_response_free(null_mut());
    }
}

#[test]
fn a_notification_lends_its_texts() {
    const BODY: &str = r#"{"kind":"notification","type":"ms.MessagingEventNotification","body":{"changes":[
        {"sequence":7,"originatorId":"a-1","originatorMetadata":{"role":"ASSIGNED_AGENT"},"serverTimestamp":5,
         "event":{"type":"ContentEvent","contentType":"text/plain","message":"a\u0000b \ud83d\udc4d"},
         "conversationId":"c-1","dialogId":"d-1","metadata":[{"type":"ExternalId","id":"x"}]},
        {"result":{"convId":"c-1","conversationDetails":{"state":"CLOSE","stage":"CLOSE"}}}]}}"#;
    let caller = Caller::default();
    unsafe {
        let mut n = null_mut();
        let status = lpc_notification_parse(BODY.as_ptr(), BODY.len(), &mut n, caller.err());
        assert_eq!(status, LPC_OK);
        let mut length = 0;
        let raw = lpc_notification_raw(n, &mut length);
        assert_eq!(bytes_at(raw, length), BODY.as_bytes());
        assert!(!lpc_notification_raw(n, null_mut()).is_null());
        assert_eq!(lpc_notification_event_count(n), 2);
        for i in [0, 1, 2, usize::MAX] {
            let texts = [
                lpc_event_conversation_id(n, i),
                lpc_event_dialog_id(n, i),
                lpc_event_originator_id(n, i),
                lpc_event_originator_role(n, i),
                lpc_event_text(n, i),
                lpc_event_audience(n, i),
                lpc_event_json(n, i),
            ];
            assert!(texts.iter().all(|text| (i < 2) || text_at(*text).is_empty()));
            let _ = (lpc_event_kind(n, i), lpc_event_sequence(n, i), lpc_event_is_closed(n, i));
            let _ = (lpc_event_timestamp_ms(n, i), lpc_event_metadata_json(n, i));
        }
        assert_eq!(text_at(lpc_event_text(n, 0)), "a\u{fffd}b 👍");
        assert_eq!(lpc_event_sequence(n, 0), 7);
        assert!(text_at(lpc_notification_type(n)).starts_with("ms."));
        assert_eq!(text_at(lpc_notification_account_id(n)), "");
        lpc_notification_free(n);
    }
}

/// The lines that came, behind the pointer that C hands on.
extern "C" fn keep(user_data: *mut c_void, _: lpc_log_level, line: *const c_char) {
    let lines = unsafe { &*user_data.cast::<Mutex<Vec<String>>>() };
    lines.lock().unwrap().push(unsafe { text_at(line) }.to_owned());
}

#[test]
fn handles_outlive_what_they_came_from() {
    let caller = Caller::default();
    let lines = Box::new(Mutex::new(Vec::<String>::new()));
    let user_data = (&raw const *lines).cast_mut().cast();
    let jws = CString::new(caller::consumer_jws()).unwrap();
    unsafe {
        let config = lpc_config_new();
        // The system's roots are many, and slow to read under Miri.
        let ca = CString::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/harden/ca.pem"));
        let ca = ca.unwrap();
        for (key, value) in [
            (c"account.id", c"le1"),
            (c"app.jwt", c"a.b.c"),
            (c"proxy.url", c"none"),
            (c"tls.ca.file", &*ca),
        ] {
            let set = lpc_config_set(config, key.as_ptr(), value.as_ptr(), caller.err());
            assert_eq!(set, LPC_OK);
        }
        let trace = LPC_LOG_LEVEL_TRACE;
        assert_eq!(
            lpc_config_set_log_callback(config, Some(keep), user_data, trace, null_mut()),
            LPC_OK
        );
        let (mut client, mut consumer, mut conversation) = (null_mut(), null_mut(), null_mut());
        assert_eq!(lpc_client_new(config, &mut client, caller.err()), LPC_OK);
        lpc_config_free(config);
        let status = lpc_consumer_from_jws(client, jws.as_ptr(), &mut consumer, caller.err());
        assert_eq!(status, LPC_OK);
        let mut stats = null_mut();
        assert_eq!(lpc_client_stats(client, &mut stats, caller.err()), LPC_OK);
        lpc_client_shutdown(client);
        lpc_client_free(client);
        let (mut shown, mut again) = (null(), null());
        assert_eq!(lpc_consumer_jws(consumer, &mut shown, caller.err()), LPC_OK);
        assert_eq!(lpc_consumer_jws(consumer, &mut again, caller.err()), LPC_OK);
        assert_eq!((text_at(shown), shown), (jws.to_str().unwrap(), again));
        assert_eq!(lpc_consumer_lp_id(consumer, &mut again, caller.err()), LPC_OK);
        assert_eq!(text_at(again), "lp-1");
        let attached = lpc_conversation_attach(
            consumer,
            c"c-1".as_ptr(),
            c"{\"dialogId\":\"d-1\"}".as_ptr(),
            &mut conversation,
            caller.err(),
        );
        assert_eq!(attached, LPC_OK);
        lpc_consumer_free(consumer);
        assert_eq!(text_at(lpc_conversation_id(conversation)), "c-1");
        assert_eq!(text_at(lpc_conversation_dialog_id(conversation)), "d-1");
        // The client is shut down: nothing is sent.
        let mut response = null_mut();
        lpc_conversation_send_text(conversation, c"Hi".as_ptr(), &mut response, caller.err());
        caller.refused(LPC_CLOSED, "shut down");
        assert!(response.is_null());
        lpc_conversation_free(conversation);
        let mut length = 0;
        let body = lpc_response_body(stats, &mut length);
        assert!(std::str::from_utf8(bytes_at(body, length)).unwrap().contains("lpconnector"));
        assert_eq!(text_at(lpc_response_code(stats)), "");
        lpc_response_free(stats);
    }
    drop(lines);
}

#[test]
fn what_a_program_asks_of_the_library_itself() {
    unsafe {
        assert_eq!(text_at(lpc_version()), lpconnector::VERSION);
        assert_eq!(text_at(lpc_status_name(LPC_OK)), "LPC_OK");
        assert!(!lpc_status_name(-7).is_null());
    }
}
