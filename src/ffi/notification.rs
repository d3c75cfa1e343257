//! The notification handle, and its events by their index.

use std::ffi::{CString, c_char};

use crate::ffi::enums::{LPC_EVENT_KIND_OTHER, event_kind};
use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::outcome::make;
use crate::ffi::pointer::{array, c_string, free, give_bytes, put_length, read};
use crate::protocol::notification::Notification;
use crate::protocol::notification_event::NotificationEvent;

/// What the service posted to a webhook: one or more events, counted from 0. Belongs to one thread
/// at a time.
pub struct lpc_notification {
    pub(super) notification: Notification,
    type_name: CString,
    account_id: CString,
    events: Vec<Texts>,
}

/// What C borrows of an event.
struct Texts {
    conversation_id: CString,
    dialog_id: CString,
    originator_id: CString,
    originator_role: CString,
    text: CString,
    state: CString,
    audience: CString,
    metadata_json: CString,
    json: CString,
}

impl lpc_notification {
    pub(super) fn new(notification: Notification) -> lpc_notification {
        let texts = |event: &NotificationEvent| Texts {
            conversation_id: c_string(event.conversation_id()),
            dialog_id: c_string(event.dialog_id()),
            originator_id: c_string(event.originator_id()),
            originator_role: c_string(event.originator_role()),
            text: c_string(event.text()),
            state: c_string(event.state()),
            audience: c_string(event.audience()),
            metadata_json: c_string(event.metadata_json()),
            json: c_string(event.json()),
        };
        lpc_notification {
            type_name: c_string(notification.type_name()),
            account_id: c_string(notification.account_id()),
            events: notification.events().iter().map(texts).collect(),
            notification,
        }
    }
}

/// Reads the body of a webhook. Check its signature first, with lpc_webhook_verify().
///
/// Webhooks are account-wide: they tell of all conversations of the account, also of those that
/// this connector did not open. And a refusal is not free: whatever was signed right is answered
/// 200, also where this function cannot read it, or the service holds back all that follows.
///
/// `body`: `len` bytes, copied. `notification`: where the new notification goes, freed with
/// lpc_notification_free(). `err`: may be NULL. Any thread may call this.
///
/// What it takes is a JSON object. Each item of its `body.changes` becomes one event, in their
/// order; a single one may stand for an array. Members, event types and notifications that the
/// library does not know are no error: where there are no changes, the whole is one event of the
/// kind LPC_EVENT_KIND_OTHER.
///
/// LPC_PROTOCOL for what is no JSON object; for a body above 4 MiB, with more than 128 levels of
/// arrays and objects, or with more than 10000 changes, participants, dialogs and sequences.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_notification_parse(
    body: *const u8,
    len: usize,
    notification: *mut *mut lpc_notification,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(notification, "notification", err, || {
        Ok(lpc_notification::new(Notification::parse(array(body, len, "body")?)?))
    })
}

/// The type as the service wrote it: "cqm.ExConversationChangeNotification", or
/// "ms.MessagingEventNotification" and what may follow that; "" if absent, and for NULL. Borrowed:
/// valid until the notification is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_notification_type(n: *const lpc_notification) -> *const c_char {
    read(n, c"".as_ptr(), |n| n.type_name.as_ptr())
}

/// The body as it came, `*len` bytes, not NUL-terminated; `len` may be NULL. Borrowed: valid until
/// the notification is freed. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_notification_raw(
    n: *const lpc_notification,
    len: *mut usize,
) -> *const u8 {
    put_length(len, 0);
    read(n, std::ptr::null(), |n| give_bytes(n.notification.raw(), len))
}

/// The account that the notification belongs to: of one from a receiver what the header
/// x-liveperson-account-id named. "" if unknown, as after lpc_notification_parse(), and for NULL.
/// Borrowed: valid until the notification is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_notification_account_id(n: *const lpc_notification) -> *const c_char {
    read(n, c"".as_ptr(), |n| n.account_id.as_ptr())
}

/// How many events there are; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_notification_event_count(n: *const lpc_notification) -> usize {
    read(n, 0, |n| n.events.len())
}

/// What event `i` is about, one of LPC_EVENT_KIND_...; _OTHER where there is no such event, and
/// for NULL. A number that this header does not know may come from a newer library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_kind(n: *const lpc_notification, i: usize) -> i32 {
    event(n, i, LPC_EVENT_KIND_OTHER, |event| event_kind(event.kind()))
}

/// The id of the conversation of event `i`. "" if absent, as where older notifications and those of a
/// survey name only the dialog, where there is no such event, and for NULL. Borrowed: valid until the
/// notification is freed. The main dialog's id is the conversation's; that of a survey is not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_conversation_id(
    n: *const lpc_notification,
    i: usize,
) -> *const c_char {
    event_text(n, i, |texts| &texts.conversation_id)
}

