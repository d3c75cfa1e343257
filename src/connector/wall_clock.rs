//! The clock on the wall, for what outlives the process.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::base::clock::Moment;

/// Read once, when it is made: whoever sets the clock later makes nothing of this process old or new.
pub(crate) struct WallClock {
    began_ms: i64,
    began: Moment,
}

impl WallClock {
    pub(crate) fn start() -> WallClock {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        WallClock { began_ms: millis(since), began: Moment::now() }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        self.began_ms.saturating_add(millis(self.began.elapsed()))
    }

    /// How long ago that was: no time at all where the clock was set back since.
    pub(crate) fn since_ms(&self, at_ms: i64) -> Duration {
        Duration::from_millis(self.now_ms().saturating_sub(at_ms).try_into().unwrap_or(0))
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::tests::sleep_machine;

    #[test]
    fn a_clock_that_was_set_back_makes_nothing_old() {
        let clock = WallClock { began_ms: 4000, began: Moment::now() };
        assert!(clock.since_ms(1000) >= Duration::from_secs(3));
        assert_eq!(clock.since_ms(i64::MAX), Duration::ZERO);
        assert!(clock.since_ms(i64::MIN) > Duration::from_secs(1 << 50));
        assert!(WallClock::start().now_ms() > 1_700_000_000_000);
    }

    #[test]
    fn it_goes_on_with_a_clock_that_nobody_sets() {
        let clock = WallClock { began_ms: 0, began: Moment::now() };
        let submitted = clock.now_ms();
        sleep_machine(Duration::from_secs(60));
        let age = clock.since_ms(submitted);
        assert!((60..120).contains(&age.as_secs()), "{age:?}");
    }
}
