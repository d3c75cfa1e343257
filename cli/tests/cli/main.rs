//! The program `lpc` at a sandbox: what it prints, what it sends, and how it ends.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod check;
mod check_webhook;
mod listen;
mod misuse;
mod replay_webhook;
mod scene;
mod send;
