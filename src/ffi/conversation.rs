//! The conversation handle.

use std::ffi::{CString, c_char};

use crate::base::error::Error;
use crate::ffi::consumer::lpc_consumer;
use crate::ffi::enums::{
    accept_status, chat_state, csat_status, lpc_accept_status, lpc_chat_state, lpc_csat_status,
};
use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::outcome::make;
use crate::ffi::pointer::{self, array, c_string, flag, free, handle, optional_text, read, text};
use crate::ffi::response::{lpc_response, respond};
use crate::handles::conversation::Conversation;
use crate::protocol::event::{Event, Metadata};
use crate::protocol::open::{AttachOptions, OpenOptions};
use crate::protocol::profile::Profile;
use crate::protocol::response::Response;

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

    pub(super) fn of(conversation: *const lpc_conversation) -> Result<Conversation, Error> {
        Ok(handle(conversation, "conversation")?.conversation.clone())
    }
}

/// Opens a conversation, with the consumer's first message in the same round trip if there is one.
///
/// `consumer`: from lpc_consumer_new(); may be freed before the conversation. `conversation`:
/// receives the handle, to be freed with lpc_conversation_free(); NULL after an error. `err`: may
/// be NULL. Any thread may call this. `options_json`: NULL, or a JSON object of these members, all
/// optional:
///
/// - "firstMessage": what the consumer says first, in the same round trip.
/// - "profile": the consumer's profile: the body of SetUserProfile, or its short form
///   {"customer":{...},"personal":{...}}; see lpc_conversation_set_profile(). An attribute of another
///   type goes in as the service has it: {"authenticatedData":{"lp_sdes":[{"type":"cart",...}]}}.
///   Every opening sends a profile in front, an empty one where none is given, and it takes effect
///   even where the opening is refused.
/// - "campaign": {"campaignId","engagementId"}.
/// - "context": {"visitorId","sessionId","interactionContextId","lang","type"}; the type is
///   "SharkContext" where nothing is said.
/// - "skillId": a string or a number, "-1" is any. "ttr": "NORMAL", "URGENT", "PRIORITIZED" or
///   "CUSTOM".
/// - "clientProperties":
///   {"appId","appVersion","deviceFamily","deviceManufacture","deviceModel","os",
///   "osName","osVersion","browser","browserVersion","integration","integrationVersion","timeZone",
///   "ipAddress","features"}, over those of the option client.properties. "features": array of
///   "CO_BROWSE", "CO_APP", "PHOTO_SHARING", "SECURE_FORMS", "AUTO_MESSAGES", "RICH_CONTENT",
///   "QUICK_REPLIES", "MULTI_DIALOG" (without it the account starts no survey), "FILE_SHARING",
///   "MARKDOWN_HYPERLINKS", in place of the option features. Both go with every later request of
///   the conversation, too; after a restart, give them to lpc_conversation_attach().
///
/// These are the library's own names. What lies inside profile, campaign, context, clientProperties
/// and features belongs to the service: numbers or strings, other members, other names and values
/// go out as they are written, and the service judges them.
///
/// LPC_INVALID_ARGUMENT for NULL, and for an unknown member of the options themselves, with the
/// nearest name, or one of the wrong type; nothing was sent. LPC_ALREADY_OPEN if the consumer has
/// an open conversation: there can be one only, and a survey that still runs keeps it open. Attach to
/// it with the id that you kept, or that its next notification tells, and go on;
/// lpc_conversation_close_stage() ends it with its survey. LPC_REJECTED if the service refused one of the
/// requests for another reason: where the conversation was opened but its first message refused,
/// the message names the conversation, and lpc_conversation_attach() goes on with it. Otherwise any
/// status from LPC_CONFIG to LPC_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_open(
    consumer: *mut lpc_consumer,
    options_json: *const c_char,
    conversation: *mut *mut lpc_conversation,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(conversation, "conversation", err, || {
        let consumer = lpc_consumer::of(consumer)?;
        let options = optional_text(options_json, "options_json")?.map(OpenOptions::from_json);
        let options = options.transpose()?.unwrap_or_default();
        consumer.open(&options).map(lpc_conversation::new)
    })
}

