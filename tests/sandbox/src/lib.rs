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
//!
//! # Floors
//! From the ground up. A file imports from its own floor and from those below it, never from above.
//!
//! - `base`: options, the log, locks and sockets, keys and tokens, TLS
//! - `faults`: the proxy that breaks connections
//! - `protocol`: the service's language, as values
//! - `http`: how requests come in and answers go out
//! - `model`: accounts, consumers, conversations and surveys, as values
//! - `webhooks`: notifications, and where they go
//! - `agents`: what agents can do, and their scripts
//! - `cloud`: the accounts with all they hold, and what follows when something happens
//! - `requests`: what a consumer's requests do to an account
//! - `workers`: agents and the courier at work
//! - `services`: the services that a client talks to
//! - `control`: the control API
//! - `recording`: what passes between a client and a service, written down and played
//! - `console`: the page that looks on and acts through the control API
//! - `running`: the start of a sandbox
//! - `sandbox`: the sandbox as Rust tests use it
//! - `commands`: what the program can do besides

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod agents;
mod base;
mod cloud;
mod console;
mod control;
mod faults;
mod http;
mod model;
mod protocol;
mod recording;
mod requests;
mod running;
mod sandbox;
mod services;
mod webhooks;
mod workers;

pub use agents::agent::Agent;
pub use agents::script::Script;
pub use base::forged::Forged;
pub use base::options::{Log, Options, Sequence, TlsVersions};
pub use cloud::rate_limits::RateLimits;
pub use faults::fault::{Fault, Then};
pub use faults::fault_proxy::FaultProxy;
pub use http::answer::Answer;
pub use http::conditions::{Latency, Outage};
pub use http::request::Request;
pub use model::account::Account;
pub use model::survey::Survey;
pub use protocol::route::Route;
pub use recording::recorder::{Recorder, Recording};
pub use recording::replay::Replay;
pub use sandbox::Sandbox;
pub use serde_json;
pub use webhooks::delivery::Delivery;
pub use webhooks::event_type::EventType;
pub use webhooks::signature::Signature;
pub use webhooks::webhook::{Retry, Webhook};
