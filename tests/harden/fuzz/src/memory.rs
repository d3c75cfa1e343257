//! How much memory something takes at its height, counted at the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static HIGHEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does all of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        HIGHEST.fetch_max(now, Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Does something, and fails where that takes more than so many bytes at once.
pub fn bounded<T>(most: usize, act: impl FnOnce() -> T) -> T {
    let before = NOW.load(Relaxed);
    HIGHEST.store(before, Relaxed);
    let outcome = act();
    let taken = HIGHEST.load(Relaxed).saturating_sub(before);
    assert!(taken <= most, "{taken} bytes at once; at most {most} are fine");
    outcome
}
