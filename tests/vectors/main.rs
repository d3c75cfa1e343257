//! The vectors: one list of calls that Rust, C and Python perform, so that no binding can drift.
//!
//! README.md tells how a case is written. `cargo test` performs them in Rust; `make test-c` and
//! `make test-python` name the driver of their language and run its test, too.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod case;
mod driver;
mod pattern;
mod run;
mod rust;

use std::io::Write;
use std::process::Command;

use driver::{C, Driver, Python};
use lpc_sandbox::{Options, Sandbox};

#[test]
fn rust() {
    all("rust", &mut rust::Rust::default());
}

#[test]
#[ignore = "needs the driver of tests/c/vectors.c: make test-c"]
fn c() {
    let program = named("LPC_VECTORS_C");
    all("c", &mut C::start(&mut Command::new(program)));
}

#[test]
#[ignore = "needs a Python with the package: make test-python"]
fn python() {
    let mut command = Command::new(named("LPC_VECTORS_PYTHON"));
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/vector_driver.py"));
    all("python", &mut Python::start(&mut command));
}

fn named(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no driver"))
}

/// Runs every case that is for this language, and only then tells which failed.
fn all(language: &str, driver: &mut dyn Driver) {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let mut ran = 0;
    let mut failures = Vec::new();
    for case in case::all() {
        if !case.languages.iter().any(|one| one == language) {
            continue;
        }
        ran += 1;
        if let Err(difference) = run::case(&sandbox, driver, &case) {
            failures.push(format!("{}: {} ({language}): {difference}", case.file, case.name));
        }
    }
    let failed = failures.len();
    // Not by a macro: those are captured, and this is to be seen.
    let mut out = std::io::stderr();
    writeln!(out, "vectors: {ran} cases in {language}, {failed} failed").unwrap();
    assert!(ran > 0, "no case is for {language}");
    assert!(failed == 0, "{failed} of {ran} failed:\n{}", failures.join("\n"));
}