/// Goes on with a conversation opened earlier. Sends nothing.
///
/// `conversation_id`: copied. `options_json`: NULL, or a JSON object of these members, all optional:
/// "dialogId": another dialog of the conversation, a survey for example; the first one where nothing
/// is said. "clientProperties" and "features", as for lpc_conversation_open(): those that the
/// conversation was opened with belong on every request of it, also after a restart. The rest is as
/// for lpc_conversation_open().
///
/// LPC_INVALID_ARGUMENT for NULL, empty ids, and an unknown member, with the nearest name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_attach(
    consumer: *mut lpc_consumer,
    conversation_id: *const c_char,
    options_json: *const c_char,
    conversation: *mut *mut lpc_conversation,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(conversation, "conversation", err, || {
        let consumer = lpc_consumer::of(consumer)?;
        let id = text(conversation_id, "conversation_id")?;
        let options = optional_text(options_json, "options_json")?.map(AttachOptions::from_json);
        let options = options.transpose()?.unwrap_or_default();
        consumer.attach(id, &options).map(lpc_conversation::new)
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
/// thread may call this; it blocks for at most call.timeout.ms. A request that fails is tried again
/// as the options retry.* say, with the same id; one that may have been delivered is not, unless
/// retry.ambiguous is set.
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
    send(conversation, response, err, |conversation| {
        conversation.send_text(pointer::text(text, "text")?)
    })
}

/// Sends any event, for example a text with metadata.
///
/// `event_json`: a JSON object, which goes out as it is. `metadata_json`: NULL, or a JSON array of
/// objects, for example [{"type":"ExternalId","id":"…"}], with an id of up to 64 characters; they go
/// out as they are, too. The rest is as for lpc_conversation_send_text().
///
/// LPC_INVALID_ARGUMENT also for JSON of another shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_send_event(
    conversation: *mut lpc_conversation,
    event_json: *const c_char,
    metadata_json: *const c_char,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, |conversation| {
        let event = Event::from_json(text(event_json, "event_json")?)?;
        conversation.send_event(&event, metadata(metadata_json)?.as_ref())
    })
}

/// Sends rich content: cards, buttons, carousels and so on.
///
/// `content_json`: the vendor's JSON of the content, an object, which goes out as it is. The rest is
/// as for lpc_conversation_send_event().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_send_rich_content(
    conversation: *mut lpc_conversation,
    content_json: *const c_char,
    metadata_json: *const c_char,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, |conversation| {
        let content = text(content_json, "content_json")?;
        conversation.send_rich_content(content, metadata(metadata_json)?.as_ref())
    })
}

/// Tells the agent what the consumer is doing.
///
/// `state`: one of LPC_CHAT_STATE_...; after COMPOSING another must follow, or the agent sees typing
/// for ever. The rest is as for lpc_conversation_send_text().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_send_chat_state(
    conversation: *mut lpc_conversation,
    state: lpc_chat_state,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, |conversation| {
        conversation.send_chat_state(chat_state(state)?)
    })
}

/// Tells the agent what became of messages.
///
/// `status`: one of LPC_ACCEPT_STATUS_.... `sequences`: the sequences of the messages, `count` of
/// them, at least one and none negative. `metadata_json`: as for lpc_conversation_send_event(). The
/// rest is as for lpc_conversation_send_text().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_send_accept_status(
    conversation: *mut lpc_conversation,
    status: lpc_accept_status,
    sequences: *const i64,
    count: usize,
    metadata_json: *const c_char,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, |conversation| {
        let sequences = array(sequences, count, "sequences")?;
        let metadata = metadata(metadata_json)?;
        conversation.send_accept_status(accept_status(status)?, sequences, metadata.as_ref())
    })
}

