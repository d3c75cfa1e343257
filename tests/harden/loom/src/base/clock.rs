//! The core's clock asks the system; this one is that which models move, and no machine sleeps.

use std::ops::Add;
use std::time::{Duration, Instant};

/// A hundred years, as in the core.
pub const FOREVER: Duration = Duration::from_secs(3_155_760_000);

/// A moment by that clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Instant);

impl Moment {
    pub fn now() -> Moment {
        Moment(Instant::now())
    }

    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, more: Duration) -> Moment {
        Moment(self.0 + more)
    }
}
