//! The sources of the core themselves.

#[path = "../../../../src/net/pool.rs"]
pub mod pool;
