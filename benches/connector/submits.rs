//! How soon a submitted action is safe, while others are sent.

use serde_json::Value;

use crate::child::{SLOW_SYNC_US, measured, measured_slowly};
use crate::service::Service;
use crate::{Reached, TIMES, say};

/// Milliseconds that a submit takes with `memory`, of 99 in 100.
const MEMORY: f64 = 1.0;

/// Fsyncs that one waits for with `sqlite:`, of 99 in 100: the one under way and its own, and one for all else,
/// with what the disk itself takes besides.
const STORED: f64 = 3.0;

pub fn measure() -> Reached {
    let service = Service::start(0);
    let directory = tempfile::tempdir().unwrap();
    let mut of: [Vec<Value>; 2] = Default::default();
    for n in 0..TIMES {
        of[0].push(measured("flow memory keys 5000 4 1000", &service));
        let file = directory.path().join(format!("{n}.db"));
        let stored = format!("flow sqlite:{} keys 5000 16 1000", file.display());
        of[1].push(measured_slowly(&stored, &service));
    }
    let sync = SLOW_SYNC_US as f64 / 1000.0;
    let line = |store: &str, all: &[Value], most: f64| {
        let times = all.iter().map(|it| it["p99_ms"].as_f64().unwrap());
        let best = times.fold(f64::MAX, f64::min);
        let what = format!("submit, {store}, 99 of 100");
        say(&what, &format!("{best:.2} ms"), &format!("≤ {most} ms"), best <= most)
    };
    let slowly = format!("sqlite, fsync {sync} ms");
    line("memory", &of[0], MEMORY) & line(&slowly, &of[1], STORED * sync)
}
