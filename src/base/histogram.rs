//! How long things took.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::Serialize;

/// How long things took, as a histogram.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Latency {
    /// How many were counted.
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
    /// How many are in this bucket and those before it.
    pub count: u64,
}

/// The bounds of the buckets: powers of two from 1 ms to about a minute.
const BOUNDS: usize = 17;

/// The counters behind [`Latency`].
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    sum_us: AtomicU64,
    /// By bucket, the last one without bound.
    buckets: [AtomicU64; BOUNDS + 1],
}

impl Histogram {
    /// Counts something that took so long.
    pub(crate) fn record(&self, took: Duration) {
        let micros = took.as_micros() as u64;
        self.sum_us.fetch_add(micros, Relaxed);
        // The power of two at or above the milliseconds begun.
        let millis = micros.div_ceil(1000).max(1);
        let bucket = millis.next_power_of_two().trailing_zeros() as usize;
        self.buckets[bucket.min(BOUNDS)].fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self) -> Latency {
        let mut count = 0;
        let mut buckets = Vec::with_capacity(self.buckets.len());
        for (index, counter) in self.buckets.iter().enumerate() {
            count += counter.load(Relaxed);
            let up_to = (index < BOUNDS).then_some(1 << index);
            buckets.push(Bucket { up_to, count });
        }
        Latency { count, sum: self.sum_us.load(Relaxed) / 1000, buckets }
    }
}

impl Latency {
    /// As the lines of a metric, in seconds.
    pub(crate) fn lines(&self) -> Vec<(String, String)> {
        let seconds = |ms: u64| format!("{}", ms as f64 / 1000.0);
        let mut lines: Vec<(String, String)> = Vec::new();
        for bucket in &self.buckets {
            let bound = bucket.up_to.map_or("+Inf".to_owned(), seconds);
            lines.push((format!("_bucket{{le=\"{bound}\"}}"), bucket.count.to_string()));
        }
        lines.push(("_sum".to_owned(), seconds(self.sum)));
        lines.push(("_count".to_owned(), self.count.to_string()));
        lines
    }
}
