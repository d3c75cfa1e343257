//! The standard library, but for locks, atomics and the clock, which loom plays: it goes through every
//! order in which threads can come to them.

pub use ::std::*;

pub mod sync {
    pub use ::std::sync::*;

    pub use crate::locks::{Condvar, Mutex, MutexGuard, WaitTimeoutResult};

    pub mod atomic {
        pub use ::std::sync::atomic::*;
        pub use loom::sync::atomic::{AtomicBool, AtomicU64};
    }
}

pub mod time {
    pub use ::std::time::*;

    pub use crate::clock::Instant;
}

pub mod clock;
pub mod locks;
