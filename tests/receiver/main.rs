//! Receivers in a process of their own: one that is killed again and again, and one with more
//! connections than it takes at once.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

#[cfg(target_os = "linux")]
mod bodies;
mod crowd;
mod kills;
mod program;
