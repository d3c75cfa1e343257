//! The pause of all threads after the service said that they are too fast (429).

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::base::clock::Moment;
use crate::base::jitter::jitter;

/// However long a service asks for: one slip of it must not silence a client for good.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Until when nobody sends.
pub(crate) struct RateLimit {
    since: Moment,
    /// Milliseconds after `since`.
    until: AtomicU64,
}

impl RateLimit {
    pub(crate) fn new() -> RateLimit {
        RateLimit { since: Moment::now(), until: AtomicU64::new(0) }
    }

    /// Nobody passes before this time is over.
    pub(crate) fn pause(&self, pause: Duration) {
        let until = (self.since.elapsed() + pause.min(LONGEST_PAUSE)).as_millis() as u64;
        self.until.fetch_max(until, Relaxed);
    }

    /// The time until the pause is over; zero if it is.
    pub(crate) fn left(&self) -> Duration {
        match self.until.load(Relaxed) {
            0 => Duration::ZERO,
            until => Duration::from_millis(until).saturating_sub(self.since.elapsed()),
        }
    }

    /// How long this thread waits: until the pause is over, and a part of `over` more, so that not
    /// all leave at once; zero if there is none.
    pub(crate) fn wait(&self, over: Duration) -> Duration {
        let left = self.left();
        if left.is_zero() { left } else { left + jitter(over) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::tests::sleep_machine;

    #[test]
    fn all_wait_until_one_moment_and_leave_spread_out() {
        let limit = RateLimit::new();
        let over = Duration::from_secs(10);
        assert_eq!(limit.wait(over), Duration::ZERO);
        limit.pause(Duration::from_secs(500));
        // A shorter pause does not end a longer one.
        limit.pause(Duration::from_secs(1));
        let mut waits: Vec<Duration> = (0..64).map(|_| limit.wait(over)).collect();
        waits.sort_unstable();
        assert!(waits[0] >= limit.left(), "nobody leaves before the pause is over");
        assert!(limit.left() > Duration::from_secs(490) && waits[63] <= Duration::from_secs(510));
        assert!(waits[63] - waits[0] > Duration::from_secs(5), "spread over the time given");
        // It is over, too, where the machine slept meanwhile.
        sleep_machine(Duration::from_secs(500));
        assert_eq!(limit.left(), Duration::ZERO);
        // No service can ask for ever.
        limit.pause(Duration::MAX);
        assert!(limit.left() <= LONGEST_PAUSE);
    }
}
