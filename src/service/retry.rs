//! When a request that failed is tried again, and when all threads wait.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};

use crate::base::error::{Error, Status};
use crate::base::turn::lock;

/// What it means to send a request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It changes nothing: tokens, discovery, places in the storage.
    Harmless,
    /// It changes the same thing to the same again: close, rating, profile.
    SameEffect,
    /// It could happen twice: messages.
    MayDouble,
}

/// How often a request is tried, and after which waits.
pub(crate) struct RetryPolicy {
    pub max_attempts: u32,
    /// Never empty.
    pub backoff: Vec<Duration>,
    pub ambiguous: bool,
}

impl RetryPolicy {
    /// How long to wait before the next attempt after this failure; `None` if there is none.
    pub(crate) fn wait(&self, error: &Error, attempts: u32, repeat: Repeat) -> Option<Duration> {
        if attempts >= self.max_attempts {
            return None;
        }
        let may_have_happened = error.maybe_delivered() && repeat == Repeat::MayDouble;
        if may_have_happened && !self.ambiguous {
            return None;
        }
        let asked = Duration::from_millis(error.retry_after_ms().unwrap_or(0));
        match error.status() {
            Status::Connect | Status::Timeout | Status::Server => {
                let last = self.backoff.len().saturating_sub(1);
                let wait = self.backoff.get(last.min(attempts as usize - 1)).copied()?;
                let wait = asked.max(wait);
                Some(wait + spread(wait / 4))
            }
            // The brake, which all threads share, makes it wait.
            Status::RateLimited => Some(Duration::ZERO),
            _ => None,
        }
    }
}

/// A time from zero to `most`, at random.
///
/// From the system, because after a `fork()` a generator of ours would give parent and child the
/// same numbers, and they would come back together.
fn spread(most: Duration) -> Duration {
    let mut random = [0; 4];
    // Without random numbers there is no spread; TLS would not work either.
    let _ = SystemRandom::new().fill(&mut random);
    most.mul_f64(f64::from(u32::from_ne_bytes(random)) / f64::from(u32::MAX))
}

/// However long a service asks for: one slip of it must not silence a client for good.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// The pause of all threads after the service said that they are too fast.
pub(crate) struct Brake {
    since: Instant,
    /// Milliseconds after `since`.
    until: AtomicU64,
}

impl Brake {
    pub(crate) fn new() -> Brake {
        Brake { since: Instant::now(), until: AtomicU64::new(0) }
    }

    /// Nobody passes before this time is over.
    pub(crate) fn pull(&self, pause: Duration) {
        let until = (self.since.elapsed() + pause.min(LONGEST_PAUSE)).as_millis() as u64;
        self.until.fetch_max(until, Relaxed);
    }

    /// The time until the brake is off; zero if it is.
    pub(crate) fn left(&self) -> Duration {
        match self.until.load(Relaxed) {
            0 => Duration::ZERO,
            until => Duration::from_millis(until).saturating_sub(self.since.elapsed()),
        }
    }

    /// How long this thread waits: until the brake is off, and a part of `over` more, so that not
    /// all leave at once; zero if the brake is off.
    pub(crate) fn wait(&self, over: Duration) -> Duration {
        let left = self.left();
        if left.is_zero() { left } else { left + spread(over) }
    }
}

/// Waits that a shutdown ends.
pub(crate) struct Pauses {
    over: Mutex<bool>,
    changed: Condvar,
}

impl Pauses {
    pub(crate) fn new() -> Pauses {
        Pauses { over: Mutex::new(false), changed: Condvar::new() }
    }

    /// Waits so long, or until the shutdown.
    pub(crate) fn pause(&self, time: Duration) {
        let guard = lock(&self.over);
        let _ = self
            .changed
            .wait_timeout_while(guard, time, |over| !*over)
            .unwrap_or_else(PoisonError::into_inner);
    }

    /// Ends all waits, those to come included.
    pub(crate) fn end(&self) {
        *lock(&self.over) = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: Status) -> Error {
        Error::new(status, "no")
    }

    fn policy(ambiguous: bool) -> RetryPolicy {
        let backoff = [1000, 2000].map(Duration::from_millis).to_vec();
        RetryPolicy { max_attempts: 4, backoff, ambiguous }
    }

    #[test]
    fn each_retry_waits_for_its_time_and_at_most_a_quarter_more() {
        let policy = policy(false);
        let mut seen = Vec::new();
        for (attempts, least) in [(1, 1000), (2, 2000), (3, 2000)] {
            for _ in 0..50 {
                let failed = failure(Status::Server);
                let wait = policy.wait(&failed, attempts, Repeat::MayDouble).unwrap().as_millis();
                assert!((least..=least + least / 4).contains(&wait), "{wait}");
                seen.push(wait);
            }
        }
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() > 20, "spread out: {seen:?}");
        assert_eq!(policy.wait(&failure(Status::Server), 4, Repeat::Harmless), None);
    }

    #[test]
    fn only_what_may_come_right_is_tried_again() {
        use Status::*;
        for status in Status::ALL {
            let again = policy(false).wait(&failure(status), 1, Repeat::MayDouble).is_some();
            assert_eq!(again, matches!(status, Connect | Timeout | Server | RateLimited));
        }
    }

    #[test]
    fn what_may_have_happened_is_repeated_only_where_that_does_no_harm() {
        let lost = failure(Status::Connect).with_maybe_delivered(true);
        let again = |ambiguous, repeat| policy(ambiguous).wait(&lost, 1, repeat).is_some();
        assert!(!again(false, Repeat::MayDouble));
        assert!(again(true, Repeat::MayDouble));
        assert!(again(false, Repeat::SameEffect) && again(false, Repeat::Harmless));
    }

    #[test]
    fn a_longer_retry_after_wins_over_the_backoff() {
        let says =
            |ms| crate::base::error::ServiceSays { retry_after_ms: Some(ms), ..Default::default() };
        let asks = failure(Status::Server).with_service(says(60_000));
        let wait = policy(false).wait(&asks, 1, Repeat::MayDouble).unwrap().as_secs();
        assert!((60..=75).contains(&wait), "{wait}");
        let asks = failure(Status::Server).with_service(says(1));
        assert!(policy(false).wait(&asks, 1, Repeat::MayDouble).unwrap().as_millis() >= 1000);
    }

    #[test]
    fn the_brake_holds_all_until_one_moment_and_lets_them_leave_spread_out() {
        let brake = Brake::new();
        let over = Duration::from_secs(10);
        assert_eq!(brake.wait(over), Duration::ZERO);
        brake.pull(Duration::from_secs(500));
        // A shorter pause does not end a longer one.
        brake.pull(Duration::from_secs(1));
        let mut waits: Vec<Duration> = (0..64).map(|_| brake.wait(over)).collect();
        waits.sort_unstable();
        assert!(waits[0] > Duration::from_secs(490) && waits[63] <= Duration::from_secs(510));
        assert!(waits[63] - waits[0] > Duration::from_secs(5), "spread over the time given");
        // No service can ask for ever.
        brake.pull(Duration::MAX);
        assert!(brake.left() <= LONGEST_PAUSE);
    }

    #[test]
    fn the_end_ends_waits_of_others_and_those_to_come() {
        let pauses = Pauses::new();
        std::thread::scope(|scope| {
            scope.spawn(|| pauses.pause(Duration::from_secs(3600)));
            pauses.end();
        });
        pauses.pause(Duration::from_secs(3600));
        Pauses::new().pause(Duration::from_millis(1));
    }
}
