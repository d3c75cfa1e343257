//! How long many lines for many consumers take where the service is far away.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::child::{measured, tell};
use crate::service::{Service, connector};
use crate::{Reached, TIMES, say};

const ROUND_TRIP_MS: u64 = 100;
const LINES: usize = 500;
const NUMBERS: usize = 100;
const MOST: f64 = 3.0;

pub fn measure() -> Reached {
    let service = Service::start(ROUND_TRIP_MS);
    let directory = tempfile::tempdir().unwrap();
    let mut good = true;
    for name in ["memory", "sqlite"] {
        let best = (0..TIMES).map(|n| {
            let file = directory.path().join(format!("{n}.db"));
            let file = format!("sqlite:{}", file.display());
            let store = if name == "memory" { name } else { &file };
            measured(&format!("far {store}"), &service)["took"].as_f64().unwrap()
        });
        let best = best.fold(f64::MAX, f64::min);
        good &= say(
            &format!("{LINES} lines for {NUMBERS} numbers, {ROUND_TRIP_MS} ms away, {name}"),
            &format!("{best:.2} s"),
            &format!("≤ {MOST} s"),
            best <= MOST,
        );
    }
    good
}

/// Has all of them sent from a standing start, and says how long that took.
pub fn run(words: &[&str]) {
    let begun = Instant::now();
    let connector = connector(words[0], &[]);
    for n in 0..LINES {
        let consumer = format!("+49151{:08}", n % NUMBERS);
        connector.submit_text(&consumer, &n.to_string(), Some(&n.to_string())).unwrap();
    }
    // It returns once nothing waits.
    connector.shutdown(Duration::MAX);
    let took = begun.elapsed();
    assert_eq!(connector.stats().unwrap().sent, LINES as u64);
    tell(&json!({ "took": took.as_secs_f64() }));
}
