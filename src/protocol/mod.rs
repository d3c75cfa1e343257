//! The wire in types: requests as they go out, answers, refusals, notifications and tokens as they are
//! read. From bytes to values and back, and nothing else.
//!
//! It uses the ground floor, and of HTTP the words: names of headers, status numbers. It must not know
//! who sends or receives, when, or where to: no clock, no file, no network, no thread, no option.

pub(crate) mod answer;
pub(crate) mod app_jwt;
pub(crate) mod argument;
pub(crate) mod batch;
mod code;
pub(crate) mod consumer_jws;
pub(crate) mod content;
mod envelope;
pub(crate) mod event;
pub(crate) mod json;
mod json_text;
pub(crate) mod members;
pub(crate) mod message;
pub(crate) mod notification;
pub(crate) mod notification_event;
pub(crate) mod open;
pub(crate) mod profile;
pub(crate) mod properties;
pub(crate) mod raw;
pub(crate) mod redact;
mod refusal;
pub(crate) mod response;
#[cfg(feature = "connector")]
mod split;
pub(crate) mod storage;
pub(crate) mod webhook;
pub(crate) mod wording;
