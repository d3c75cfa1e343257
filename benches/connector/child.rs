//! One measurement, in a process of its own.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::service::Service;

/// What it is to do.
pub const CHILD: &str = "BENCH_CHILD";

/// How long a disk takes that is slow, in microseconds.
pub const SLOW_SYNC_US: u64 = 5000;

/// Has it done, and reads what it says.
pub fn measured(order: &str, service: &Service) -> Value {
    run(order, service, &[])
}

/// The same with a disk that is slow.
pub fn measured_slowly(order: &str, service: &Service) -> Value {
    let preloaded = std::env::var("SLOW_SYNC").expect("SLOW_SYNC names what slows a disk down");
    let time = SLOW_SYNC_US.to_string();
    run(order, service, &[("LD_PRELOAD", &preloaded), ("SLOW_SYNC_US", &time)])
}

/// Has it begun, and goes on.
pub fn started(order: &str, service: &Service) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap());
    service.of(&mut child);
    child.env(CHILD, order).stdout(Stdio::piped()).spawn().unwrap()
}

/// Says a line in the child, at once.
pub fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn run(order: &str, service: &Service, variables: &[(&str, &str)]) -> Value {
    let mut child = Command::new(std::env::current_exe().unwrap());
    service.of(&mut child);
    child.env(CHILD, order).envs(variables.iter().copied()).stderr(Stdio::inherit());
    let done = child.output().unwrap();
    assert!(done.status.success(), "{order}: {}", done.status);
    serde_json::from_slice(&done.stdout).unwrap()
}

/// Says in the child what it measured.
pub fn tell(measured: &Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{measured}").unwrap();
}
