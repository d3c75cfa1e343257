//! The requests of public clients, replayed against the sandbox, and what they read of answers and
//! notifications: see README.md. Each JSON file beside this one is a client.

mod client;
mod endpoint;
mod http;
mod play;
mod reads;
mod scene;
mod signature;
mod values;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use client::Client;

/// The files of all clients.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers");
    let entries = fs::read_dir(folder).expect("the folder of this test");
    let files = entries.map(|entry| entry.expect("a file").path());
    files.filter(|file| file.extension().is_some_and(|ending| ending == "json")).collect()
}

/// Plays the client of a file; the error names both.
fn serve(file: &Path) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string());
    text.and_then(|text| {
        let client = Client::parse(&text)?;
        play::all(&client).map_err(|error| format!("{}\n  {error}", client.client))
    })
    .map_err(|error| format!("{}: {error}", file.display()))
}

#[test]
fn every_client_is_served_and_told_what_it_reads() {
    let files = files();
    assert!(files.len() > 10, "{files:?}");
    let failures: Vec<String> = thread::scope(|scope| {
        let played: Vec<_> = files.iter().map(|file| scope.spawn(|| serve(file))).collect();
        // A panic has said above what it is about, but not whose it was.
        let panicked = |file: &PathBuf| Err(format!("{}: a panic", file.display()));
        let outcomes = files.iter().zip(played);
        let outcomes = outcomes.map(|(file, one)| one.join().unwrap_or_else(|_| panicked(file)));
        outcomes.filter_map(Result::err).collect()
    });
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Each step alone makes a client fail, and is named.
#[test]
fn what_a_client_misses_is_named() {
    let discovery = r#"{"asks": "for the hosts", "status": 200, "reads": {"/baseURIs": "$array"},
        "request": "GET https://{domain_api}/api/account/{account}/service/baseURI?version=1.0"}"#;
    for (wrong, named) in [
        (discovery.replace("200", "201"), "step 1, for the hosts: status 200, not 201"),
        (discovery.replace("$array", "$text"), "/baseURIs: not $text, but ["),
        (discovery.replace("/baseURIs", "/hosts"), "/hosts: not $array, but nothing"),
        (discovery.replace("{account}", "{acount}"), "nothing is known as {acount}"),
        (discovery.replace("status", "stats"), "unknown field `stats`"),
        (r#"{"agent": {"say": "Hello"}}"#.to_owned(), "no conversation"),
        (r#"{"does": "nothing"}"#.to_owned(), "asks, agent or hears"),
    ] {
        let text = |step: &str| format!(r#"{{"client": "c", "what": "w", "steps": [{step}]}}"#);
        let outcome = |step: &str| Client::parse(&text(step)).and_then(|it| play::all(&it));
        assert_eq!(outcome(discovery), Ok(()));
        let error = outcome(&wrong).expect_err("a client that misses something");
        assert!(error.contains(named), "{wrong}: {error}");
    }
}