/// The id of the dialog of event `i`. "" if absent, for the state of a conversation (its dialogs are
/// in the JSON), where there is no such event, and for NULL. Borrowed: valid until the notification
/// is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_dialog_id(
    n: *const lpc_notification,
    i: usize,
) -> *const c_char {
    event_text(n, i, |texts| &texts.dialog_id)
}

/// The number of event `i` in its dialog, from 0 on. -1 if absent, as for a chat state and the state
/// of a conversation; where there is no such event, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_sequence(n: *const lpc_notification, i: usize) -> i64 {
    event(n, i, -1, |event| event.sequence().unwrap_or(-1))
}

/// Who caused event `i`: for a consumer what lpc_consumer_lp_id() gives. "" if absent, for the state
/// of a conversation, where there is no such event, and for NULL. Borrowed: valid until the
/// notification is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_originator_id(
    n: *const lpc_notification,
    i: usize,
) -> *const c_char {
    event_text(n, i, |texts| &texts.originator_id)
}

/// The role of who caused event `i`: "CONSUMER", "ASSIGNED_AGENT", "AGENT", "MANAGER", "READER",
/// "CONTROLLER" or another. "" if absent, for the state of a conversation, where there is no such
/// event, and for NULL. Borrowed: valid until the notification is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_originator_role(
    n: *const lpc_notification,
    i: usize,
) -> *const c_char {
    event_text(n, i, |texts| &texts.originator_role)
}

/// When the service took event `i`, in milliseconds since 1970, UTC; for the state of a conversation
/// when it changed last. -1 if absent, as for a chat state; where there is no such event, and for
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_timestamp_ms(n: *const lpc_notification, i: usize) -> i64 {
    event(n, i, -1, |event| event.timestamp_ms().unwrap_or(-1))
}

/// What a person reads of event `i`: of a text the message; of a file its caption; of rich content its
/// texts, titles and captions, a line each; of a secure form its title. "" if absent, for all else, which
/// says nothing to the consumer (see lpc_event_state()), where there is no such event, and for NULL. A NUL
/// character in it is given as U+FFFD. Borrowed: valid until the notification is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_text(n: *const lpc_notification, i: usize) -> *const c_char {
    event_text(n, i, |texts| &texts.text)
}

/// The name of the state that event `i` tells: of a chat state ("COMPOSING"), of an accept status
/// ("READ"), of a conversation ("OPEN", "CLOSE"), which is that of the main dialog: see
/// lpc_event_is_closed(). "" if absent, for all else, where there is no such event, and for NULL.
/// Borrowed: valid until the notification is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_state(n: *const lpc_notification, i: usize) -> *const c_char {
    event_text(n, i, |texts| &texts.state)
}

/// Who is to see event `i`: "ALL", or "AGENTS_AND_MANAGERS", which is not for the consumer. "" if
/// absent, which means all; where there is no such event, and for NULL. Borrowed: valid until the
/// notification is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_audience(n: *const lpc_notification, i: usize) -> *const c_char {
    event_text(n, i, |texts| &texts.audience)
}

/// Whether event `i` says that the whole conversation is over: it is the state of a conversation whose
/// stage is CLOSE. While a survey runs the state is CLOSE, which is that of the main dialog, and the
/// stage still OPEN. false for all else, where there is no such event, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_is_closed(n: *const lpc_notification, i: usize) -> bool {
    event(n, i, false, NotificationEvent::is_closed)
}

/// The JSON of what event `i` carries beside its content: an ExternalId, the question of a survey,
/// the answer to structured content. Mostly an array. "" if absent, where there is no such event,
/// and for NULL. Borrowed: valid until the notification is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_metadata_json(
    n: *const lpc_notification,
    i: usize,
) -> *const c_char {
    event_text(n, i, |texts| &texts.metadata_json)
}

/// The JSON of the change that event `i` is, byte for byte: what no other function gives stands
/// there, such as event.message.relativePath of a file, for lpc_conversation_download_file(). Of a
/// notification without changes it is the whole. "" where it is no JSON or nested more than 128 levels
/// deep (see lpc_notification_raw()), where there is no such event, and for NULL. Borrowed: valid until
/// the notification is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_event_json(n: *const lpc_notification, i: usize) -> *const c_char {
    event_text(n, i, |texts| &texts.json)
}

/// Frees a notification, and everything borrowed from it. Freeing NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_notification_free(n: *mut lpc_notification) {
    free(n);
}

/// Runs an accessor's body on an event; gives `otherwise` where there is none.
fn event<R: Copy>(
    n: *const lpc_notification,
    i: usize,
    otherwise: R,
    body: impl FnOnce(&NotificationEvent) -> R,
) -> R {
    read(n, otherwise, |n| n.notification.events().get(i).map_or(otherwise, body))
}

fn event_text(
    n: *const lpc_notification,
    i: usize,
    text: impl FnOnce(&Texts) -> &CString,
) -> *const c_char {
    read(n, c"".as_ptr(), |n| n.events.get(i).map_or(c"".as_ptr(), |texts| text(texts).as_ptr()))
}
