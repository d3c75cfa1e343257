//! Real proxies between the core and the sandbox: tinyproxy, microsocks, and socat for TLS.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod environment;
mod faults;
mod http;
mod https;
mod process;
#[path = "../core/scene.rs"]
#[allow(dead_code)] // The other tests use all of it.
mod scene;
mod socks;
mod through;
