//! The conversation handle.

use std::ffi::{CString, c_char};

use super::boundary::{c_string, free, handle, make, make_if_wanted, optional_text, read, text};
use super::consumer::lpc_consumer;
use super::error::{lpc_error, lpc_status};
use super::response::lpc_response;
use crate::conversation::{Conversation, OpenOptions};

/// One conversation of a consumer, in one of its dialogs. May be used from any number of threads
/// at once: its sends go out one at a time, those of one thread in their order.
pub struct lpc_conversation {
    conversation: Conversation,
    id: CString,
    /// Only where it differs from `id`.
    dialog_id: Option<CString>,
}

impl lpc_conversation {
    fn new(conversation: Conversation) -> lpc_conversation {
        let (id, dialog_id) = (conversation.id(), conversation.dialog_id());
        lpc_conversation {
            id: c_string(id),
            dialog_id: (dialog_id != id).then(|| c_string(dialog_id)),
            conversation,
        }
    }
}

/// Opens a conversation, with the consumer's first message in the same round trip if there is one.
///
/// `consumer`: from lpc_consumer_new(); may be freed before the conversation. `options_json`: NULL,
/// or a JSON object with the optional member "firstMessage" (string). `conversation`: receives the
/// handle, to be freed with lpc_conversation_free(); NULL after an error. `err`: may be NULL. Any
/// thread may call this.
///
/// LPC_INVALID_ARGUMENT for NULL and for an unknown member or one of the wrong type, before
/// anything is sent. LPC_REJECTED if the service refused one of the requests: where the
/// conversation was opened but its first message refused, the message names the conversation, and
/// lpc_conversation_attach() goes on with it. Otherwise any status from LPC_CONFIG to LPC_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_open(
    consumer: *mut lpc_consumer,
    options_json: *const c_char,
    conversation: *mut *mut lpc_conversation,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(conversation, "conversation", err, || {
        let consumer = &handle(consumer, "consumer")?.consumer;
        let options = match optional_text(options_json, "options_json")? {
            Some(json) => OpenOptions::from_json(json)?,
            None => OpenOptions::new(),
        };
        Ok(lpc_conversation::new(consumer.open(&options)?))
    })
}

/// Goes on with a conversation opened earlier. Sends nothing.
///
/// `conversation_id`: copied. `dialog_id`: NULL for the first dialog, or the id of another dialog
/// of the conversation, a survey for example; copied. The rest is as for lpc_conversation_open().
///
/// LPC_INVALID_ARGUMENT for NULL and empty ids.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_attach(
    consumer: *mut lpc_consumer,
    conversation_id: *const c_char,
    dialog_id: *const c_char,
    conversation: *mut *mut lpc_conversation,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(conversation, "conversation", err, || {
        let consumer = &handle(consumer, "consumer")?.consumer;
        let id = text(conversation_id, "conversation_id")?;
        let dialog_id = optional_text(dialog_id, "dialog_id")?;
        Ok(lpc_conversation::new(consumer.attach(id, dialog_id)?))
    })
}

/// The conversation's id. Borrowed: valid until the conversation is freed. NULL for NULL. Any
/// thread may call this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_id(
    conversation: *const lpc_conversation,
) -> *const c_char {
    read(conversation, std::ptr::null(), |c| c.id.as_ptr())
}

/// The id of the dialog that this handle sends to; that of the first dialog is the conversation's.
/// Borrowed: valid until the conversation is freed. NULL for NULL. Any thread may call this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_dialog_id(
    conversation: *const lpc_conversation,
) -> *const c_char {
    read(conversation, std::ptr::null(), |c| c.dialog_id.as_ref().unwrap_or(&c.id).as_ptr())
}

/// Sends a text as the consumer.
///
/// `conversation`: from lpc_conversation_open() or _attach(). `text`: UTF-8; not kept. `response`:
/// receives the answer, to be freed with lpc_response_free(); may be NULL. `err`: may be NULL. Any
/// thread may call this; it blocks for at most call.timeout.ms, name resolution aside.
///
/// LPC_INVALID_ARGUMENT for NULL and text that is not UTF-8. LPC_CLOSED after
/// lpc_conversation_close() or lpc_client_shutdown(). LPC_TIMEOUT, LPC_CONNECT and LPC_TLS if no
/// answer came; LPC_UNAUTHORIZED, LPC_REJECTED, LPC_RATE_LIMITED and LPC_SERVER for what the
/// service answered; LPC_PROTOCOL if the answer cannot be read; LPC_CONFIG if there is no token to
/// use. Look at lpc_error_maybe_delivered() before sending a text again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_send_text(
    conversation: *mut lpc_conversation,
    text: *const c_char,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make_if_wanted(response, err, || {
        let conversation = &handle(conversation, "conversation")?.conversation;
        let text = super::boundary::text(text, "text")?;
        Ok(lpc_response::new(conversation.send_text(text)?))
    })
}

/// Closes the conversation. Later sends of this handle return LPC_CLOSED without a request.
///
/// Arguments and errors are as for lpc_conversation_send_text().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_close(
    conversation: *mut lpc_conversation,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make_if_wanted(response, err, || {
        let conversation = &handle(conversation, "conversation")?.conversation;
        Ok(lpc_response::new(conversation.close()?))
    })
}

/// Frees the handle, and every string borrowed from it. It does not close the conversation, which
/// lives on at the service. Freeing NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_free(conversation: *mut lpc_conversation) {
    free(conversation);
}
