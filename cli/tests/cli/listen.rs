//! `lpc listen`: what comes, what is printed of it, and how it ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

use lpc_sandbox::Agent;
use lpc_sandbox::serde_json::{Value, json};
use lpconnector::Notification;

use crate::scene::{Scene, file, until};

struct Listener {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

/// One that listens, where the sandbox sends the account's notifications.
fn listen(scene: &Scene, arguments: &[&str]) -> Listener {
    scene.sandbox.reserve_receiver(&scene.account.id);
    let mut command = scene.lpc(&[&["listen"], arguments].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut listener = Listener { err: BufReader::new(child.stderr.take().unwrap()), out, child };
    let mut begun = String::new();
    listener.err.read_line(&mut begun).unwrap();
    assert!(begun.starts_with("lpc: listening at http"), "{begun}");
    listener
}

impl Listener {
    /// The lines up to the first with this in it.
    fn lines_to(&mut self, last: &str) -> Vec<String> {
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line: &String| !line.contains(last)) {
            let mut line = String::new();
            assert_ne!(self.out.read_line(&mut line).unwrap(), 0, "it ended: {lines:?}");
            lines.push(line.trim_end_matches('\n').to_owned());
        }
        lines
    }

    fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    fn code(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

#[test]
fn what_an_agent_answers_is_a_line() {
    let scene = Scene::over_tls();
    scene.sandbox.set_agent(&scene.account.id, Some(Agent::Echo));
    let mut listener = listen(&scene, &[]);
    scene.run(&["send", "me", "Hi"]).ends(0);
    let lines = listener.lines_to("You said: Hi");
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
    let mut listener = listen(&scene, &[]);
    scene.run(&["send", "me", "\u{1b}[2Jtwo\nlines"]).ends(0);
    let lines = listener.lines_to("lines");
    assert!(lines.last().unwrap().ends_with("  CONSUMER  \\u{1b}[2Jtwo\\nlines"), "{lines:?}");
    listener.interrupt();
    assert_eq!(listener.code(), Some(0));
}

#[test]
fn a_program_gets_each_notification_as_it_came_and_can_replay_it() {
    let scene = Scene::new();
    let mut listener = listen(&scene, &["--json", "--count", "3"]);
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
    let mut lines = listener.lines_to("no JSON");
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
    let next = || receiver.poll(Duration::MAX).unwrap().unwrap();
    let replayed: Vec<Notification> = vec![next(), next()];
    assert_eq!(replayed[0].events()[0].text(), "Hi");
    assert_eq!(replayed[1].raw(), odd.as_bytes());
}

#[test]
fn where_nobody_reads_any_more_nothing_counts_as_delivered() {
    let scene = Scene::new();
    let Listener { mut child, out, err } = listen(&scene, &[]);
    drop(out);
    let body: Value =
        json!({ "kind": "notification", "body": { "changes": [{ "dialogId": "d" }] } });
    scene.sandbox.notify(&scene.account.id, body.to_string());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(err.lines().map_while(Result::ok).collect::<Vec<_>>(), [""; 0]);
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
