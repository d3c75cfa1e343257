//! TODO

pub(crate) mod answer;
pub(crate) mod app_jwt;
pub(crate) mod argument;
pub(crate) mod batch;
pub(crate) mod code;
pub(crate) mod consumer_jws;
pub(crate) mod content;
pub(crate) mod envelope;
pub(crate) mod event;
pub(crate) mod json;
pub(crate) mod members;
pub(crate) mod message;
pub(crate) mod notification;
pub(crate) mod open;
pub(crate) mod profile;
pub(crate) mod properties;
pub(crate) mod raw;
pub(crate) mod redact;
pub(crate) mod refusal;
pub(crate) mod response;
pub(crate) mod storage;
pub(crate) mod webhook;
