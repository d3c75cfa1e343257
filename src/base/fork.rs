//! Which process this is, told without asking the system each time.
//!
//! A `fork()` is noticed by a page of memory that the kernel wipes in the child. Process ids are no
//! help: asking for one is a system call, and in another PID namespace a child may have its parent's.
//! Where the kernel has no such page, they must do.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

/// A number of this process that none of its ancestors had.
pub(crate) fn generation() -> u64 {
    let generation = match wiped::page() {
        Some(page) => number_in(page, wiped::next),
        None => number_of(u64::from(std::process::id()), &SEEN),
    };
    #[cfg(test)]
    let generation = generation + tests::forks();
    generation
}

/// The number in a place that is 0 in a new process.
fn number_in(place: &AtomicU64, next: fn() -> u64) -> u64 {
    match place.load(Relaxed) {
        // Of threads that race, one wins.
        0 => {
            let mine = next();
            place.compare_exchange(0, mine, SeqCst, SeqCst).map_or_else(|won| won, |_| mine)
        }
        known => known,
    }
}

/// The process id that was seen last, and how many were seen: one value, so that they agree.
static SEEN: AtomicU64 = AtomicU64::new(0);

/// A number that changes with the process id.
fn number_of(process: u64, seen_last: &AtomicU64) -> u64 {
    let of = |seen: u64| (seen >> 32 == process && seen != 0).then_some(seen & 0xffff_ffff);
    let mut seen = seen_last.load(Relaxed);
    loop {
        if let Some(number) = of(seen) {
            return number;
        }
        let mine = process << 32 | ((seen & 0xffff_ffff) + 1);
        match seen_last.compare_exchange(seen, mine, SeqCst, SeqCst) {
            Ok(_) => return mine & 0xffff_ffff,
            Err(other) => seen = other,
        }
    }
}

// Miri knows no such page.
#[cfg(all(target_os = "linux", not(miri)))]
mod wiped {
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

    use once_cell::race::OnceBox;
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

    use crate::base::in_child::in_each_child;

    // Threads that race for it may each map one: waiting for each other, a child could wait for ever.
    static PAGE: OnceBox<Option<&'static AtomicU64>> = OnceBox::new();

    /// A number that was not given out before, in this process or an ancestor: it is inherited.
    pub(super) fn next() -> u64 {
        static LAST: AtomicU64 = AtomicU64::new(0);
        LAST.fetch_add(1, SeqCst) + 1
    }

    /// The page, if the kernel has such.
    pub(super) fn page() -> Option<&'static AtomicU64> {
        *PAGE.get_or_init(|| {
            // Emulators (qemu) take the advice and do not follow it: the C library's own fork() is noticed there.
            in_each_child(wipe);
            Box::new(map())
        })
    }

    /// Allowed in a child: it takes no lock and no memory.
    extern "C" fn wipe() {
        if let Some(Some(page)) = PAGE.get() {
            page.store(0, SeqCst);
        }
    }

    #[allow(unsafe_code)]
    fn map() -> Option<&'static AtomicU64> {
        const LENGTH: usize = size_of::<AtomicU64>();

        // SAFETY: new memory, which nothing else knows of.
        let page = unsafe {
            mmap_anonymous(
                null_mut(),
                LENGTH,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
        };
        let page = page.ok()?;
        // SAFETY: all of the memory that was just mapped; wiping it makes a number of it, 0.
        if unsafe { madvise(page, LENGTH, Advice::LinuxWipeOnFork) }.is_err() {
            // SAFETY: the same memory, which nobody uses.
            let _ = unsafe { munmap(page, LENGTH) };
            return None;
        }
        // SAFETY: a page is aligned for any number, begins as 0, and is never unmapped.
        Some(unsafe { AtomicU64::from_ptr(page.cast()) })
    }
}

#[cfg(any(not(target_os = "linux"), miri))]
mod wiped {
    use std::sync::atomic::AtomicU64;

    pub(super) fn next() -> u64 {
        1
    }

    pub(super) fn page() -> Option<&'static AtomicU64> {
        None
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// How often the process forked, for this thread.
        static FORKS: Cell<u64> = const { Cell::new(0) };
    }

    pub(super) fn forks() -> u64 {
        FORKS.get()
    }

    /// For this thread, it goes on in a child.
    pub(crate) fn fork() {
        FORKS.set(FORKS.get() + 1);
    }

    #[test]
    fn a_place_that_was_wiped_gets_a_new_number_once() {
        static LAST: AtomicU64 = AtomicU64::new(6);
        let next = || LAST.fetch_add(1, SeqCst) + 1;
        let place = AtomicU64::new(0);
        assert_eq!([number_in(&place, next), number_in(&place, next)], [7, 7]);
        place.store(0, SeqCst);
        assert_eq!(number_in(&place, next), 8);
    }

    #[test]
    fn another_process_id_is_another_number_also_one_that_came_before() {
        let seen = AtomicU64::new(0);
        let numbers = [3, 3, 4, 3].map(|process| number_of(process, &seen));
        assert_eq!(numbers[0], numbers[1]);
        assert!(numbers[1] < numbers[2] && numbers[2] < numbers[3]);
    }

    #[test]
    fn a_process_has_one_number() {
        let mine = generation();
        assert_ne!(mine, 0);
        let others = std::thread::scope(|scope| {
            [(); 4].map(|()| scope.spawn(generation)).map(|other| other.join().unwrap())
        });
        assert_eq!(others, [mine; 4]);
    }
}