/// Sets the consumer's profile.
///
/// `profile_json`: the body of SetUserProfile ("authenticatedData", "firstName", "lastName",
/// "userId", "avatarUrl", "role", "backgndImgUri", "description", "privateData"), or its short form
/// {"customer":{...},"personal":{...}}, which becomes the "lp_sdes" of authenticatedData. The rest
/// is as for lpc_conversation_send_text(); this works after the conversation was closed, too.
///
/// LPC_INVALID_ARGUMENT also if it is no object, or "authenticatedData", "customer", "personal" or
/// "privateData" is none. All else is the service's to judge and goes out as it is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_set_profile(
    conversation: *mut lpc_conversation,
    profile_json: *const c_char,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, |conversation| {
        conversation.set_profile(&Profile::from_json(text(profile_json, "profile_json")?)?)
    })
}

/// Rates the conversation; possible after it was closed, too.
///
/// `stars`: 1 to 5. `resolved`: whether the consumer's matter is resolved. `status`: one of
/// LPC_CSAT_STATUS_.... The rest is as for lpc_conversation_send_text().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_rate(
    conversation: *mut lpc_conversation,
    stars: i32,
    resolved: flag,
    status: lpc_csat_status,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, |conversation| {
        conversation.rate(stars.into(), resolved.is_set(), csat_status(status)?)
    })
}

/// Says how urgent the conversation is from now on: its time to respond.
///
/// `ttr`: "URGENT", "NORMAL", "PRIORITIZED", "CUSTOM" or another name that the account knows.
/// `seconds`: the time; -1: the type's usual value, which is 300 for URGENT, 600 for PRIORITIZED and
/// 1800 for NORMAL; for names that the library does not know none is sent then. The rest is as for
/// lpc_conversation_send_text().
///
/// LPC_INVALID_ARGUMENT also for an empty name, another negative time, and CUSTOM with -1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_set_ttr(
    conversation: *mut lpc_conversation,
    ttr: *const c_char,
    seconds: i64,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, |conversation| {
        let seconds = (seconds != -1).then_some(seconds);
        conversation.set_ttr(text(ttr, "ttr")?, seconds)
    })
}

/// Closes the conversation. Later sends of this handle return LPC_CLOSED without a request. Where the
/// account has a survey and the conversation was opened with the feature MULTI_DIALOG, the survey
/// begins now: its notifications name its dialog, for lpc_conversation_attach().
///
/// Where the answer to an attempt is lost and the next one is refused because the conversation is
/// closed, it is done and LPC_OK: the response has the code "OK", the sequence -1, the body "null", all
/// attempts, and HTTP status and bytes of that refusal.
///
/// Arguments and errors are as for lpc_conversation_send_text().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_close(
    conversation: *mut lpc_conversation,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, Conversation::close)
}

/// Closes the conversation with all its dialogs: no survey follows, and one that runs ends. Later
/// texts and other events of this handle return LPC_CLOSED without a request. This works after
/// lpc_conversation_close(), too, as long as a survey runs.
///
/// Arguments, errors, and what follows a lost answer are as for lpc_conversation_close().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_close_stage(
    conversation: *mut lpc_conversation,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, Conversation::close_stage)
}

/// Closes one dialog of the conversation, for example a survey. Where it is the handle's own, its later
/// texts and other events return LPC_CLOSED without a request.
///
/// `dialog_id`: not empty. The rest is as for lpc_conversation_close(), a lost answer included; this works
/// after the conversation was closed, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_close_dialog(
    conversation: *mut lpc_conversation,
    dialog_id: *const c_char,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, |conversation| {
        conversation.close_dialog(text(dialog_id, "dialog_id")?)
    })
}

/// Frees the handle, and every string borrowed from it. It does not close the conversation, which
/// lives on at the service; calls that other threads have begun finish safely. Freeing NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_free(conversation: *mut lpc_conversation) {
    free(conversation);
}

/// What the sends of a conversation have in common: it, and a response that may not be wanted.
pub(super) fn send(
    conversation: *mut lpc_conversation,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
    send: impl FnOnce(&Conversation) -> Result<Response, Error>,
) -> lpc_status {
    respond(response, err, || send(&lpc_conversation::of(conversation)?))
}

fn metadata(json: *const c_char) -> Result<Option<Metadata>, Error> {
    optional_text(json, "metadata_json")?.map(Metadata::from_json).transpose()
}
