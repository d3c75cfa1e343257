//! The moment at which a call gives up.

use std::time::{Duration, Instant};

use crate::base::error::{Error, Status};

/// One moment that bounds a whole call, whatever the call does on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    allowed: Duration,
}

impl Deadline {
    pub(crate) fn after(allowed: Duration) -> Deadline {
        Deadline { at: Instant::now() + allowed, allowed }
    }

    /// The same moment, or one that comes sooner.
    pub(crate) fn at_most(self, allowed: Duration) -> Deadline {
        let sooner = Deadline::after(allowed);
        if sooner.at < self.at { sooner } else { self }
    }

    /// Whether it comes later than another by more than this.
    pub(crate) fn exceeds(&self, other: Deadline, by: Duration) -> bool {
        self.at.saturating_duration_since(other.at) > by
    }

    /// The time left, or the error that there is none.
    pub(crate) fn remaining(&self) -> Result<Duration, Error> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let ms = self.allowed.as_millis();
            Err(Error::new(
                Status::Timeout,
                format!("the call did not finish within call.timeout.ms ({ms} ms)"),
            ))
        } else {
            Ok(left)
        }
    }
}
