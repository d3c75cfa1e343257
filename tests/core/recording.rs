//! The library, recorded in front of a sandbox, and played again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use lpc_sandbox::{Agent, Log, Options, Recorder, Recording, Replay, Sandbox, Webhook};
use lpconnector::{Client, Config, Connector, EventKind, OpenOptions, Status, UpdateKind};
use tempfile::TempDir;

use crate::scene::until;

const CONSUMER: &str = "+4915112345678";
const TEXT: &str = "Where is my parcel 4711?";

fn config(variables: &[(&'static str, String)], options: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    for (name, value) in variables {
        let key = name.trim_start_matches("LPC_").to_lowercase().replace('_', ".");
        config.set(&key, value).unwrap();
    }
    config.set("retry.max.attempts", "1").unwrap();
    for (key, value) in options {
        config.set(key, value).unwrap();
    }
    config
}

/// A program that is to be recorded: what it says, and what it was answered.
fn chat(variables: &[(&'static str, String)]) -> (Connector, String) {
    let connector = Connector::new(&config(variables, &[("connector.store", "memory")])).unwrap();
    connector.submit_text(CONSUMER, TEXT, Some("sms-4711")).unwrap();
    loop {
        let update = connector.poll(Duration::from_secs(60)).unwrap().expect("an update");
        connector.ack(&update).unwrap();
        assert_ne!(update.kind(), UpdateKind::Failed, "{:?}", update.error());
        let events = update.notification().map(|told| told.events()).unwrap_or_default();
        if let Some(event) = events.first().filter(|event| event.kind() == EventKind::Text) {
            let text = event.text().to_owned();
            return (connector, text);
        }
    }
}

/// A recording of it, with all that must not be in there.
fn record(directory: &TempDir, keep_texts: bool) -> (PathBuf, Vec<String>) {
    let file = directory.path().join("field.jsonl");
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let account = sandbox.new_account();
    sandbox.set_agent(&account.id, Some(Agent::Echo));
    let address = sandbox.reserve_receiver(&account.id);
    let webhook = Some(format!("http://{address}/"));
    let recording = Recording { webhook, keep_texts, ..Recording::new(sandbox.url(), &file) };
    let recorder = Recorder::start(recording).unwrap();
    sandbox.set_webhook(&account.id, Webhook::to(recorder.webhook_url().unwrap()));
    let mut variables = recorder.variables();
    variables.extend([
        ("LPC_ACCOUNT_ID", account.id.clone()),
        ("LPC_CLIENT_ID", account.client_id.clone()),
        ("LPC_CLIENT_SECRET", account.client_secret.clone()),
        ("LPC_RECEIVER_LISTEN", address.to_string()),
    ]);
    let (connector, text) = chat(&variables);
    assert_eq!(text, format!("You said: {TEXT}"));
    let accepts = |line: &str| line.contains(r#""from":"client""#) && line.contains(r#""ACCEPT""#);
    until(|| read(&file).lines().any(accepts).then_some(()));
    drop(connector);
    assert_eq!(recorder.counts().1, 0, "none is left out");

    let mut secret = vec![account.client_secret];
    for request in sandbox.requests(&account.id) {
        let tokens = ["authorization", "x-lp-on-behalf"].map(|name| request.header(name));
        for token in tokens.into_iter().flatten() {
            secret.extend(token.split('.').skip(1).map(str::to_owned));
            secret.push(token.to_owned());
        }
    }
    let signatures = sandbox.deliveries(&account.id).into_iter().map(|it| it.signature);
    secret.extend(signatures.filter_map(|it| it.split_once('=').map(|(_, it)| it.to_owned())));
    secret.extend([account.id, account.client_id, CONSUMER.to_owned()]);
    (file, secret)
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap()
}

/// Fails where a text is in the file: as it is, in a URL, or in base64.
fn assert_lacks(file: &str, secret: &str) {
    let url: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![secret.to_owned(), url];
    for before in 0..3 {
        let bytes = [&b"abc"[..before], secret.as_bytes()].concat();
        // But for characters that neighbours have a part in.
        let alone = |encoded: String| encoded[4.min(before * 4)..encoded.len() - 4].to_owned();
        forms.extend([STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)].map(alone));
    }
    for form in forms {
        // Not the file itself: what fails is printed.
        assert!(!file.contains(&form), "the recording holds {} characters of a secret", form.len());
    }
}

#[test]
fn a_recording_holds_no_secret_and_no_name() {
    let directory = tempfile::tempdir().unwrap();
    let (file, secret) = record(&directory, false);
    let text = read(&file);
    assert!(secret.len() > 10, "there were tokens and signatures");
    for secret in &secret {
        assert_lacks(&text, secret);
    }
    assert_lacks(&text, TEXT);
    assert!(!text.contains("sms-4711") && !text.contains("You said"));
    // But what the protocol is about.
    for shown in ["{account-1}", "{consumer-jws-1}", "ms.PublishEvent", "\"sequence\":", "{text-1}"]
    {
        assert!(text.contains(shown), "{shown}");
    }
}

#[test]
fn what_was_recorded_is_played() {
    for keep_texts in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let (file, secret) = record(&directory, keep_texts);
        if keep_texts {
            // The account, its app and the consumer, who are at the end of them, too.
            secret.iter().for_each(|secret| assert_lacks(&read(&file), secret));
        }
        let replay = Replay::start(&file, 0, &Log::Off).unwrap();
        let (connector, text) = chat(&replay.variables());
        if keep_texts {
            assert_eq!(text, format!("You said: {TEXT}"));
        } else {
            assert!(text.starts_with("{text-"), "{text}");
        }
        until(|| replay.unasked().is_empty().then_some(()));
        assert_eq!(replay.unanswered(), Vec::<String>::new());
        drop(connector);
    }
}

#[test]
fn what_is_not_in_the_recording_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let (file, _) = record(&directory, false);
    let replay = Replay::start(&file, 0, &Log::Off).unwrap();
    let variables: Vec<_> = replay
        .variables()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("LPC_RECEIVER"))
        .collect();
    let client = Client::new(&config(&variables, &[])).unwrap();
    let options = OpenOptions::new().skill_id("4712");
    let error = client.consumer(CONSUMER).unwrap().open(&options).unwrap_err();
    assert_eq!((error.status(), error.http_status()), (Status::Rejected, 404), "{error}");
    let unanswered = replay.unanswered();
    assert_eq!(unanswered.len(), 1, "{unanswered:?}");
    let said = "/conversation: the next one of this kind differs in body";
    assert!(unanswered[0].contains(said), "{unanswered:?}");
    assert!(!replay.unasked().is_empty(), "and the recorded opening was not asked for");
}

#[test]
fn a_file_that_is_no_recording_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x");
    for (text, reason) in [
        ("", "it is no recording"),
        ("{}", "it is no recording"),
        (r#"{"recording":9,"by":"x","texts_kept":false}"#, "of version 9"),
        ("{\"recording\":1,\"by\":\"x\",\"texts_kept\":false}\n{\n{}\n", "line 2"),
    ] {
        std::fs::write(&file, text).unwrap();
        let error = Replay::start(&file, 0, &Log::Off).err().unwrap().to_string();
        assert!(error.contains(reason), "{error}");
    }
    // A line that was being written when the recorder was ended is none.
    std::fs::write(&file, "{\"recording\":1,\"by\":\"x\",\"texts_kept\":false}\n{\"at").unwrap();
    assert!(Replay::start(&file, 0, &Log::Off).is_ok());
    // What is there is not overwritten.
    let error = Recorder::start(Recording::new("http://127.0.0.1:9", &file)).err().unwrap();
    assert!(error.to_string().contains("x: File exists") || cfg!(windows), "{error}");
    assert!(read(&file).ends_with("{\"at"));
}
