//! What a connector tells about its work, as numbers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;

use crate::base::histogram::Latency;
use crate::base::prometheus::Exposition;
use crate::base::stats::Stats;
use crate::connector::engine::Engine;
use crate::receiver::{self, RefusedCount};
use crate::store::journal::SharedJournal;

/// What a connector has done since it was made, and what it holds now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConnectorStats {
    /// Actions that wait to be sent now, those that are being sent included.
    pub waiting: u64,
    /// How long the oldest of those that go next has waited, in milliseconds; 0 if none waits.
    pub oldest_ms: u64,
    /// Updates that wait for the program now, those included that it must still acknowledge.
    pub updates_waiting: u64,
    /// Those of them that the program has now.
    pub updates_out: u64,
    /// Consumers that are known.
    pub consumers: u64,
    /// Consumers with an open conversation.
    pub conversations: u64,
    /// Threads that send now.
    pub workers: u64,
    /// Actions taken, without those that came again.
    pub submitted: u64,
    /// Actions that came again with a key that was known, and were not sent twice.
    pub repeated_keys: u64,
    /// Actions sent.
    pub sent: u64,
    /// Actions that were not sent and never will be.
    pub failed: u64,
    /// Attempts after which an action had to wait.
    pub put_off: u64,
    /// Messages sent again although nobody knew whether they had arrived.
    pub repeated: u64,
    /// Messages of which only the service's own word told that they arrived.
    pub settled_by_echo: u64,
    /// Conversations opened.
    pub opened: u64,
    /// Conversations of which the service told that they are over.
    pub closed: u64,
    /// Notifications that came.
    pub received: u64,
    /// Events that came again, and were dropped.
    pub duplicates: u64,
    /// Events of conversations that this connector did not open, and were dropped.
    pub foreign: u64,
    /// Updates given to the program, those included that it was given again.
    pub given_out: u64,
    /// Acknowledgements of the program.
    pub acknowledged: u64,
    /// Requests that its endpoint refused, by HTTP status.
    pub refused: Vec<RefusedCount>,
    /// Connections to its endpoint now.
    pub connections_open: u64,
    /// What `connector.store` failed to keep.
    pub store_failures: u64,
    /// How long actions took from when they were submitted until they were sent, in milliseconds.
    pub latency_ms: Latency,
    /// What its client has done: requests, connections, tokens.
    pub client: Stats,
}

impl Engine {
    pub(crate) fn stats(&self, endpoint: &receiver::counters::Counters) -> ConnectorStats {
        let state = self.lock();
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        let counters = &self.counters;
        let (consumers, conversations) = state.consumers.counts();
        // Of all processes, where they share the store.
        let own = (state.outbox.len() as u64, state.updates() as u64);
        let (waiting, updates_waiting) = self.shared().map_or(own, SharedJournal::waits);
        // Of those that it has; another process may have sent them meanwhile.
        let firsts = state.outbox.firsts().filter(|_| waiting > 0);
        let oldest = firsts.map(|(_, first)| first.submitted_ms).min();
        ConnectorStats {
            waiting,
            oldest_ms: oldest.map_or(0, |at| self.clock.since_ms(at).as_millis() as u64),
            updates_waiting,
            updates_out: state.inbox.out() as u64,
            consumers: consumers as u64,
            conversations: conversations as u64,
            workers: state.workers as u64,
            submitted: read(&counters.submitted),
            repeated_keys: read(&counters.repeated_keys),
            sent: read(&counters.sent),
            failed: read(&counters.failed),
            put_off: read(&counters.put_off),
            repeated: read(&counters.repeated),
            settled_by_echo: read(&counters.settled_by_echo),
            opened: read(&counters.opened),
            closed: read(&counters.closed),
            received: read(&counters.received),
            duplicates: read(&counters.duplicates),
            foreign: read(&counters.foreign),
            given_out: read(&counters.given_out),
            acknowledged: read(&counters.acknowledged),
            refused: RefusedCount::of(endpoint),
            connections_open: read(&endpoint.connections_open),
            store_failures: read(&counters.store_failures),
            latency_ms: counters.sent_after.read(),
            client: self.client.stats(),
        }
    }
}

impl ConnectorStats {
    /// The same as text in the exposition format of Prometheus, with the metrics of its client.
    pub fn prometheus(&self) -> String {
        let mut text = Exposition::new("lpconnector_connector");
        for (name, help, value) in [
            ("waiting", "Actions that wait to be sent.", self.waiting),
            ("updates_waiting", "Updates that wait for the program.", self.updates_waiting),
            ("updates_out", "Updates that the program has.", self.updates_out),
            ("consumers", "Consumers that are known.", self.consumers),
            ("conversations", "Consumers with an open conversation.", self.conversations),
            ("workers", "Threads that send.", self.workers),
            ("connections_open", "Connections to its endpoint.", self.connections_open),
        ] {
            text.single(name, "gauge", help, &value.to_string());
        }
        let oldest = format!("{}", self.oldest_ms as f64 / 1000.0);
        text.single("oldest_seconds", "gauge", "Since when the oldest action waits.", &oldest);
        for (name, help, value) in [
            ("submitted_total", "Actions taken.", self.submitted),
            ("repeated_keys_total", "Actions that came again.", self.repeated_keys),
            ("sent_total", "Actions sent.", self.sent),
            ("failed_total", "Actions that never will be sent.", self.failed),
            ("put_off_total", "Attempts that were put off.", self.put_off),
            ("repeated_total", "Messages that may have been sent twice.", self.repeated),
            ("settled_by_echo_total", "Messages settled by their echo.", self.settled_by_echo),
            ("opened_total", "Conversations opened.", self.opened),
            ("closed_total", "Conversations that are over.", self.closed),
            ("received_total", "Notifications that came.", self.received),
            ("duplicates_total", "Events that came again.", self.duplicates),
            ("foreign_total", "Events of other conversations.", self.foreign),
            ("given_out_total", "Updates given to the program.", self.given_out),
            ("acknowledged_total", "Acknowledgements of the program.", self.acknowledged),
            ("store_failures_total", "What the store failed to keep.", self.store_failures),
        ] {
            text.single(name, "counter", help, &value.to_string());
        }
        let help = "From when actions were submitted until they were sent.";
        text.metric("sent_after_seconds", "histogram", help, &self.latency_ms.lines());
        let refused = self.refused.iter();
        let refused =
            refused.map(|it| (format!("{{status=\"{}\"}}", it.status), it.requests.to_string()));
        let help = "Requests refused, by HTTP status.";
        text.metric("refused_total", "counter", help, &refused.collect::<Vec<_>>());
        text.into_text() + &self.client.prometheus()
    }
}
