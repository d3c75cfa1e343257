//! How soon the first action goes out after a restart with many that wait.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::child::{measured, tell};
use crate::itself::resident;
use crate::service::{Service, connector};
use crate::{Reached, TIMES, say};

const COUNT: usize = 100_000;
const MOST_MS: f64 = 2000.0;

pub fn measure() -> Reached {
    let service = Service::start(0);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("queue.db");
    measured(&format!("backlog sqlite:{} {COUNT}", file.display()), &service);
    let best = (0..TIMES).map(|n| {
        // Each has all of them: what one sends is gone for the next.
        let copy = directory.path().join(format!("{n}.db"));
        std::fs::copy(&file, &copy).unwrap();
        let took = measured(&format!("restart sqlite:{}", copy.display()), &service);
        took["first_ms"].as_f64().unwrap()
    });
    let best = best.fold(f64::MAX, f64::min);
    say(
        &format!("until the first of {COUNT} goes out after a restart"),
        &format!("{best:.0} ms"),
        &format!("≤ {MOST_MS} ms"),
        best <= MOST_MS,
    )
}

/// Goes on with what is in such a store, and says how long the first one took.
pub fn run(words: &[&str]) {
    let begun = Instant::now();
    let connector = connector(words[0], &[]);
    // That its conversation was opened, with it in the same request.
    connector.poll(Duration::MAX).unwrap().unwrap();
    let first = begun.elapsed();
    assert!(connector.stats().unwrap().waiting > COUNT as u64 / 2, "not all were there");
    tell(&json!({ "first_ms": first.as_secs_f64() * 1000.0, "resident": resident() }));
    connector.release();
}
