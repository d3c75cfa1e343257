//! Counters of a client's work.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::Serialize;

use crate::base::error::Status;
use crate::base::histogram::{Histogram, Latency};
use crate::base::prometheus::Exposition;

/// What a client has done so far, in this process. After a `fork()` the child counts from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// HTTP requests tried, each attempt counted.
    pub requests: u64,
    /// Those among them that were another attempt of the same request.
    pub retries: u64,
    /// Requests that failed for good, also by what an answer with 2xx says; where calls share one, it
    /// counts for each.
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
    /// The requests by what they were for and what came of them, without those that never happened.
    pub operations: Vec<OperationCount>,
}

/// Requests of one kind with one outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OperationCount {
    /// What they were for: `domain`, `token`, `keys`, `consumer`, `conversation`, `send` or
    /// `storage`.
    pub operation: &'static str,
    /// `OK`, or the name of the status, for example `TIMEOUT`. An answer with an HTTP status of 2xx
    /// is `OK`, whatever it says.
    pub status: &'static str,
    /// Attempts counted.
    pub requests: u64,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Domain,
    Token,
    Keys,
    Consumer,
    Conversation,
    Send,
    Storage,
}

impl Operation {
    const NAMES: [&str; 7] =
        ["domain", "token", "keys", "consumer", "conversation", "send", "storage"];
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub retries: AtomicU64,
    pub failures: AtomicU64,
    pub token_refreshes: AtomicU64,
    pub connections_opened: AtomicU64,
    pub bytes_sent: AtomicU64,
    pub bytes_received: AtomicU64,
    /// Of all requests.
    latency: Histogram,
    /// By operation, then by outcome: the first is success, the others are [`Status::ALL`].
    operations: [[AtomicU64; Status::ALL.len() + 1]; Operation::NAMES.len()],
}

/// Counts one more.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

impl Counters {
    /// Counts an attempt that took so long; `failed`: what came of it, if it did.
    pub(crate) fn attempt(&self, operation: Operation, failed: Option<Status>, took: Duration) {
        let outcome = Status::ALL.iter().position(|status| Some(*status) == failed);
        count(&self.operations[operation as usize][outcome.map_or(0, |place| place + 1)]);
        self.latency.record(took);
    }

    pub(crate) fn read(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        let latency_ms = self.latency.read();
        Stats {
            requests: latency_ms.count,
            retries: read(&self.retries),
            failures: read(&self.failures),
            token_refreshes: read(&self.token_refreshes),
            connections_opened: read(&self.connections_opened),
            bytes_sent: read(&self.bytes_sent),
            bytes_received: read(&self.bytes_received),
            latency_ms,
            operations: self.operations(),
        }
    }

    fn operations(&self) -> Vec<OperationCount> {
        let outcomes = || std::iter::once("OK").chain(Status::ALL.iter().map(|it| it.name()));
        let mut counts = Vec::new();
        for (operation, counters) in Operation::NAMES.iter().zip(&self.operations) {
            for (status, counter) in outcomes().zip(counters) {
                let requests = counter.load(Relaxed);
                if requests > 0 {
                    counts.push(OperationCount { operation, status, requests });
                }
            }
        }
        counts
    }
}

impl Stats {
    /// The same as text in the exposition format of Prometheus.
    pub fn prometheus(&self) -> String {
        let mut text = Exposition::new("lpconnector");
        let by_operation: Vec<(String, String)> = self
            .operations
            .iter()
            .map(|it| {
                let labels = format!("{{operation=\"{}\",status=\"{}\"}}", it.operation, it.status);
                (labels, it.requests.to_string())
            })
            .collect();
        text.metric("requests_total", "counter", "HTTP requests tried.", &by_operation);
        for (name, help, value) in [
            ("retries_total", "Requests that were another attempt.", self.retries),
            ("failures_total", "Requests that failed for good.", self.failures),
            ("token_refreshes_total", "AppJWTs obtained.", self.token_refreshes),
            ("connections_opened_total", "Connections made.", self.connections_opened),
            ("sent_bytes_total", "Bytes written to connections.", self.bytes_sent),
            ("received_bytes_total", "Bytes read from connections.", self.bytes_received),
        ] {
            text.single(name, "counter", help, &value.to_string());
        }
        text.metric(
            "request_seconds",
            "histogram",
            "How long attempts took.",
            &self.latency_ms.lines(),
        );
        text.into_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_how_long_they_took() {
        let counters = Counters::default();
        for micros in [0, 1000, 1001, 2000, 3000, 65_536_000, 65_536_001, u64::MAX >> 20] {
            counters.attempt(Operation::Send, None, Duration::from_micros(micros));
        }
        let stats = counters.read();
        assert_eq!((stats.requests, stats.latency_ms.count), (8, 8));
        let counts: Vec<(Option<u64>, u64)> =
            stats.latency_ms.buckets.iter().map(|bucket| (bucket.up_to, bucket.count)).collect();
        assert_eq!(counts[..3], [(Some(1), 2), (Some(2), 4), (Some(4), 5)]);
        assert_eq!(counts[16..], [(Some(65_536), 6), (None, 8)]);
    }

    #[test]
    fn the_text_for_prometheus_says_the_same() {
        let counters = Counters::default();
        counters.attempt(Operation::Send, None, Duration::from_millis(3));
        counters.attempt(Operation::Send, None, Duration::from_millis(1500));
        counters.attempt(Operation::Token, Some(Status::Timeout), Duration::from_millis(1));
        count(&counters.retries);
        let stats = counters.read();
        let outcomes: Vec<_> =
            stats.operations.iter().map(|it| (it.operation, it.status, it.requests)).collect();
        assert_eq!(outcomes, [("token", "TIMEOUT", 1), ("send", "OK", 2)]);
        let text = stats.prometheus();
        for line in [
            "# TYPE lpconnector_requests_total counter",
            "lpconnector_requests_total{operation=\"token\",status=\"TIMEOUT\"} 1",
            "lpconnector_requests_total{operation=\"send\",status=\"OK\"} 2",
            "lpconnector_retries_total 1",
            "# TYPE lpconnector_request_seconds histogram",
            "lpconnector_request_seconds_bucket{le=\"0.001\"} 1",
            "lpconnector_request_seconds_bucket{le=\"0.004\"} 2",
            "lpconnector_request_seconds_bucket{le=\"+Inf\"} 3",
            "lpconnector_request_seconds_sum 1.504",
            "lpconnector_request_seconds_count 3",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }
}
