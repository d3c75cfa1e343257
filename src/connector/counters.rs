//! What a connector counts while it works.

use std::sync::atomic::AtomicU64;

use crate::base::histogram::Histogram;

#[derive(Default)]
pub(crate) struct Counters {
    pub submitted: AtomicU64,
    pub repeated_keys: AtomicU64,
    pub sent: AtomicU64,
    /// From when they were submitted until then.
    pub sent_after: Histogram,
    pub failed: AtomicU64,
    /// Attempts that were put off.
    pub put_off: AtomicU64,
    /// Actions sent again although nobody knew whether the first attempt arrived.
    pub repeated: AtomicU64,
    /// Actions of which the service's own word told that they arrived.
    pub settled_by_echo: AtomicU64,
    pub opened: AtomicU64,
    pub closed: AtomicU64,
    pub received: AtomicU64,
    pub duplicates: AtomicU64,
    pub foreign: AtomicU64,
    pub given_out: AtomicU64,
    pub acknowledged: AtomicU64,
    pub store_failures: AtomicU64,
}
