//! How many stores are open, and in which process.
//!
//! SQLite has locks of its own that all its files share. A child that is forked while another thread holds
//! one would wait for it for ever; and it would take the parent's hold on a file for its own, and never get
//! it. So a child that was forked while its parent had a store open opens none.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::base::fork::generation;

/// The generation of the process, and how many there are: one value, so that they agree.
static OPEN: AtomicU64 = AtomicU64::new(0);

const COUNT: u64 = 0xffff_ffff;

/// One that is open. Drop it once it is closed.
pub(crate) struct OpenStore(());

impl OpenStore {
    /// None in a process that must have none.
    pub(crate) fn new() -> Option<OpenStore> {
        let mine = generation() << 32;
        let one_more = |open: u64| match open & COUNT {
            0 => Some(mine | 1),
            _ => (open & !COUNT == mine).then_some(open + 1),
        };
        OPEN.fetch_update(SeqCst, SeqCst, one_more).ok().map(|_| OpenStore(()))
    }
}

impl Drop for OpenStore {
    fn drop(&mut self) {
        // One of the parent, in its child, stays open there.
        let mine = generation() << 32;
        let one_less = |open: u64| (open & !COUNT == mine).then(|| open - 1);
        let _ = OPEN.fetch_update(SeqCst, SeqCst, one_less);
    }
}
