//! Tests of the core and of what is built from it, against the sandbox.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod allocated;
mod configuration;
mod connector;
mod conversation;
mod discovery;
mod early;
mod errors;
mod faults;
mod files;
mod header;
mod log;
mod proxies;
mod receiver;
mod recording;
mod renewal;
mod retries;
mod scene;
mod sending;
mod small_disk;
mod symbols;
mod threads;
mod tls;
mod tokens;
mod webhook;
#[cfg(target_os = "linux")]
mod wiping;
