//! The update handle: what a connector tells the program.

use std::ffi::{CString, c_char};

use crate::connector::{Update, UpdateKind};
use crate::ffi::enums::{
    LPC_UPDATE_KIND_CLOSED, LPC_UPDATE_KIND_EVENT, LPC_UPDATE_KIND_FAILED, LPC_UPDATE_KIND_OPENED,
    LPC_UPDATE_KIND_SENT,
};
use crate::ffi::error::lpc_error;
use crate::ffi::notification::lpc_notification;
use crate::ffi::pointer::{c_string, free, read};

/// What became of an action, or what happened in a consumer's conversation; from lpc_connector_poll().
/// The program acknowledges it with lpc_connector_ack(), and frees it, whether it did or not. Belongs to
/// one thread at a time. It outlives its connector.
pub struct lpc_update {
    pub(super) update: Update,
    consumer_id: CString,
    conversation_id: CString,
    dialog_id: CString,
    key: CString,
    error: Option<lpc_error>,
    notification: Option<lpc_notification>,
}

impl lpc_update {
    pub(super) fn new(update: Update) -> lpc_update {
        lpc_update {
            consumer_id: c_string(update.consumer_id()),
            conversation_id: c_string(update.conversation_id()),
            dialog_id: c_string(update.dialog_id()),
            key: c_string(update.key().unwrap_or_default()),
            error: update.error().cloned().map(lpc_error::new),
            notification: update.notification().cloned().map(lpc_notification::new),
            update,
        }
    }
}

/// What the update is about, one of LPC_UPDATE_KIND_...; 0 for NULL. A number that this header does not
/// know may come from a newer library: acknowledge it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_update_kind(update: *const lpc_update) -> i32 {
    read(update, 0, |update| kind(update.update.kind()))
}

/// The consumer, as the program named it to lpc_connector_submit(). "" for an event of a conversation that
/// the connector did not open, which comes with connector.foreign=true alone, and for NULL. Borrowed:
/// valid until the update is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_update_consumer_id(update: *const lpc_update) -> *const c_char {
    string(update, |update| &update.consumer_id)
}

/// The id of the conversation; "" where there is none, and for NULL. Borrowed: valid until the update is
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_update_conversation_id(update: *const lpc_update) -> *const c_char {
    string(update, |update| &update.conversation_id)
}

/// The id of the dialog in it; "" where there is none, and for NULL. Borrowed: valid until the update is
/// freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_update_dialog_id(update: *const lpc_update) -> *const c_char {
    string(update, |update| &update.dialog_id)
}

/// Of SENT and FAILED the key with which the action was submitted; "" where it had none, for all else,
/// and for NULL. Borrowed: valid until the update is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_update_key(update: *const lpc_update) -> *const c_char {
    string(update, |update| &update.key)
}

/// Of SENT the sequence that the service gave the message, of EVENT that of the event; -1 if absent, as
/// for the message that opened its conversation, for all else, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_update_sequence(update: *const lpc_update) -> i64 {
    read(update, -1, |update| update.update.sequence().unwrap_or(-1))
}

/// Of SENT and FAILED how often the action was sent since the connector was made; 0 where it never was,
/// for all else, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_update_attempts(update: *const lpc_update) -> u32 {
    read(update, 0, |update| update.update.attempts())
}

/// Whether the program may have had it before: it was not acknowledged in time, was put back, or comes
/// from an earlier process. false for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_update_is_repeat(update: *const lpc_update) -> bool {
    read(update, false, |update| update.update.is_repeat())
}

/// Of FAILED why, for the lpc_error_...() functions; NULL for all else, and for NULL. Borrowed: valid until
/// the update is freed, and never freed by the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_update_error(update: *const lpc_update) -> *const lpc_error {
    inside(update, |update| update.error.as_ref())
}

/// Of EVENT, and of CLOSED where the service told of it, a notification with the one event that it is
/// about, for the lpc_notification_...() and lpc_event_...() functions with index 0; NULL for all else, and
/// for NULL. Borrowed: valid until the update is freed, and never freed by the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_update_notification(
    update: *const lpc_update,
) -> *const lpc_notification {
    inside(update, |update| update.notification.as_ref())
}

/// Frees an update, and everything borrowed from it. It is not acknowledged by that. Freeing NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_update_free(update: *mut lpc_update) {
    free(update);
}

/// The number of a kind; a new kind needs a new number.
const fn kind(kind: UpdateKind) -> i32 {
    match kind {
        UpdateKind::Sent => LPC_UPDATE_KIND_SENT,
        UpdateKind::Failed => LPC_UPDATE_KIND_FAILED,
        UpdateKind::Opened => LPC_UPDATE_KIND_OPENED,
        UpdateKind::Event => LPC_UPDATE_KIND_EVENT,
        UpdateKind::Closed => LPC_UPDATE_KIND_CLOSED,
    }
}

fn string(update: *const lpc_update, text: impl FnOnce(&lpc_update) -> &CString) -> *const c_char {
    read(update, c"".as_ptr(), |update| text(update).as_ptr())
}

/// A handle that is the update's; NULL where it has none.
fn inside<T>(update: *const lpc_update, part: impl FnOnce(&lpc_update) -> Option<&T>) -> *const T {
    read(update, std::ptr::null(), |update| part(update).map_or(std::ptr::null(), |it| it))
}
