//! Tests of the core and of what is built from it, against the sandbox.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod conversation;
mod discovery;
mod errors;
mod header;
mod readme;
mod scene;
mod symbols;
mod threads;
mod tls;
mod tokens;
