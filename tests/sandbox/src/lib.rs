//! A local stand-in for the services behind LivePerson's Connector API: Domain API, Sentinel, IDP,
//! messaging and file storage, with the notifications they send and an agent who answers.
//!
//! It runs inside the test process, on free ports of the loopback address, and takes what the service
//! takes. Every account has its own state, so that tests share one sandbox and still run in
//! parallel:
//!
//! ```
//! use lpc_sandbox::{Options, Sandbox};
//!
//! let sandbox = Sandbox::start(Options::default())?;
//! let account = sandbox.new_account();
//! for (name, value) in sandbox.variables(&account) {
//!     assert!(name.starts_with("LPC_") && !value.is_empty());
//! }
//! assert!(sandbox.conversations(&account.id).is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod account;
mod action;
mod agent;
mod answer;
mod clock;
mod control;
mod control_agent;
mod control_faults;
mod control_survey;
mod control_tokens;
mod control_webhook;
mod conversation;
mod conversation_view;
mod cors;
mod courier;
mod delivery;
mod dialog;
mod domain;
mod envelope;
mod event;
mod event_type;
mod fault;
mod fault_proxy;
mod field;
mod forged;
mod form;
mod framing;
mod idp;
mod key;
mod link;
mod log;
mod messaging;
mod new_account;
mod notification;
mod oddity;
mod opening;
mod options;
mod outbox;
mod participant;
mod post;
mod profile;
mod properties;
mod receiver;
mod refusal;
mod request;
mod rich;
mod route;
mod routing;
mod sandbox;
mod script;
mod send;
mod sentinel;
mod server;
mod service;
mod shared;
mod signature;
mod staff;
mod step;
mod storage;
mod summary;
mod survey;
mod tls;
mod token;
mod transcript;
mod ttr;
mod webhook;

pub use account::Account;
pub use agent::Agent;
pub use answer::Answer;
pub use delivery::Delivery;
pub use event_type::EventType;
pub use fault::{Fault, Then};
pub use fault_proxy::FaultProxy;
pub use forged::Forged;
pub use options::{Log, Options, Sequence, TlsVersions};
pub use request::Request;
pub use route::Route;
pub use sandbox::Sandbox;
pub use script::Script;
pub use serde_json;
pub use signature::Signature;
pub use survey::Survey;
pub use webhook::{Retry, Webhook};
