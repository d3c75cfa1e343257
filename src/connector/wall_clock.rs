//! The clock on the wall, for what outlives the process. It may be set, forwards and back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// How long ago that was: no time at all where the clock was set back since.
pub(crate) fn since_ms(at_ms: i64, now_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(now_ms.saturating_sub(at_ms)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_makes_nothing_old() {
        assert_eq!(since_ms(1000, 4000), Duration::from_secs(3));
        assert_eq!(since_ms(4000, 1000), Duration::ZERO);
        assert_eq!(since_ms(i64::MIN, i64::MAX), Duration::from_millis(i64::MAX as u64));
        assert!(wall_ms() > 1_700_000_000_000);
    }
}
