//! LivePerson's Connector API: the way in and out for a channel of your own, such as an SMS gateway, a kiosk or a
//! private app.
//!
//! # A channel
//!
//! Most programs need a [`Config`], a [`Connector`], and the [`Update`]s that it gives. You submit what a consumer
//! says; you poll for what agents answer, deal with it, and acknowledge it. The connector finds or opens the
//! conversation of each consumer, sends in order, tries again later, and keeps all of it in a store until it is done.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use lpconnector::{Config, Connector, UpdateKind};
//!
//! # fn main() -> Result<(), lpconnector::Error> {
//! let mut config = Config::new();
//! config.load_env()?; // LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET, LPC_CONNECTOR_STORE and so on
//! let sms = Connector::new(&config)?;
//! sms.submit_text("+4915112345678", "Hi", Some("sms-4711"))?; // returns once it is written down
//! while let Some(update) = sms.poll(Duration::MAX)? {
//!     if update.kind() == UpdateKind::Failed {
//!         println!("{:?} failed: {:?}", update.key(), update.error());
//!     }
//!     let events = update.notification().map_or(&[][..], |it| it.events());
//!     for event in events.iter().filter(|event| !event.text().is_empty()) {
//!         println!("SMS to {}: {}", update.consumer_id(), event.text());
//!     }
//!     sms.ack(&update)?; // not acknowledged: it comes again
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # The parts beneath
//!
//! A program that wants to wait for each answer itself makes a [`Client`] of the account. From it come a [`Consumer`],
//! their [`Conversation`], and a [`Response`] to each call. What agents do comes to a [`Receiver`]; a program with a web
//! server of its own has [`verify_webhook`] and [`Notification::parse`].
//!
//! # What holds everywhere
//!
//! - A call blocks, and ends within `call.timeout.ms`.
//! - A failure is one [`Error`], which says whether trying again may help, and whether a message may have arrived.
//! - A client starts no thread, but one for the lookup of a host name that it does not know yet; that one ends with
//!   the lookup. A [`Receiver`] and a [`Connector`] have threads of their own.
//! - Handles may be used from any number of threads.
//!
//! # Options
//!
//! They are set as text, by [`Config::set`], [`Config::load_env`] or [`Config::load_file`]. The file
//! `CONFIGURATION.md`, beside this crate's `Cargo.toml`, lists all of them with their defaults;
//! [`Config::documentation`] is the same page.
//!
//! The folder `docs` tells the rest: concepts, receiving, errors, running a channel. `ARCHITECTURE.md` is the map of
//! the code.

mod base;
mod config;
#[cfg(feature = "connector")]
mod connector;
#[cfg(feature = "capi")]
#[doc(hidden)]
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
#[cfg(feature = "probe")]
pub use service::probe::{Probe, Visit};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
