//! Whether and when a request that failed is tried again.

use std::time::Duration;

use crate::base::error::{Error, Status};
use crate::base::jitter::jitter;
use crate::config::settings::RetrySettings;
use crate::protocol::message::Idempotency;

/// How long to wait before the next attempt after this failure; `None` if there is none.
/// `attempts`: those made so far, this one included.
pub(crate) fn wait_before_retry(
    settings: &RetrySettings,
    error: &Error,
    attempts: u32,
    idempotency: Idempotency,
) -> Option<Duration> {
    if attempts >= settings.max_attempts || !error.is_retryable() {
        return None;
    }
    let may_double = error.maybe_delivered() && idempotency == Idempotency::NotIdempotent;
    if may_double && !settings.ambiguous {
        return None;
    }
    let asked = Duration::from_millis(error.retry_after_ms().unwrap_or(0));
    match error.status() {
        Status::Connect | Status::Timeout | Status::Server => {
            let last = settings.backoff.len().saturating_sub(1);
            let wait = settings.backoff.get(last.min(attempts as usize - 1)).copied()?;
            let wait = asked.max(wait);
            Some(wait + jitter(wait / 4))
        }
        // The rate limit, which all threads share, makes it wait.
        Status::RateLimited => Some(Duration::ZERO),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: Status) -> Error {
        Error::new(status, "no")
    }

    fn policy(ambiguous: bool) -> RetrySettings {
        let backoff = [1000, 2000].map(Duration::from_millis).to_vec();
        RetrySettings { max_attempts: 4, backoff, ambiguous }
    }

    #[test]
    fn each_retry_waits_for_its_time_and_at_most_a_quarter_more() {
        let policy = policy(false);
        let mut seen = Vec::new();
        for (attempts, least) in [(1, 1000), (2, 2000), (3, 2000)] {
            for _ in 0..50 {
                let failed = failure(Status::Server);
                let wait =
                    wait_before_retry(&policy, &failed, attempts, Idempotency::NotIdempotent)
                        .unwrap()
                        .as_millis();
                assert!((least..=least + least / 4).contains(&wait), "{wait}");
                seen.push(wait);
            }
        }
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() > 20, "spread out: {seen:?}");
        assert_eq!(
            wait_before_retry(&policy, &failure(Status::Server), 4, Idempotency::Safe),
            None
        );
    }

    #[test]
    fn only_what_may_come_right_is_tried_again() {
        use Status::*;
        for status in Status::ALL {
            let again =
                wait_before_retry(&policy(false), &failure(status), 1, Idempotency::NotIdempotent)
                    .is_some();
            assert_eq!(again, matches!(status, Connect | Timeout | Server | RateLimited));
        }
    }

    #[test]
    fn what_may_have_happened_is_repeated_only_where_that_does_no_harm() {
        let lost = failure(Status::Connect).and_maybe_delivered();
        let again = |ambiguous, idempotency| {
            wait_before_retry(&policy(ambiguous), &lost, 1, idempotency).is_some()
        };
        assert!(!again(false, Idempotency::NotIdempotent));
        assert!(again(true, Idempotency::NotIdempotent));
        assert!(again(false, Idempotency::Idempotent) && again(false, Idempotency::Safe));
    }

    #[test]
    fn a_longer_retry_after_wins_over_the_backoff() {
        let says =
            |ms| crate::base::error::ServiceSays { retry_after_ms: Some(ms), ..Default::default() };
        let asks = failure(Status::Server).with_service(says(60_000));
        let wait = wait_before_retry(&policy(false), &asks, 1, Idempotency::NotIdempotent)
            .unwrap()
            .as_secs();
        assert!((60..=75).contains(&wait), "{wait}");
        let asks = failure(Status::Server).with_service(says(1));
        assert!(
            wait_before_retry(&policy(false), &asks, 1, Idempotency::NotIdempotent)
                .unwrap()
                .as_millis()
                >= 1000
        );
    }
}
