//! A receiver that cannot begin says so at once.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use lpconnector::{Config, Status};

use super::*;

/// Tells the other test what became of a receiver in a process with few descriptors.
#[test]
#[ignore = "a part of the other test"]
fn with_few_descriptors() {
    // Without it, somebody ran all that is ignored.
    if std::env::var_os("LPC_RECEIVER_SECRET").is_none() {
        return;
    }
    let mut config = Config::new();
    config.load_env().unwrap();
    // What it takes to accept a connection.
    let spare = [(); 3].map(|()| File::open("/dev/null"));
    if spare.iter().any(Result::is_err) {
        return;
    }
    let begun = Receiver::new(&config);
    drop(spare);
    match begun {
        Ok(receiver) => {
            tell(&format!("listens {}", receiver.url()));
            // Until the other test has seen enough.
            let _ = std::io::stdin().read(&mut [0]);
        }
        Err(error) => {
            assert_eq!(error.status(), Status::Io);
            tell(&format!("fails {}", error.message()));
        }
    }
}

/// A line of its own, whatever the test program says beside it.
#[allow(clippy::print_stdout)] // The other test reads it.
fn tell(line: &str) {
    println!("\n{line}");
}

#[test]
fn who_has_too_few_descriptors_learns_it_at_once() {
    let (mut listened, mut failed) = (0, Vec::new());
    for limit in 5..20 {
        let program = std::env::current_exe().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", &format!("ulimit -n {limit} && exec \"$0\" \"$@\"")])
            .arg(program)
            .args(["--ignored", "--exact", "receiver::starts::with_few_descriptors", "--nocapture"])
            .env("LPC_RECEIVER_SECRET", "s3cr3t")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            if let Some(why) = line.strip_prefix("fails ") {
                failed.push(why.to_owned());
            } else if let Some(url) = line.strip_prefix("listens http://") {
                let address = url.trim_end_matches('/').parse().unwrap();
                let check = "GET /healthz HTTP/1.1\r\nHost: receiver\r\n\r\n";
                assert_eq!(exchange(address, check), 200, "with {limit} descriptors");
                listened += 1;
                drop(child.stdin.take());
            }
        }
        child.wait().unwrap();
    }
    assert!(listened > 0, "some are enough");
    // The listening socket takes one, the runtime the others.
    assert!(failed.len() > 1, "{failed:?}");
    assert!(
        failed.iter().all(|why| why.starts_with("cannot listen at 127.0.0.1:0: ")),
        "{failed:?}"
    );
}
