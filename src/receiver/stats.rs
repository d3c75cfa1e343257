//! What a receiver tells about its work, as numbers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;

use crate::base::prometheus::Exposition;
use crate::receiver::counters::Counters;
use crate::receiver::queue::InboxCounts;

/// What a receiver has done since it was made, and what it holds now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReceiverStats {
    /// Notifications taken for the program, without duplicates. What an earlier process left in
    /// `receiver.store` does not count. With `receiver.ack=manual` and no store, what comes again after a
    /// 503 is taken again: it counts here again, and not as a duplicate.
    pub taken: u64,
    /// Notifications that came again, and were dropped.
    pub duplicates: u64,
    /// Requests that were refused, by HTTP status, without those that never happened. Checks of
    /// health do not count, nor does what is no HTTP.
    pub refused: Vec<RefusedCount>,
    /// Notifications given to the program, those included that it was given again.
    pub given_out: u64,
    /// Acknowledgements of the program.
    pub acknowledged: u64,
    /// Notifications that wait for the program now.
    pub queued: u64,
    /// Those that it has now, and must still acknowledge.
    pub in_flight: u64,
    /// Those held back now, until what is missing in front of them comes (`receiver.order`).
    pub held: u64,
    /// How long the oldest of these has been here, in milliseconds; 0 if there is none. What an
    /// earlier process left counts from when this receiver was made.
    pub oldest_ms: u64,
    /// Connections now.
    pub connections_open: u64,
    /// Connections that were ended because another one needed the place.
    pub connections_evicted: u64,
    /// Bytes read from connections, TLS included.
    pub bytes_received: u64,
    /// Notifications that `receiver.store` failed to keep.
    pub store_failures: u64,
}

/// Requests that were refused with one HTTP status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RefusedCount {
    /// The HTTP status, for example 401.
    pub status: u16,
    /// Requests counted.
    pub requests: u64,
}

impl RefusedCount {
    pub(crate) fn of(counters: &Counters) -> Vec<RefusedCount> {
        let refused = counters.refused().into_iter();
        refused.map(|(status, requests)| RefusedCount { status, requests }).collect()
    }
}

impl ReceiverStats {
    pub(crate) fn of(counters: &Counters, inbox: &InboxCounts) -> ReceiverStats {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        ReceiverStats {
            taken: read(&counters.taken),
            duplicates: read(&counters.duplicates),
            refused: RefusedCount::of(counters),
            given_out: read(&counters.given_out),
            acknowledged: read(&counters.acknowledged),
            queued: inbox.queued as u64,
            in_flight: inbox.in_flight as u64,
            held: inbox.held as u64,
            oldest_ms: inbox.oldest.as_millis() as u64,
            connections_open: read(&counters.connections_open),
            connections_evicted: read(&counters.connections_evicted),
            bytes_received: read(&counters.bytes_received),
            store_failures: read(&counters.store_failures),
        }
    }

    /// The same as text in the exposition format of Prometheus.
    pub fn prometheus(&self) -> String {
        let mut text = Exposition::new("lpconnector_receiver");
        let one = |count: u64| count.to_string();
        for (name, help, value) in [
            ("taken_total", "Notifications taken.", self.taken),
            ("duplicates_total", "Notifications that came again.", self.duplicates),
            ("given_out_total", "Notifications given to the program.", self.given_out),
            ("acknowledged_total", "Acknowledgements of the program.", self.acknowledged),
            (
                "connections_evicted_total",
                "Connections ended for others.",
                self.connections_evicted,
            ),
            ("received_bytes_total", "Bytes read from connections.", self.bytes_received),
            ("store_failures_total", "Notifications that the store refused.", self.store_failures),
        ] {
            text.single(name, "counter", help, &one(value));
        }
        for (name, help, value) in [
            ("queued", "Notifications that wait for the program.", self.queued),
            ("in_flight", "Notifications that the program has.", self.in_flight),
            ("held", "Notifications held back for their order.", self.held),
            ("connections_open", "Connections now.", self.connections_open),
        ] {
            text.single(name, "gauge", help, &one(value));
        }
        let oldest = format!("{}", self.oldest_ms as f64 / 1000.0);
        text.single("oldest_seconds", "gauge", "Since when the oldest of them is here.", &oldest);
        let refused = self.refused.iter();
        let refused: Vec<_> =
            refused.map(|it| (format!("{{status=\"{}\"}}", it.status), one(it.requests))).collect();
        text.metric("refused_total", "counter", "Requests refused, by HTTP status.", &refused);
        text.into_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_for_prometheus_says_the_same() {
        let counters = Counters::default();
        counters.taken.fetch_add(3, Relaxed);
        counters.refuse(401);
        counters.refuse(401);
        counters.refuse(503);
        let oldest = std::time::Duration::from_millis(1500);
        let inbox = InboxCounts { queued: 1, in_flight: 2, held: 4, oldest };
        let stats = ReceiverStats::of(&counters, &inbox);
        assert_eq!((stats.taken, stats.held, stats.oldest_ms), (3, 4, 1500));
        let text = stats.prometheus();
        for line in [
            "# TYPE lpconnector_receiver_taken_total counter",
            "lpconnector_receiver_taken_total 3",
            "# TYPE lpconnector_receiver_in_flight gauge",
            "lpconnector_receiver_in_flight 2",
            "lpconnector_receiver_oldest_seconds 1.5",
            "lpconnector_receiver_refused_total{status=\"401\"} 2",
            "lpconnector_receiver_refused_total{status=\"503\"} 1",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }
}
