//! Descriptors that a child after a `fork()` must not keep.
//!
//! A child that keeps a listening socket takes connections in for as long as it lives, and answers
//! none; one that keeps a connection keeps its end from the other side. Closing on `exec` helps only
//! where there is one, and no system call makes a descriptor that a fork leaves out. So they are
//! closed in each child, right after the fork, by a function that the C library calls there. It reads
//! numbers and closes descriptors, which is allowed at that moment: it takes no lock and no memory.

pub(crate) use system::LeftBehind;

#[cfg(unix)]
mod system {
    use std::os::fd::{AsRawFd, RawFd};
    use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};

    use once_cell::race::OnceBox;

    use crate::base::in_child::in_each_child;

    /// While it lives, a child that is forked has no such descriptor. Drop it before the descriptor is
    /// closed: the number may be another one's from then on.
    pub(crate) struct LeftBehind(&'static AtomicI32);

    impl LeftBehind {
        pub(crate) fn new(descriptor: &impl AsRawFd) -> LeftBehind {
            // Nobody waits for the one who asks: a child that was forked meanwhile would wait for ever.
            static ASKED: AtomicBool = AtomicBool::new(false);
            if !ASKED.swap(true, SeqCst) {
                in_each_child(close_in_child);
            }
            LeftBehind(FIRST.take(descriptor.as_raw_fd()))
        }
    }

    impl Drop for LeftBehind {
        fn drop(&mut self) {
            self.0.store(FREE, SeqCst);
        }
    }

    const FREE: RawFd = -1;

    /// Places that are never freed, so that a fork finds them whole whatever other threads were doing.
    struct Places {
        numbers: [AtomicI32; 64],
        more: OnceBox<Places>,
    }

    static FIRST: Places = Places::new();

    impl Places {
        const fn new() -> Places {
            Places { numbers: [const { AtomicI32::new(FREE) }; 64], more: OnceBox::new() }
        }

        fn take(&'static self, number: RawFd) -> &'static AtomicI32 {
            let mut places = self;
            loop {
                let mut numbers = places.numbers.iter();
                let take = |place: &&AtomicI32| {
                    place.compare_exchange(FREE, number, SeqCst, SeqCst).is_ok()
                };
                if let Some(place) = numbers.find(take) {
                    return place;
                }
                places = places.more.get_or_init(|| Box::new(Places::new()));
            }
        }
    }

    #[allow(unsafe_code)]
    extern "C" fn close_in_child() {
        let mut places = Some(&FIRST);
        while let Some(Places { numbers, more }) = places {
            for number in numbers {
                let descriptor = number.swap(FREE, SeqCst);
                if descriptor != FREE {
                    // SAFETY: it is open, and who uses it does not exist in the child.
                    unsafe { rustix::io::close(descriptor) };
                }
            }
            places = more.get();
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn places_are_used_again_and_there_are_always_more() {
            static PLACES: Places = Places::new();
            let taken: Vec<_> = (0..200).map(|number| PLACES.take(number)).collect();
            assert!(
                taken.iter().enumerate().all(|(number, place)| place.load(SeqCst) == number as i32)
            );
            taken[70].store(FREE, SeqCst);
            assert!(std::ptr::eq(PLACES.take(7), taken[70]));
        }
    }
}

#[cfg(not(unix))]
mod system {
    /// Nobody forks.
    pub(crate) struct LeftBehind;

    impl LeftBehind {
        pub(crate) fn new<T>(_: &T) -> LeftBehind {
            LeftBehind
        }
    }
}
