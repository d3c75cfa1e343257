//! `lpc replay-webhook`: what is posted, and what the answers mean.

use std::time::Duration;

use lpc_sandbox::{Recorder, Recording, serde_json::json};

use crate::scene::{Scene, file, nobody, server};

const BODY: &str = r#"{"kind":"notification","body":{"changes":[{"dialogId":"d"}]}}"#;

#[test]
fn a_notification_arrives_as_often_as_it_is_posted() {
    let scene = Scene::over_tls();
    scene.sandbox.reserve_receiver(&scene.account.id);
    let receiver = scene.receiver(&[("receiver.duplicates.window", "0")]);
    let arguments = ["replay-webhook", "-", "--to", receiver.url(), "--times", "3", "--json"];
    let ran = scene.run_with(BODY, &arguments).ends(0);
    let told: Vec<_> =
        ran.json().iter().map(|it| json!([it["number"], it["http_status"]])).collect();
    assert_eq!(told, [json!([1, 200]), json!([2, 200]), json!([3, 200])]);
    for _ in 0..3 {
        let notification = receiver.poll(Duration::from_secs(60)).unwrap().unwrap();
        assert_eq!(notification.raw(), BODY.as_bytes());
        assert_eq!(notification.account_id(), scene.account.id);
    }
}

#[test]
fn what_the_sandbox_recorded_is_posted_again() {
    let scene = Scene::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.jsonl");
    let receiver = scene.receiver(&[("receiver.duplicates.window", "0")]);
    let recorder = Recorder::start(Recording {
        webhook: Some(receiver.url().to_owned()),
        ..Recording::new(scene.sandbox.url(), &path)
    })
    .unwrap();
    let arguments = ["replay-webhook", "-", "--to", recorder.webhook_url().unwrap()];
    scene.run_with(BODY, &arguments).ends(0);
    drop(recorder);
    receiver.poll(Duration::from_secs(60)).unwrap().unwrap();

    scene.run(&["replay-webhook", path.to_str().unwrap(), "--to", receiver.url()]).ends(0);
    let again = receiver.poll(Duration::from_secs(60)).unwrap().unwrap();
    assert_eq!(again.events()[0].dialog_id(), "d");
}

#[test]
fn answers_other_than_2xx_are_failures() {
    let scene = Scene::new();
    let (_kept, path) = file("body.json", BODY);
    let post = |url: &str| scene.run(&["replay-webhook", path.to_str().unwrap(), "--to", url]);
    let other = scene.receiver(&[("receiver.secret", "another")]);
    assert!(post(other.url()).ends(3).out.starts_with("1: 401 in "));
    let away = server("HTTP/1.1 503 Later\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert!(post(&format!("http://{away}/")).ends(1).out.starts_with("1: 503 in "));
    assert!(post(&format!("http://{}/", nobody())).ends(1).err.contains("cannot connect"));
    let silent = server("");
    assert!(post(&format!("http://{silent}/")).ends(4).err.contains("It may have arrived"));
    for wrong in ["", "127.0.0.1:1", "ftp://127.0.0.1/", "https://me:pa55@127.0.0.1/"] {
        let ran = post(wrong).ends(2);
        assert!(ran.err.contains("https://host/path") && !ran.err.contains("pa55"), "{}", ran.err);
    }
}

#[test]
fn a_file_that_holds_no_notification_is_refused() {
    let scene = Scene::new();
    let url = format!("http://{}/", nobody());
    for (content, says) in [("", "there is no notification in it"), ("{\"a\":", "that is no JSON")]
    {
        let (_kept, path) = file("body.json", content);
        let ran = scene.run(&["replay-webhook", path.to_str().unwrap(), "--to", &url]).ends(2);
        assert!(ran.err.contains(says) && ran.err.contains("body.json"), "{}", ran.err);
    }
    let ran = scene.run(&["replay-webhook", "/nowhere.json", "--to", &url]).ends(2);
    assert!(ran.err.contains("/nowhere.json"), "{}", ran.err);
    let unsigned =
        ["replay-webhook", "-", "--to", &url, "--set", "client.secret=", "--set", "client.id="];
    assert!(scene.run_with(BODY, &unsigned).ends(2).err.contains("client.secret"));
}
