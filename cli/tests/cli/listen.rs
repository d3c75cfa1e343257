//! `lpc listen`: what comes, what is printed of it, and how it ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use lpc_sandbox::Agent;
use lpc_sandbox::serde_json::{Value, json};
use lpconnector::Notification;

use crate::scene::{Scene, file, until};

/// One that listens, until this is dropped.
struct Listener {
    child: Child,
    err: BufReader<ChildStderr>,
}

/// What it prints, a line each, as long as it runs.
type Lines = Receiver<String>;

/// Begins to listen where the sandbox sends the account's notifications.
fn begin(scene: &Scene, arguments: &[&str]) -> (Listener, ChildStdout) {
    scene.sandbox.reserve_receiver(&scene.account.id);
    let mut command = scene.lpc(&[&["listen"], arguments].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let mut listener = Listener { child, err: BufReader::new(err) };
    let mut begun = String::new();
    listener.err.read_line(&mut begun).unwrap();
    assert!(begun.starts_with("lpc: listening at http"), "{begun}");
    (listener, out)
}

fn listen(scene: &Scene, arguments: &[&str]) -> (Listener, Lines) {
    let (listener, out) = begin(scene, arguments);
    let (told, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| told.send(line))
    });
    (listener, lines)
}

/// The lines up to the first with this in it.
fn lines_to(last: &str, lines: &Lines) -> Vec<String> {
    let mut came: Vec<String> = Vec::new();
    while came.last().is_none_or(|line| !line.contains(last)) {
        let line = lines.recv_timeout(Duration::from_secs(60));
        came.push(line.unwrap_or_else(|_| panic!("no {last} came: {came:?}")));
    }
    came
}

impl Listener {
    fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    fn code(&mut self) -> Option<i32> {
        until(|| self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_an_agent_answers_is_a_line() {
    let scene = Scene::over_tls();
    scene.sandbox.set_agent(&scene.account.id, Some(Agent::Echo));
    let (mut listener, lines) = listen(&scene, &[]);
    scene.run(&["send", "me", "Hi"]).ends(0);
    let lines = lines_to("You said: Hi", &lines);
    let conversations = scene.sandbox.conversations(&scene.account.id);
    let id = conversations[0]["id"].as_str().unwrap();
    assert!(lines.iter().all(|line| line.starts_with(id)), "{lines:?}");
    assert!(lines.contains(&format!("{id}  CONSUMER  Hi")), "{lines:?}");
    assert!(lines.contains(&format!("{id}  -  [conversation] OPEN")), "{lines:?}");
    assert!(lines.contains(&format!("{id}  ASSIGNED_AGENT  [accept status] READ")), "{lines:?}");
    assert_eq!(lines.last().unwrap(), &format!("{id}  ASSIGNED_AGENT  You said: Hi"));
    listener.interrupt();
    assert_eq!(listener.code(), Some(0));
}

#[test]
fn what_a_terminal_would_obey_is_not_printed() {
    let scene = Scene::new();
    let (mut listener, lines) = listen(&scene, &[]);
    scene.run(&["send", "me", "\u{1b}[2Jtwo\nlines"]).ends(0);
    let lines = lines_to("lines", &lines);
    assert!(lines.last().unwrap().ends_with("  CONSUMER  \\u{1b}[2Jtwo\\nlines"), "{lines:?}");
    listener.interrupt();
    assert_eq!(listener.code(), Some(0));
}

#[test]
fn a_program_gets_each_notification_as_it_came_and_can_replay_it() {
    let scene = Scene::new();
    let (mut listener, lines) = listen(&scene, &["--json", "--count", "3"]);
    let change = json!({ "event": { "type": "ContentEvent", "contentType": "text/plain", "message": "Hi" },
        "dialogId": "d", "sequence": 7, "originatorMetadata": { "role": "ASSIGNED_AGENT" } });
    let pretty = format!(
        "{{\n  \"kind\": \"notification\",\r\n \"body\": {{\"changes\": [{change}]}}\n}}\n"
    );
    let odd =
        r#"{"kind":"notification","body":{"changes":[{"number":1.00,"text":"Gr\u00fc\u00dfe"}]}}"#;
    for body in [&*pretty, odd, "no JSON"] {
        scene.sandbox.notify(&scene.account.id, body);
    }
    let mut lines = lines_to("no JSON", &lines);
    assert_eq!(listener.code(), Some(0), "three were to come");
    lines.sort();
    let as_it_came = pretty.replace(['\r', '\n'], " ");
    assert_eq!(lines, [&as_it_came, odd, r#"{"unreadable":"no JSON"}"#]);
    until(|| (scene.sandbox.pending(&scene.account.id) == 0).then_some(()));
    assert!(scene.sandbox.deliveries(&scene.account.id).iter().all(|it| it.delivered()));

    let (_kept, path) = file("notifications.jsonl", format!("{as_it_came}\n{odd}\n"));
    let receiver = scene.receiver(&[("receiver.listen", "127.0.0.1:0")]);
    let arguments = ["replay-webhook", path.to_str().unwrap(), "--to", receiver.url()];
    let ran = scene.run(&arguments).ends(0);
    assert!(ran.out.starts_with("1: 200 in ") && ran.out.contains("\n2: 200 in "), "{}", ran.out);
    let next = || receiver.poll(Duration::from_secs(60)).unwrap().unwrap();
    let replayed: Vec<Notification> = vec![next(), next()];
    assert_eq!(replayed[0].events()[0].text(), "Hi");
    assert_eq!(replayed[1].raw(), odd.as_bytes());
}

#[test]
fn where_nobody_reads_any_more_nothing_counts_as_delivered() {
    let scene = Scene::new();
    let (mut listener, out) = begin(&scene, &[]);
    drop(out);
    let body: Value =
        json!({ "kind": "notification", "body": { "changes": [{ "dialogId": "d" }] } });
    scene.sandbox.notify(&scene.account.id, body.to_string());
    assert_eq!(listener.code(), Some(0));
    let mut said = String::new();
    listener.err.read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
    let tried = until(|| scene.sandbox.deliveries(&scene.account.id).first().cloned());
    assert!(!tried.delivered(), "it comes again: {tried:?}");
}

#[test]
fn where_it_cannot_listen_it_says_so() {
    let scene = Scene::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let set = format!("receiver.listen={}", taken.local_addr().unwrap());
    let ran = scene.run(&["listen", "--set", &set]).ends(2);
    assert!(ran.err.contains(&set["receiver.listen=".len()..]), "{}", ran.err);
    let ran = scene.run(&["listen", "--json", "--set", "client.secret=", "--set", "client.id="]);
    assert_eq!(ran.ends(2).json()[0]["error"]["status"], "CONFIG");
}
