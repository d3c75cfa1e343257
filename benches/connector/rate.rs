//! How many actions a second go from submit to sent.

use serde_json::Value;

use crate::child::{SLOW_SYNC_US, measured, measured_slowly};
use crate::service::Service;
use crate::{Reached, TIMES, say};

/// Of what the same number of threads send without a connector, with `memory`.
const SHARE: f64 = 0.6;

/// A second, with `sqlite:` and keys; and where each fsync takes long.
const STORED: f64 = 5000.0;
const STORED_SLOWLY: f64 = 2000.0;

/// What waits for the disk together is written together, so many threads submit.
const THREADS: usize = 64;

pub fn measure() -> Reached {
    let service = Service::start(0);
    let directory = tempfile::tempdir().unwrap();
    let file = |n: usize| format!("sqlite:{}", directory.path().join(format!("{n}.db")).display());
    // In turn, so that what else the machine does meets all of them.
    let mut of: [Vec<Value>; 5] = Default::default();
    for n in 0..TIMES {
        of[0].push(measured("direct 40000", &service));
        of[1].push(measured("flow memory nokeys 40000 8 0", &service));
        of[2].push(measured("flow memory keys 40000 8 0", &service));
        let stored = format!("flow {} keys 20000 {THREADS} 0", file(2 * n));
        of[3].push(measured(&stored, &service));
        let stored = format!("flow {} keys 10000 {THREADS} 0", file(2 * n + 1));
        of[4].push(measured_slowly(&stored, &service));
    }
    let rate =
        |all: &[Value]| all.iter().map(|it| it["rate"].as_f64().unwrap()).fold(0.0, f64::max);
    let cpu = |all: &[Value]| {
        all.iter().map(|it| it["cpu_us"].as_f64().unwrap()).fold(f64::MAX, f64::min)
    };
    let [direct, alone, keyed, stored, slowly] = &of;
    let line = |what: &str, all: &[Value], wanted: &str, reached: Reached| {
        let what = format!("{what}, {:.0} µs of CPU time each", cpu(all));
        say(&what, &format!("{:.0} a second", rate(all)), wanted, reached)
    };
    let share = SHARE * rate(direct);
    let at_least = |what: &str, all: &[Value], least: f64| {
        line(what, all, &format!("≥ {least:.0}"), rate(all) >= least)
    };
    let slowly_named = format!("the same, fsync {} ms", SLOW_SYNC_US / 1000);
    line("send_text on 8 threads", direct, "", true)
        & at_least("connector, memory", alone, share)
        // Each of these makes an update besides, which the program is told and acknowledges.
        & line("connector, memory, with keys", keyed, "", true)
        & at_least("connector, sqlite, with keys", stored, STORED)
        & at_least(&slowly_named, slowly, STORED_SLOWLY)
}
