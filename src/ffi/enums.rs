//! The small enums of the ABI: integers, so that a bad value is an error and not undefined
//! behaviour.

use std::ffi::c_char;

use crate::base::error::Error;
use crate::base::log::LogLevel;
use crate::protocol::event::{AcceptStatus, ChatState, CsatStatus};
use crate::protocol::notification_event::EventKind;

/// What the consumer is doing. Other numbers are LPC_INVALID_ARGUMENT.
pub type lpc_chat_state = i32;

/// In the conversation.
pub const LPC_CHAT_STATE_ACTIVE: lpc_chat_state = 0;
/// Not looking at the moment.
pub const LPC_CHAT_STATE_INACTIVE: lpc_chat_state = 1;
/// Left.
pub const LPC_CHAT_STATE_GONE: lpc_chat_state = 2;
/// Typing. Another state must follow, or the agent sees typing for ever.
pub const LPC_CHAT_STATE_COMPOSING: lpc_chat_state = 3;
/// Stopped typing.
pub const LPC_CHAT_STATE_PAUSE: lpc_chat_state = 4;

/// What became of a message. Other numbers are LPC_INVALID_ARGUMENT.
pub type lpc_accept_status = i32;

/// It arrived.
pub const LPC_ACCEPT_STATUS_ACCEPT: lpc_accept_status = 0;
/// It was read.
pub const LPC_ACCEPT_STATUS_READ: lpc_accept_status = 1;
/// Its file was opened.
pub const LPC_ACCEPT_STATUS_ACCESS: lpc_accept_status = 2;
/// It could not be shown.
pub const LPC_ACCEPT_STATUS_NACK: lpc_accept_status = 3;
/// Its structured content was answered; with metadata.
pub const LPC_ACCEPT_STATUS_ACTION: lpc_accept_status = 4;

/// How far the consumer filled in the rating. Other numbers are LPC_INVALID_ARGUMENT.
pub type lpc_csat_status = i32;

/// Completely.
pub const LPC_CSAT_STATUS_FILLED: lpc_csat_status = 0;
/// In part.
pub const LPC_CSAT_STATUS_PARTIALLY_FILLED: lpc_csat_status = 1;
/// Not at all.
pub const LPC_CSAT_STATUS_SKIPPED: lpc_csat_status = 2;

/// How much a log line matters. Other numbers are LPC_INVALID_ARGUMENT.
pub type lpc_log_level = i32;

/// Nothing is logged.
pub const LPC_LOG_LEVEL_OFF: lpc_log_level = 0;
/// A request failed for good.
pub const LPC_LOG_LEVEL_ERROR: lpc_log_level = 1;
/// Something went wrong and is tried again, or was put right.
pub const LPC_LOG_LEVEL_WARN: lpc_log_level = 2;
/// What happens seldom: tokens, discovery.
pub const LPC_LOG_LEVEL_INFO: lpc_log_level = 3;
/// Every request.
pub const LPC_LOG_LEVEL_DEBUG: lpc_log_level = 4;
/// Every connection, name and wait.
pub const LPC_LOG_LEVEL_TRACE: lpc_log_level = 5;

/// The name of a level, for example "WARN"; "UNKNOWN" for a number that is none.
///
/// The string is static: it is valid for ever and never freed. Any thread may call this.
#[unsafe(no_mangle)]
pub extern "C" fn lpc_log_level_name(level: lpc_log_level) -> *const c_char {
    let name = match level {
        LPC_LOG_LEVEL_OFF => c"OFF",
        LPC_LOG_LEVEL_ERROR => c"ERROR",
        LPC_LOG_LEVEL_WARN => c"WARN",
        LPC_LOG_LEVEL_INFO => c"INFO",
        LPC_LOG_LEVEL_DEBUG => c"DEBUG",
        LPC_LOG_LEVEL_TRACE => c"TRACE",
        _ => c"UNKNOWN",
    };
    name.as_ptr()
}

/// What an event is about; lpc_event_kind() gives it. This: something else, or of a type that the
/// library does not know.
pub const LPC_EVENT_KIND_OTHER: i32 = 0;
/// A text.
pub const LPC_EVENT_KIND_TEXT: i32 = 1;
/// A file, also one to listen to.
pub const LPC_EVENT_KIND_FILE: i32 = 2;
/// Cards, buttons, carousels and so on.
pub const LPC_EVENT_KIND_RICH_CONTENT: i32 = 3;
/// What somebody is doing.
pub const LPC_EVENT_KIND_CHAT_STATE: i32 = 4;
/// What became of messages.
pub const LPC_EVENT_KIND_ACCEPT_STATUS: i32 = 5;
/// The state of a conversation.
pub const LPC_EVENT_KIND_CONVERSATION: i32 = 6;

