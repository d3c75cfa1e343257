//! How many requests an account's app and each of its consumers may make.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::protocol::refusal::Refusal;

/// How many requests are answered; the others get 429. The vendor tells no numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimits {
    /// Of the app: for tokens of both kinds, CONVERSATION and SEND together. None: any number.
    pub app: Option<u32>,
    /// Of each consumer: CONVERSATION and SEND. None: any number.
    pub consumer: Option<u32>,
    /// In which time, from the first of them on.
    pub period: Duration,
}

impl Default for RateLimits {
    fn default() -> RateLimits {
        RateLimits { app: None, consumer: None, period: Duration::from_secs(1) }
    }
}

/// So many consumers are counted before those are forgotten whose time is over.
const MANY: usize = 4096;

/// Counts an account's requests.
#[derive(Default)]
pub(crate) struct Meter {
    pub(crate) limits: RateLimits,
    app: Window,
    consumers: HashMap<String, Window>,
}

#[derive(Clone, Copy, Default)]
struct Window {
    began: Option<Instant>,
    requests: u32,
}

impl Window {
    /// This one, or a new one where its time is over.
    fn at(self, now: Instant, period: Duration) -> Window {
        let lasts = |began| now.saturating_duration_since(began) < period;
        if self.began.is_some_and(lasts) { self } else { Window { began: Some(now), requests: 0 } }
    }

    fn has_room(self, most: Option<u32>) -> bool {
        most.is_none_or(|most| self.requests < most)
    }
}

impl Meter {
    pub(crate) fn set(&mut self, limits: RateLimits) {
        *self = Meter { limits, ..Meter::default() };
    }

    /// Counts a request, of a consumer or of none; refuses it where there were too many.
    pub(crate) fn admit(&mut self, consumer_id: Option<&str>, now: Instant) -> Result<(), Refusal> {
        let RateLimits { app: most, consumer: most_of_one, period } = self.limits;
        if most.is_none() && most_of_one.is_none() {
            return Ok(());
        }
        let mut app = self.app.at(now, period);
        if !app.has_room(most) {
            return Err(too_many("The app makes too many requests"));
        }
        if let (Some(id), true) = (consumer_id, most_of_one.is_some()) {
            let mut window = self.consumers.get(id).copied().unwrap_or_default().at(now, period);
            if !window.has_room(most_of_one) {
                return Err(too_many("The consumer makes too many requests"));
            }
            window.requests += 1;
            if self.consumers.len() >= MANY {
                self.consumers.retain(|_, window| window.at(now, period).requests > 0);
            }
            self.consumers.insert(id.to_owned(), window);
        }
        app.requests = app.requests.saturating_add(1);
        self.app = app;
        Ok(())
    }
}

fn too_many(details: &str) -> Refusal {
    Refusal::status(StatusCode::TOO_MANY_REQUESTS, "Too many requests", details)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Meter, RateLimits};

    #[test]
    fn each_counts_for_itself_and_anew_after_a_while() {
        let second = Duration::from_secs(1);
        let mut meter = Meter::default();
        let now = Instant::now();
        assert!((0..100).all(|_| meter.admit(Some("a"), now).is_ok()), "there are no limits");
        meter.set(RateLimits { app: Some(4), consumer: Some(2), period: second });
        let mut admitted = |consumer, time| {
            meter.admit(consumer, time).map_or_else(|it| it.status.as_u16(), |()| 200)
        };
        let same = [Some("a"), Some("a"), Some("a"), Some("b"), None, None, Some("c")];
        assert_eq!(same.map(|it| admitted(it, now)), [200, 200, 429, 200, 200, 429, 429]);
        let later = now + second - Duration::from_millis(1);
        assert_eq!(admitted(Some("c"), later), 429);
        assert_eq!([Some("a"), None].map(|it| admitted(it, now + second)), [200, 200]);
    }

    #[test]
    fn consumers_of_long_ago_are_forgotten() {
        let mut meter = Meter::default();
        let second = Duration::from_secs(1);
        meter.set(RateLimits { consumer: Some(1), period: second, app: None });
        let begin = Instant::now();
        for number in 0..20_000_u32 {
            let time = begin + second * (number / 1000);
            meter.admit(Some(&number.to_string()), time).expect("the first of this one");
        }
        assert!(meter.consumers.len() <= super::MANY, "{}", meter.consumers.len());
    }
}
