//! Client for LivePerson's Connector API: open a conversation for a consumer, send messages into
//! it, close it.
//!
//! Everything blocks, nothing starts a thread (but for looking up a host name), and every call ends
//! within `call.timeout.ms`. Start at [`Client`]. The options are listed in `README.md`, the
//! map of this crate is `ARCHITECTURE.md`.

mod argument;
mod auth;
mod call;
mod client;
mod code;
mod config;
mod connection;
mod consumer;
mod content;
mod conversation;
mod deadline;
mod domains;
mod error;
mod event;
#[cfg(feature = "capi")]
#[allow(unsafe_code, non_camel_case_types)]
pub mod ffi;
mod file;
mod json;
mod log;
mod members;
mod message;
mod names;
mod notification;
mod open;
mod options;
mod pool;
mod process;
mod profile;
mod properties;
mod proxy;
#[cfg(feature = "receiver")]
mod receiver;
mod refusal;
mod request;
mod request_id;
mod response;
mod retry;
mod secret;
mod stats;
mod tls;
mod transport;
mod turn;
mod url;
mod verify;
mod webhook;

pub use client::Client;
pub use config::Config;
pub use consumer::Consumer;
pub use content::{
    AcceptStatusContent, ChatStateContent, ConversationContent, Csat, Delay, Dialog, EventContent,
    FileContent, Participant, RichContent, SecureFormContent, TextContent,
};
pub use conversation::Conversation;
pub use error::{Error, Status};
pub use event::{AcceptStatus, ChatState, CsatStatus, Event, Metadata};
pub use file::Attachment;
pub use log::LogLevel;
pub use members::TextOrNumber;
pub use notification::{EventKind, Notification, NotificationEvent};
pub use open::{AttachOptions, Campaign, ConversationContext, OpenOptions, Ttr};
pub use profile::{
    Age, AuthenticatedData, Customer, Date, Gender, Personal, PrivateData, Profile,
    PushNotificationData, Sde, SdeAuth,
};
pub use properties::{ClientProperties, Feature};
#[cfg(feature = "receiver")]
pub use receiver::Receiver;
pub use response::Response;
pub use stats::{Bucket, Latency, OperationCount, Stats};
pub use webhook::verify_webhook;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
