//! What a connector takes, holds and sends: how many actions a second, how soon one is safe, how much
//! memory a million of them have, how soon a restart goes on, and how long a far service takes.
//!
//! `make bench-connector` measures all; FIGURES names some: rate, submits, backlog, restart, far,
//! fleet, kept, takeover.
//! BENCH_SERVER is the program of `benches/server`, SLOW_SYNC what makes a disk slow
//! (`benches/slow_sync.c`). Each measurement is a process of its own: this very program, started once
//! more. What is said of a figure is the best of [`TIMES`]: what else the machine does makes it worse,
//! never better. It fails where a figure is missed.
#![allow(clippy::unwrap_used)] // What cannot be measured ends the program.

mod backlog;
mod broker;
mod child;
mod far;
mod fleet;
mod flow;
mod itself;
mod rate;
mod restart;
mod service;
mod submits;
mod takeover;

#[path = "../../tests/store/nats_server.rs"]
mod nats_server;

use std::io::Write;
use std::process::ExitCode;

use crate::child::CHILD;

/// How often each is measured.
const TIMES: usize = 5;

/// Whether what was wanted was reached.
type Reached = bool;

/// Its name, and what measures it.
type Figure = (&'static str, fn() -> Reached);

const FIGURES: [Figure; 8] = [
    ("rate", rate::measure),
    ("submits", submits::measure),
    ("backlog", backlog::measure),
    ("restart", restart::measure),
    ("far", far::measure),
    ("fleet", fleet::measure),
    ("kept", fleet::measure_kept),
    ("takeover", takeover::measure),
];

fn main() -> ExitCode {
    if let Ok(order) = std::env::var(CHILD) {
        let words: Vec<&str> = order.split(' ').collect();
        match words[0] {
            "direct" => flow::direct(&words[1..]),
            "flow" => flow::run(&words[1..]),
            "backlog" => backlog::run(&words[1..]),
            "restart" => restart::run(&words[1..]),
            "far" => far::run(&words[1..]),
            "fleet" => fleet::run(&words[1..]),
            "holds" => takeover::hold(&words[1..]),
            "takes" => takeover::take(&words[1..]),
            other => panic!("{other}"),
        }
        return ExitCode::SUCCESS;
    }
    // Cargo gives flags of its own.
    let named: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    if let Some(unknown) = named.iter().find(|it| !FIGURES.iter().any(|(name, _)| name == it)) {
        panic!("there is no figure '{unknown}'");
    }
    let wanted = |name: &str| named.is_empty() || named.iter().any(|it| it == name);
    let mut good = true;
    for (name, measure) in FIGURES {
        good &= !wanted(name) || measure();
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says a figure, and whether it is what was wanted.
fn say(what: &str, measured: &str, wanted: &str, reached: Reached) -> Reached {
    let verdict = match (wanted, reached) {
        ("", _) => "",
        (_, true) => "met",
        (_, false) => "MISSED",
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what:<60}{measured:>16}  {wanted:<12}{verdict}").unwrap();
    reached
}
