//! Millions of SENDs, and of notifications through a receiver: whether memory and descriptors stay what
//! they are after the first tenth.
//!
//! `make soak` runs it. SOAK_SENDS and SOAK_NOTIFICATIONS say how many, SOAK_SERVER which program is the
//! service: that of `benches/server`. After each tenth all threads end, and what is held then is counted.
//! It fails where after a later tenth
//! - more bytes are allocated than after the first and [`MORE_ALLOCATED`],
//! - the process has more resident memory than after the first and [`MORE_RESIDENT`],
//! - more descriptors are open than after the first and one connection for each thread.
#![allow(clippy::unwrap_used)] // What cannot be measured ends the program.

mod allocated;
mod notifications;
mod sends;

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Bytes. What is in flight does not count, for nothing is; what caches and pools keep varies.
const MORE_ALLOCATED: usize = 128 * 1024;

/// Bytes. The allocator's own: it gives each thread of a tenth another part of its memory.
const MORE_RESIDENT: usize = 8 * 1024 * 1024;

/// What the kernel counts memory in, on machines that this runs on.
const PAGE: usize = 4096;

const TENTHS: u64 = 10;

fn main() -> ExitCode {
    // What a process takes for itself at its first use: names, roots, threads.
    let sends = sends::Load::new();
    let notifications = notifications::Load::new();
    let mut good =
        soak("SENDs", number("SOAK_SENDS", 10_000_000), sends::THREADS, |share| sends.run(share));
    good &= soak(
        "notifications",
        number("SOAK_NOTIFICATIONS", 2_000_000),
        notifications::THREADS,
        |share| notifications.run(share),
    );
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let set = std::env::var(variable).ok().filter(|text| !text.is_empty());
    set.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}

/// What a process holds.
#[derive(Clone, Copy)]
struct Held {
    allocated: usize,
    resident: usize,
    descriptors: usize,
}

impl Held {
    fn now() -> Held {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        let resident: usize = pages.split(' ').nth(1).unwrap().parse().unwrap();
        // The folder is one of them.
        let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().count() - 1;
        Held { allocated: allocated::bytes(), resident: resident * PAGE, descriptors }
    }
}

/// Does so much, a tenth after the other; whether what is held stays the same.
fn soak(what: &str, count: u64, connections: usize, run: impl Fn(u64) -> u64) -> bool {
    let mut out = std::io::stdout().lock();
    let mut first: Option<Held> = None;
    let mut done = 0;
    let mut good = true;
    let title = ["allocated KiB", "resident KiB", "descriptors", "a second"];
    writeln!(out, "{what:<14}{:>14}{:>14}{:>12}{:>10}", title[0], title[1], title[2], title[3])
        .unwrap();
    for _ in 0..TENTHS {
        let begun = Instant::now();
        let tenth = run(count / TENTHS);
        let rate = tenth as f64 / begun.elapsed().max(Duration::from_micros(1)).as_secs_f64();
        done += tenth;
        let held = Held::now();
        let first = first.get_or_insert(held);
        let wrong = [
            (held.allocated > first.allocated + MORE_ALLOCATED, "allocated"),
            (held.resident > first.resident + MORE_RESIDENT, "resident"),
            (held.descriptors > first.descriptors + connections, "descriptors"),
        ];
        let wrong: Vec<&str> =
            wrong.iter().filter(|(grew, _)| *grew).map(|(_, name)| *name).collect();
        let (allocated, resident) = (held.allocated >> 10, held.resident >> 10);
        let note =
            if wrong.is_empty() { String::new() } else { format!("  GREW: {}", wrong.join(", ")) };
        writeln!(
            out,
            "{done:<14}{allocated:>14}{resident:>14}{:>12}{rate:>10.0}{note}",
            held.descriptors
        )
        .unwrap();
        good &= wrong.is_empty();
    }
    good
}
