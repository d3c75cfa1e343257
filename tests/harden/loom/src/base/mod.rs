//! The sources of the core themselves, but for `clock` and `fork`, which ask the system.

#[path = "../../../../../src/base/cached.rs"]
pub mod cached;
#[path = "../../../../../src/base/callback.rs"]
pub mod callback;
pub mod clock;
#[path = "../../../../../src/base/deadline.rs"]
pub mod deadline;
#[path = "../../../../../src/base/delivery.rs"]
pub mod delivery;
#[path = "../../../../../src/base/error.rs"]
pub mod error;
#[path = "../../../../../src/base/fifo_lock.rs"]
pub mod fifo_lock;
pub mod fork;
#[path = "../../../../../src/base/interrupt.rs"]
pub mod interrupt;
#[path = "../../../../../src/base/lock.rs"]
pub mod lock;
#[path = "../../../../../src/base/process.rs"]
pub mod process;
#[path = "../../../../../src/base/shutdown.rs"]
pub mod shutdown;
