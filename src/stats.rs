//! Counters of a client's work.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::Serialize;

/// What a client has done so far, in this process. After a `fork()` the child counts from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// HTTP requests tried, each attempt counted.
    pub requests: u64,
    /// Those among them that were another attempt of the same request.
    pub retries: u64,
    /// Requests that failed for good.
    pub failures: u64,
    /// AppJWTs obtained.
    pub token_refreshes: u64,
    /// Connections made, those to a proxy included.
    pub connections_opened: u64,
    /// Bytes written to connections, TLS included.
    pub bytes_sent: u64,
    /// Bytes read from connections, TLS included.
    pub bytes_received: u64,
    /// How long attempts took.
    pub latency_ms: Latency,
}

/// How long attempts took, as a histogram.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Latency {
    /// Attempts counted.
    pub count: u64,
    /// Their times together, in milliseconds.
    pub sum: u64,
    /// How many of them took up to so many milliseconds; the last bucket, without a bound, holds
    /// all of them.
    pub buckets: Vec<Bucket>,
}

/// One bucket of [`Latency`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Bucket {
    /// Milliseconds, the bound included; `None` is without bound.
    pub up_to: Option<u64>,
    /// Attempts in this bucket and those before it.
    pub count: u64,
}

/// The bounds of the buckets: powers of two from 1 ms to about a minute.
const BOUNDS: usize = 17;

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub retries: AtomicU64,
    pub failures: AtomicU64,
    pub token_refreshes: AtomicU64,
    pub connections_opened: AtomicU64,
    pub bytes_sent: AtomicU64,
    pub bytes_received: AtomicU64,
    latency_us: AtomicU64,
    /// Attempts by bucket, the last one without bound; together they are the requests.
    latency: [AtomicU64; BOUNDS + 1],
}

/// Counts one more.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

impl Counters {
    /// Counts an attempt that took so long.
    pub(crate) fn attempt(&self, took: Duration) {
        let micros = took.as_micros() as u64;
        self.latency_us.fetch_add(micros, Relaxed);
        // The power of two at or above the milliseconds begun.
        let millis = micros.div_ceil(1000).max(1);
        let bucket = millis.next_power_of_two().trailing_zeros() as usize;
        count(&self.latency[bucket.min(BOUNDS)]);
    }

    pub(crate) fn read(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        let mut requests = 0;
        let mut buckets = Vec::with_capacity(self.latency.len());
        for (index, counter) in self.latency.iter().enumerate() {
            requests += read(counter);
            let up_to = (index < BOUNDS).then_some(1 << index);
            buckets.push(Bucket { up_to, count: requests });
        }
        Stats {
            requests,
            retries: read(&self.retries),
            failures: read(&self.failures),
            token_refreshes: read(&self.token_refreshes),
            connections_opened: read(&self.connections_opened),
            bytes_sent: read(&self.bytes_sent),
            bytes_received: read(&self.bytes_received),
            latency_ms: Latency { count: requests, sum: read(&self.latency_us) / 1000, buckets },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_how_long_they_took() {
        let counters = Counters::default();
        for micros in [0, 1000, 1001, 2000, 3000, 65_536_000, 65_536_001, u64::MAX >> 20] {
            counters.attempt(Duration::from_micros(micros));
        }
        let stats = counters.read();
        assert_eq!((stats.requests, stats.latency_ms.count), (8, 8));
        let counts: Vec<(Option<u64>, u64)> =
            stats.latency_ms.buckets.iter().map(|bucket| (bucket.up_to, bucket.count)).collect();
        assert_eq!(counts[..3], [(Some(1), 2), (Some(2), 4), (Some(4), 5)]);
        assert_eq!(counts[16..], [(Some(65_536), 6), (None, 8)]);
    }
}
