//! The C ABI: opaque handles over the core, one file per handle.
//!
//! It uses all floors below it to turn pointers into what they take, and what they give into pointers
//! and numbers. It decides nothing, and nothing below knows it. But for one small file of the ground
//! floor this is the only place with `unsafe`.
//!
//! The header `include/lpconnector.h` is generated from these files, so every doc comment here is
//! what a C programmer reads.
//!
//! All functions that take pointers share one contract, which the header states at its top: a
//! pointer is NULL or valid for its type, and a handle came from this library and was not freed.
//! NULL is always caught.
#![allow(clippy::missing_safety_doc)]

pub mod client;
pub mod config;
#[cfg(feature = "connector")]
pub mod connector;
pub mod consumer;
pub mod conversation;
pub mod enums;
pub mod error;
pub mod file;
pub mod log;
pub mod notification;
mod outcome;
mod panic;
mod pointer;
#[cfg(feature = "receiver")]
pub mod receiver;
pub mod response;
#[cfg(feature = "connector")]
pub mod update;
pub mod version;
pub mod webhook;