/// What an update of a connector is about; lpc_update_kind() gives it. This: an action that had a key was
/// sent. One that had none is not told.
pub const LPC_UPDATE_KIND_SENT: i32 = 1;
/// An action was not sent, and never will be: lpc_update_error() tells why.
pub const LPC_UPDATE_KIND_FAILED: i32 = 2;
/// A conversation was opened for the consumer.
pub const LPC_UPDATE_KIND_OPENED: i32 = 3;
/// Something happened in the consumer's conversation: an agent wrote, types, was assigned.
pub const LPC_UPDATE_KIND_EVENT: i32 = 4;
/// The consumer's conversation is over; the next message opens another one.
pub const LPC_UPDATE_KIND_CLOSED: i32 = 5;

/// The number of a kind; a new kind needs a new number.
pub(super) const fn event_kind(kind: EventKind) -> i32 {
    match kind {
        EventKind::Other => LPC_EVENT_KIND_OTHER,
        EventKind::Text => LPC_EVENT_KIND_TEXT,
        EventKind::File => LPC_EVENT_KIND_FILE,
        EventKind::RichContent => LPC_EVENT_KIND_RICH_CONTENT,
        EventKind::ChatState => LPC_EVENT_KIND_CHAT_STATE,
        EventKind::AcceptStatus => LPC_EVENT_KIND_ACCEPT_STATUS,
        EventKind::Conversation => LPC_EVENT_KIND_CONVERSATION,
    }
}

pub(super) fn chat_state(state: lpc_chat_state) -> Result<ChatState, Error> {
    Ok(match state {
        LPC_CHAT_STATE_ACTIVE => ChatState::Active,
        LPC_CHAT_STATE_INACTIVE => ChatState::Inactive,
        LPC_CHAT_STATE_GONE => ChatState::Gone,
        LPC_CHAT_STATE_COMPOSING => ChatState::Composing,
        LPC_CHAT_STATE_PAUSE => ChatState::Pause,
        other => return Err(out_of_range("state", other, LPC_CHAT_STATE_PAUSE)),
    })
}

pub(super) fn accept_status(status: lpc_accept_status) -> Result<AcceptStatus, Error> {
    Ok(match status {
        LPC_ACCEPT_STATUS_ACCEPT => AcceptStatus::Accept,
        LPC_ACCEPT_STATUS_READ => AcceptStatus::Read,
        LPC_ACCEPT_STATUS_ACCESS => AcceptStatus::Access,
        LPC_ACCEPT_STATUS_NACK => AcceptStatus::Nack,
        LPC_ACCEPT_STATUS_ACTION => AcceptStatus::Action,
        other => return Err(out_of_range("status", other, LPC_ACCEPT_STATUS_ACTION)),
    })
}

pub(super) fn csat_status(status: lpc_csat_status) -> Result<CsatStatus, Error> {
    Ok(match status {
        LPC_CSAT_STATUS_FILLED => CsatStatus::Filled,
        LPC_CSAT_STATUS_PARTIALLY_FILLED => CsatStatus::PartiallyFilled,
        LPC_CSAT_STATUS_SKIPPED => CsatStatus::Skipped,
        other => return Err(out_of_range("status", other, LPC_CSAT_STATUS_SKIPPED)),
    })
}

pub(super) fn log_level(level: lpc_log_level) -> Result<LogLevel, Error> {
    Ok(match level {
        LPC_LOG_LEVEL_OFF => LogLevel::Off,
        LPC_LOG_LEVEL_ERROR => LogLevel::Error,
        LPC_LOG_LEVEL_WARN => LogLevel::Warn,
        LPC_LOG_LEVEL_INFO => LogLevel::Info,
        LPC_LOG_LEVEL_DEBUG => LogLevel::Debug,
        LPC_LOG_LEVEL_TRACE => LogLevel::Trace,
        other => return Err(out_of_range("level", other, LPC_LOG_LEVEL_TRACE)),
    })
}

fn out_of_range(name: &str, value: i32, most: i32) -> Error {
    Error::invalid(format!("{name} is {value}; allowed: 0 to {most}"))
}
