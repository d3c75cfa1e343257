//! A connector that is killed again and again, while the service fails in all its ways.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod clock;
mod example;
mod examples;
mod kills;
mod program;
mod random;
mod service;
#[path = "../core/small_disk.rs"]
mod small_disk;
