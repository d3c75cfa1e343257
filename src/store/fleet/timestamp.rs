//! When things happened at the broker.

use std::sync::Mutex;
use std::time::Duration;

use crate::base::clock::Moment;
use crate::base::lock::lock;

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

/// The broker's clock, as far as it is known: ours may be set otherwise, and is not asked.
#[derive(Default)]
pub(super) struct BrokersClock(Mutex<Option<Heard>>);

/// What the broker's clock showed.
#[derive(Clone, Copy)]
struct Heard {
    /// Nanoseconds since 1970.
    time: i64,
    at: Moment,
    /// It said so; otherwise it was at least that.
    is_told: bool,
}

impl BrokersClock {
    /// The broker says that it is now that late.
    pub(super) fn set(&self, now: i64) {
        *lock(&self.0) = Some(Heard { time: now, at: Moment::now(), is_told: true });
    }

    /// Something happened at the broker at that time: it is later now. Servers (2.9) say no more.
    pub(super) fn hear(&self, time: i64) {
        let mut heard = lock(&self.0);
        if heard.is_none_or(|it| !it.is_told && it.at_least_now() < time) {
            *heard = Some(Heard { time, at: Moment::now(), is_told: false });
        }
    }

    /// The time since then; none where that is to come.
    pub(super) fn since(&self, time: i64) -> Duration {
        let heard = *lock(&self.0);
        let now = heard.map_or(time, Heard::now);
        Duration::from_nanos(now.saturating_sub(time).try_into().unwrap_or(0))
    }
}

impl Heard {
    fn now(self) -> i64 {
        let since: i64 = self.at.elapsed().as_nanos().try_into().unwrap_or(i64::MAX);
        self.time.saturating_add(since)
    }

    /// Where our clock goes faster than the broker's, it must be heard again.
    fn at_least_now(self) -> i64 {
        let now = self.now();
        now.saturating_sub(now.saturating_sub(self.time) / 5000)
    }
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
    fn ages_are_by_the_brokers_clock_whatever_ours_says() {
        const HOUR: i64 = 3_600_000_000_000;
        let clock = BrokersClock::default();
        let long_ago = 100 * HOUR;
        clock.hear(long_ago);
        let age = clock.since(long_ago);
        assert!(age.as_secs() < 100, "what has just come is new: {age:?}");
        // One that came before, and waits.
        clock.hear(long_ago - HOUR);
        let age = clock.since(long_ago - HOUR).as_secs();
        assert!((3600..3700).contains(&age), "{age}");
        assert_eq!(clock.since(long_ago + HOUR), Duration::ZERO);
        clock.set(long_ago + 2 * HOUR);
        clock.hear(long_ago + 9 * HOUR);
        let age = clock.since(long_ago + HOUR).as_secs();
        assert!((3600..3700).contains(&age), "it is told: {age}");
    }
}
