//! What a receiver counts while it works.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use crate::base::lock::lock;

/// The counters behind [`ReceiverStats`](crate::receiver::stats::ReceiverStats).
#[derive(Default)]
pub(crate) struct Counters {
    pub taken: AtomicU64,
    pub duplicates: AtomicU64,
    pub given_out: AtomicU64,
    pub acknowledged: AtomicU64,
    pub store_failures: AtomicU64,
    pub connections_open: AtomicU64,
    pub connections_evicted: AtomicU64,
    pub bytes_received: AtomicU64,
    /// By HTTP status.
    refused: Mutex<BTreeMap<u16, u64>>,
}

impl Counters {
    pub(crate) fn refuse(&self, status: u16) {
        *lock(&self.refused).entry(status).or_default() += 1;
    }

    pub(crate) fn refused(&self) -> BTreeMap<u16, u64> {
        lock(&self.refused).clone()
    }
}
