//! A clock that nobody sets and that goes on while the machine sleeps.
//!
//! It is for what grows old by itself: tokens, addresses, connections, what a service asked for. What
//! bounds the work of a call is an [`Instant`](std::time::Instant), as are the waits of the system: a
//! call that slept with its machine has the rest of its time when it wakes.

use std::ops::Add;
use std::time::Duration;

/// Longer than any process lives, and short enough to be added to a time: a hundred years.
pub(crate) const FOREVER: Duration = Duration::from_secs(3_155_760_000);

/// A moment by that clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Duration);

impl Moment {
    pub(crate) fn now() -> Moment {
        let now = system::since_boot();
        #[cfg(test)]
        let now = now + tests::slept();
        Moment(now)
    }

    /// The time since then.
    pub(crate) fn elapsed(self) -> Duration {
        Moment::now().since(self)
    }

    /// The time from an earlier moment to this one.
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, time: Duration) -> Moment {
        Moment(self.0.saturating_add(time))
    }
}

#[cfg(unix)]
mod system {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    // Miri has no such clock.
    #[cfg(all(any(target_os = "linux", target_os = "android", target_os = "openbsd"), not(miri)))]
    const CLOCK: ClockId = ClockId::Boottime;
    // On macOS it goes on during sleep; elsewhere there is no better one.
    #[cfg(any(miri, not(any(target_os = "linux", target_os = "android", target_os = "openbsd"))))]
    const CLOCK: ClockId = ClockId::Monotonic;

    pub(super) fn since_boot() -> Duration {
        // It is never negative.
        Duration::try_from(clock_gettime(CLOCK)).unwrap_or_default()
    }
}

#[cfg(not(unix))]
mod system {
    use std::sync::OnceLock;
    use std::time::{Duration, Instant};

    pub(super) fn since_boot() -> Duration {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        FIRST.get_or_init(Instant::now).elapsed()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// How long the machine has slept, for this thread.
        static SLEPT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    pub(super) fn slept() -> Duration {
        SLEPT.get()
    }

    /// For this thread, the machine sleeps so long.
    pub(crate) fn sleep_machine(time: Duration) {
        SLEPT.set(SLEPT.get() + time);
    }

    #[test]
    fn it_goes_on_by_itself_and_while_the_machine_sleeps() {
        let before = Moment::now();
        while Moment::now() == before {}
        sleep_machine(Duration::from_secs(3600));
        assert!(before.elapsed() > Duration::from_secs(3600));
        assert!(before + Duration::from_secs(3600) < Moment::now());
        assert_eq!(before.since(Moment::now()), Duration::ZERO);
    }
}
