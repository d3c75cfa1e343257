//! Client for LivePerson's Connector API: open a conversation for a consumer, send messages into
//! it, close it.
//!
//! Everything blocks, nothing starts a thread (but a [`Receiver`], a [`Connector`], and the lookup of a host name), and
//! every call ends within `call.timeout.ms`. Start at [`Client`]. The options are listed in
//! `CONFIGURATION.md`, the map of this crate is `ARCHITECTURE.md`.

mod base;
mod config;
#[cfg(feature = "connector")]
mod connector;
#[cfg(feature = "capi")]
#[allow(unsafe_code, non_camel_case_types)]
pub mod ffi;
mod handles;
mod net;
mod protocol;
#[cfg(feature = "receiver")]
mod receiver;
mod service;
#[cfg(feature = "receiver")]
mod store;

pub use base::error::{Error, Status};
pub use base::histogram::{Bucket, Latency};
pub use base::interrupt::interruptible;
pub use base::log::LogLevel;
pub use base::stats::{OperationCount, Stats};
pub use config::configuration::Config;
#[cfg(feature = "connector")]
pub use connector::{Connector, ConnectorStats, Update, UpdateKind};
pub use handles::attachment::Attachment;
pub use handles::client::Client;
pub use handles::consumer::Consumer;
pub use handles::conversation::Conversation;
pub use protocol::content::{
    AcceptStatusContent, ChatStateContent, ConversationContent, Csat, Delay, Dialog, EventContent,
    FileContent, Participant, RichContent, SecureFormContent, TextContent,
};
pub use protocol::event::{AcceptStatus, ChatState, CsatStatus, Event, Metadata};
pub use protocol::members::TextOrNumber;
pub use protocol::notification::Notification;
pub use protocol::notification_event::{EventKind, NotificationEvent};
pub use protocol::open::{AttachOptions, Campaign, ConversationContext, OpenOptions, Ttr};
pub use protocol::profile::{
    Age, AuthenticatedData, Customer, Date, Gender, Personal, PrivateData, Profile,
    PushNotificationData, Sde, SdeAuth,
};
pub use protocol::properties::{ClientProperties, Feature};
pub use protocol::response::Response;
pub use protocol::webhook::verify_webhook;
#[cfg(feature = "receiver")]
pub use receiver::{Receiver, ReceiverStats, RefusedCount};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
