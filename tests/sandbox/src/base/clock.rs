//! The clock of the service, which may be wrong for an account.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderValue;

/// The last second of the year 9999: a Date has four digits for the year.
const LAST: i64 = 253_402_300_799;

/// A clock that is off by so many seconds.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) offset: i64,
}

impl Clock {
    /// Seconds since 1970.
    pub(crate) fn now(self) -> i64 {
        now().saturating_add(self.offset)
    }

    /// Milliseconds since 1970.
    pub(crate) fn millis(self) -> i64 {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        now.saturating_add(self.offset.saturating_mul(1000))
    }

    /// The header Date. None: the clock is right, and the server adds it by itself.
    pub(crate) fn date(self) -> Option<HeaderValue> {
        if self.offset == 0 {
            return None;
        }
        let seconds = self.now().clamp(0, LAST).unsigned_abs();
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
        HeaderValue::try_from(date).ok()
    }
}

/// Seconds since 1970, by a clock that is right.
pub(crate) fn now() -> i64 {
    // A clock before 1970 is not worth an error path.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs() as i64)
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn a_clock_is_never_too_wrong_to_be_told() {
        assert_eq!(Clock { offset: 0 }.date(), None);
        let date = |offset| Clock { offset }.date().expect("a date");
        assert_eq!(date(i64::MIN), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(date(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
