//! What the targets share: the things that must hold, and how they are looked at.

pub mod memory;
pub mod secrets;
pub mod server;
pub mod signing;
