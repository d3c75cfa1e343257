//! A descriptor that is readable while a poll would give something, for programs that wait for many
//! things at once.

use std::time::Instant;

pub(crate) use system::Readiness;

#[cfg(target_os = "linux")]
mod system {
    use std::os::fd::{AsRawFd, OwnedFd};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    use super::Instant;

    /// A timer, which is readable from its time on.
    pub(crate) struct Readiness(OwnedFd);

    impl Readiness {
        /// None where the system has no more descriptors.
        pub(crate) fn new() -> Option<Readiness> {
            let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
            timerfd_create(TimerfdClockId::Monotonic, flags).ok().map(Readiness)
        }

        /// It becomes readable at that time, and not before; with None it does not.
        pub(crate) fn set(&self, at: Option<Instant>) {
            let never = Timespec { tv_sec: 0, tv_nsec: 0 };
            let it_value = at.map_or(never, |at| {
                let left = at.saturating_duration_since(Instant::now());
                let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
                // A time of 0 would mean never.
                Timespec { tv_sec: seconds, tv_nsec: left.subsec_nanos().max(1).into() }
            });
            let once = Itimerspec { it_interval: never, it_value };
            // It fails for times that do not exist alone.
            let _ = timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once);
        }

        pub(crate) fn fd(&self) -> i32 {
            self.0.as_raw_fd()
        }

        /// Whether it is readable, or becomes so in that time.
        #[cfg(test)]
        pub(crate) fn is_readable(&self, within: std::time::Duration) -> bool {
            use rustix::event::{PollFd, PollFlags, Timespec, poll};

            let within = Timespec { tv_sec: within.as_secs() as i64, tv_nsec: 0 };
            poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&within)).unwrap() == 1
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Instant;

    /// There is none.
    pub(crate) enum Readiness {}

    impl Readiness {
        pub(crate) fn new() -> Option<Readiness> {
            None
        }

        pub(crate) fn set(&self, _: Option<Instant>) {
            match *self {}
        }

        pub(crate) fn fd(&self) -> i32 {
            match *self {}
        }
    }
}
