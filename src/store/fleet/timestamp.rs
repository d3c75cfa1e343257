//! When things happened at the broker.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970 of a time in UTC as RFC 3339 writes it; None for anything else.
pub(super) fn parse(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z')?;
    let (date, time) = text.split_once('T')?;
    let (year, month, day) = three(date, '-')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let (hours, minutes, seconds) = three(time, ':')?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1970..2262).contains(&year) {
        return None;
    }
    if hours > 23 || minutes > 59 || seconds > 60 || fraction.len() > 9 {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    let seconds = (days(year, month, day) * 24 + hours) * 3600 + minutes * 60 + seconds;
    Some(seconds * 1_000_000_000 + nanos)
}

fn three(text: &str, between: char) -> Option<(i64, i64, i64)> {
    let mut numbers = text.split(between).map(|it| it.parse::<u16>().ok().map(i64::from));
    let three = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(three)
}

/// Days from the beginning of 1970 to one of a year from then on.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // A year that begins in March has its leap day at its end, and months whose lengths repeat.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    const TO_MARCH_1970: i64 = 719_468;
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - TO_MARCH_1970
}

/// The broker's clock, as far as it told: how much ours is behind.
#[derive(Default)]
pub(super) struct BrokersClock(AtomicI64);

impl BrokersClock {
    /// The broker says that it is now that late.
    pub(super) fn set(&self, now: i64) {
        self.0.store(now.saturating_sub(ours()), Ordering::Relaxed);
    }

    /// The time since then; none where that is to come.
    pub(super) fn since(&self, at: i64) -> Duration {
        let now = ours().saturating_add(self.0.load(Ordering::Relaxed));
        Duration::from_nanos(now.saturating_sub(at).try_into().unwrap_or(0))
    }
}

fn ours() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_nanosecond() {
        const SECOND: i64 = 1_000_000_000;
        for (text, nanos) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-03-01T00:00:00.5Z", 59 * 86_400 * SECOND + SECOND / 2),
            ("2000-02-29T12:34:56.000000001Z", 951_827_696 * SECOND + 1),
            ("2024-12-31T23:59:59.123456789Z", 1_735_689_599 * SECOND + 123_456_789),
            ("2100-03-01T00:00:00Z", 4_107_542_400 * SECOND),
        ] {
            assert_eq!(parse(text), Some(nanos), "{text}");
        }
        for bad in [
            "",
            "Z",
            "now",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00+01:00",
            "2024-13-01T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00.1234567890Z",
            "99999-01-01T00:00:00Z",
            "2024-01-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn ages_are_by_the_brokers_clock_where_it_told() {
        const HOUR: i64 = 3_600_000_000_000;
        let clock = BrokersClock::default();
        let now = ours();
        assert!(clock.since(now - HOUR).as_secs() >= 3600);
        assert_eq!(clock.since(now + HOUR), Duration::ZERO);
        clock.set(now + 2 * HOUR);
        let age = clock.since(now + HOUR).as_secs();
        assert!((3600..3700).contains(&age), "{age}");
    }
}
