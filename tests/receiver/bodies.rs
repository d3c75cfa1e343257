//! More bodies at once than a receiver has memory for.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use lpc_sandbox::{Options, Sandbox, Signature};

use crate::program::Program;

/// Many, and each as long as is allowed.
const CONNECTIONS: usize = 500;
const LONG: usize = 1 << 20;

/// What all of it may cost: the budget for bodies, and what each connection costs by itself.
const MOST_MIB: u64 = 200;

/// The most memory that the process had so far, in MiB.
fn peak_mib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn attack(address: SocketAddr, head: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    // Who is refused finds a reset, and who is not read from leaves the rest.
    stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&vec![b' '; LONG - 1]).ok()?;
    Some(stream)
}

fn status(mut stream: TcpStream) -> Option<u16> {
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head[9..]).ok()?.parse().ok()
}

/// Each sends all of its body but the last byte, signed with another secret, and keeps it back.
#[test]
fn bodies_that_never_end_cost_little_and_keep_nobody_out() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let (account, other) = (sandbox.new_account(), sandbox.new_account());
    let address = sandbox.reserve_receiver(&account.id);
    let program = Program::new(&sandbox, &account);
    let mut running = program.start(1);
    while TcpStream::connect(address).is_err() {
        assert!(!running.has_ended(), "{}", program.output());
        std::thread::yield_now();
    }
    let before = peak_mib(running.id());
    let signature = sandbox.sign(&other.id, b"another body", Signature::default());
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nX-LivePerson-Signature: {signature}\r\nContent-Length: {LONG}\r\n\r\n"
    );
    std::thread::scope(|scope| {
        let attacks: Vec<_> = (0..10)
            .map(|_| {
                scope.spawn(|| -> Vec<_> {
                    (0..CONNECTIONS / 10).filter_map(|_| attack(address, &head)).collect()
                })
            })
            .collect();
        for number in 0..20 {
            sandbox.notify(&account.id, format!(r#"{{"type":"of.the.crowd","number":{number}}}"#));
        }
        while sandbox.pending(&account.id) > 0 {
            std::thread::yield_now();
        }
        let deliveries = sandbox.deliveries(&account.id);
        assert_eq!(deliveries.len(), 20, "none came twice: {deliveries:?}");
        assert!(deliveries.iter().all(|delivery| delivery.status == Some(200)), "{deliveries:?}");
        let held: Vec<_> = attacks.into_iter().flat_map(|attack| attack.join().unwrap()).collect();
        // Each ends: refused, or because nothing more comes.
        for refused in held.into_iter().filter_map(status) {
            assert!([408, 503].contains(&refused), "{refused}");
        }
    });
    let cost = peak_mib(running.id()) - before;
    assert!(cost < MOST_MIB, "{CONNECTIONS} bodies of {LONG} bytes cost {cost} MiB");
    assert!(!running.has_ended(), "{}", program.output());
}
