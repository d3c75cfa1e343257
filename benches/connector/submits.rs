//! How soon a submitted action is safe, while others are sent.

use serde_json::Value;

use crate::child::{SLOW_SYNC_US, measured, measured_slowly};
use crate::service::Service;
use crate::{Reached, TIMES, say};

/// Of 99 in 100, in milliseconds: with `memory`, and with `sqlite:` twice what the disk takes, and a
/// half for all else.
const MEMORY: f64 = 1.0;
const STORED: f64 = 2.5 * SLOW_SYNC_US as f64 / 1000.0;

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
    let best = |all: &[Value], name: &str| {
        all.iter().map(|it| it[name].as_f64().unwrap()).fold(f64::MAX, f64::min)
    };
    let line = |what: &str, all: &[Value], most: f64| {
        let what = format!("{what}, p50 {:.2} ms", best(all, "p50_ms"));
        let p99 = best(all, "p99_ms");
        say(&what, &format!("p99 {p99:.2} ms"), &format!("≤ {most} ms"), p99 <= most)
    };
    let slowly = format!("submit, sqlite, fsync {} ms", SLOW_SYNC_US / 1000);
    line("submit, memory", &of[0], MEMORY) & line(&slowly, &of[1], STORED)
}
