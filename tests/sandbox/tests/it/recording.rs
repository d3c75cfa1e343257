//! Recordings that are not as they should be, and receivers that are not there.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Log, Recorder, Recording, Replay};

use crate::driver::{agent, call, shared};
use crate::endpoint::{Answer, Endpoint};
use crate::fault::until;

/// A recording of these exchanges.
fn tape(directory: &Path, exchanges: &[Value]) -> PathBuf {
    let heading = json!({"recording": 1, "by": "lpc-sandbox 0.0.0", "texts_kept": true});
    let lines: Vec<_> = [&heading].into_iter().chain(exchanges).map(Value::to_string).collect();
    let file = directory.join("notes.jsonl");
    fs::write(&file, lines.join("\n") + "\n").expect("a file");
    file
}

fn exchange(from: &str, path: &str, body: &Value) -> Value {
    json!({"at_us": 1, "took_us": 1, "from": from, "host": "", "method": "POST", "path": path,
           "headers": [], "body": {"json": body},
           "answer": {"status": 200, "headers": [], "body": {"json": body}}})
}

fn post(url: &str, body: &Value) -> u16 {
    let reply = call(&agent(), "POST", &format!("{url}/x"), &[], body.to_string().as_bytes());
    reply.expect("an answer").status
}

#[test]
fn a_text_full_of_braces_ends_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let body = json!({"message": "{a}-".repeat(200_000)});
    let file = tape(directory.path(), &[exchange("client", "/x", &body)]);
    let replay = Replay::start(&file, 0, &Log::Off).expect("a replay");
    assert_eq!(post(replay.url(), &body), 200);
    assert_eq!(replay.unasked(), Vec::<String>::new());
}

#[test]
fn a_notification_is_told_once_somebody_takes_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut exchanges = vec![exchange("client", "/x", &json!({}))];
    exchanges.extend((1..=2).map(|number| exchange("service", "/", &json!({"number": number}))));
    let replay =
        Replay::start(&tape(directory.path(), &exchanges), 0, &Log::Off).expect("a replay");
    assert_eq!(post(replay.url(), &json!({})), 200);
    // Nobody listens.
    assert_eq!(replay.unasked(), ["a notification that was not taken"; 2]);
    let listener = TcpListener::bind(replay.receiver_address()).expect("the port");
    let endpoint = Endpoint::on(listener, None);
    endpoint.answers(&[Answer::Status(503), Answer::Close]);
    let numbers: Vec<_> = (0..4).map(|_| endpoint.next().json()["number"].clone()).collect();
    assert_eq!(numbers, [1, 1, 1, 2]);
    until(|| replay.unasked().is_empty());
}

#[test]
fn a_url_with_a_password_is_not_recorded() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("notes.jsonl");
    let url = shared().url().replace("://", "://ann:s3cret@");
    let reason = Recorder::start(Recording::new(url, &file)).err().expect("it is refused");
    assert!(!reason.to_string().contains("s3cret") && !file.exists(), "{reason}");
}

/// The limit of a file's size is like a full disk: a part of a line is written.
#[cfg(unix)]
#[test]
fn what_a_full_disk_takes_spoils_no_other_line() {
    use std::process::{Command, Stdio};

    use crate::program::{Running, printed};

    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("notes.jsonl");
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""]);
    command.args([env!("CARGO_BIN_EXE_lpc-sandbox"), "record", "--quiet", "--to", shared().url()]);
    command.arg("--out").arg(&file).stdout(Stdio::piped());
    let mut running = Running(command.spawn().expect("the program starts"));
    let variables = printed(&mut running, "LPC_ALLOW_PLAINTEXT");
    for length in [1, 50_000, 1] {
        post(&variables["LPC_DOMAIN_API_URL"], &json!({"state": "x".repeat(length)}));
    }
    drop(running);
    let replay = Replay::start(&file, 0, &Log::Off).expect("it can be read");
    assert_eq!(replay.unasked(), ["POST /x"; 2]);
}
