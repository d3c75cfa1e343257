//! More connections than a receiver takes at once.

use std::net::TcpStream;

use lpc_sandbox::{Options, Sandbox};

use crate::program::Program;

/// More than it takes at once.
const SILENT: usize = 600;

#[test]
fn those_that_do_nothing_keep_nobody_out() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let account = sandbox.new_account();
    let address = sandbox.reserve_receiver(&account.id);
    let program = Program::new(&sandbox, &account);
    let mut running = program.start(1);
    let mut silent = Vec::new();
    while silent.len() < SILENT {
        match TcpStream::connect(address) {
            Ok(stream) => silent.push(stream),
            // It does not listen yet.
            Err(_) if silent.is_empty() => std::thread::yield_now(),
            Err(why) => panic!("connection {}: {why}", silent.len()),
        }
        assert!(!running.has_ended(), "{}", program.output());
    }

    sandbox.notify(&account.id, r#"{"type":"of.the.crowd"}"#);
    while sandbox.pending(&account.id) > 0 {
        std::thread::yield_now();
    }
    let deliveries = sandbox.deliveries(&account.id);
    assert_eq!(deliveries.len(), 1, "{deliveries:?}");
    assert_eq!(deliveries[0].status, Some(200));
}
