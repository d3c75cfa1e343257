//! The ground floor: what everything stands on. Of HTTP and the service it has only words: statuses,
//! codes, the names of operations.
//!
//! It uses the standard library and small crates. It must not know the network, nor anything above
//! it.

pub(crate) mod any_length;
pub(crate) mod cached;
pub(crate) mod callback;
pub(crate) mod clock;
pub(crate) mod deadline;
pub(crate) mod delivery;
pub(crate) mod error;
pub(crate) mod fifo_lock;
#[cfg(feature = "receiver")]
pub(crate) mod file_stamp;
pub(crate) mod fork;
pub(crate) mod histogram;
#[cfg(all(unix, any(target_os = "linux", feature = "receiver")))]
pub(crate) mod in_child;
pub(crate) mod interrupt;
pub(crate) mod jitter;
#[cfg(feature = "connector")]
mod kept_error;
#[cfg(feature = "receiver")]
pub(crate) mod left_behind;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod request_id;
pub(crate) mod secret;
pub(crate) mod shutdown;
pub(crate) mod small_file;
pub(crate) mod stats;
pub(crate) mod text;
pub(crate) mod thread;
pub(crate) mod whole_file;
