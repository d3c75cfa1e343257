//! The program.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Log, Options, Sandbox};

use crate::driver::{self, Driver, agent, call};
use crate::endpoint::Endpoint;
use crate::fault::until;

fn sandbox(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpc-sandbox"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    sandbox(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// Ends the program when the test ends, however it ends.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Where it ended by itself there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn help_explains_itself() {
    let output = run(&["--help"]);
    assert!(output.status.success());
    let help = text(&output.stdout);
    for option in [
        "--tls",
        "--client-certificates",
        "--port",
        "--control-port",
        "--ca-file",
        "--token-lifetime",
        "--sequence",
        "--domain-port",
        "--host",
        "--refuse-whole-batch",
        "--expires-as-number",
        "--max-body",
        "--max-file",
        "--receiver",
        "--webhook",
        "--agent",
        "--state",
        "--latency-ms",
        "--jitter-ms",
        "--rate-limit-app",
        "--rate-limit-consumer",
        "--console",
    ] {
        assert!(help.contains(option), "{option}");
    }
    assert!(help.contains("the events of a dialog"), "what --sequence counts");
}

#[test]
fn wrong_arguments_are_refused() {
    for arguments in [
        &["--port", "x"][..],
        &["--sequence", "x"],
        &["--ca-file", "x"],
        &["--client-certificates"],
        &["--host", "brand.example"],
        &["--domain-port", "0"],
        &["--receiver", "--webhook", "http://127.0.0.1:9/"],
        &["x"],
        &["record"],
        &["record", "--real"],
        &["record", "--real", "--to", "http://127.0.0.1:9", "--out", "x"],
        &["record", "--real", "--out", "x", "--webhook-port", "1"],
        &["replay"],
        &["--tls", "replay", "x"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_misspelt_option_is_refused_with_the_nearest_name() {
    for (arguments, nearest) in [
        (&["--latency", "5"][..], "--latency-ms"),
        (&["--stat", "x"], "--state"),
        (&["record", "--real", "--out", "x", "--keep-text"], "--keep-texts"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.contains(&format!("similar argument exists: '{nearest}'")), "{said}");
    }
}

#[test]
fn what_cannot_be_recorded_or_played_is_said() {
    for (arguments, reason) in [
        (&["record", "--to", "example", "--out", "x"][..], "must begin with http"),
        (&["record", "--real", "--out", "/no/such/place/x"], "/no/such/place/x: "),
        (&["replay", "/no/such/file"], "/no/such/file: "),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains(reason), "{}", text(&output.stderr));
    }
}

/// A program that serves, the variables that it prints up to this one, and what it said at its end.
#[cfg(unix)]
fn until_ended(
    arguments: &[&str],
    last: &str,
    act: impl FnOnce(&HashMap<String, String>),
) -> String {
    let mut command = sandbox(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().expect("the program starts"));
    act(&printed(&mut running, last));
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().expect("kill runs").success());
    assert!(running.0.wait().expect("it ends").success());
    let mut said = String::new();
    running.0.stderr.take().expect("its errors").read_to_string(&mut said).expect("text");
    said
}

#[cfg(unix)]
#[test]
fn a_command_is_asked_to_terminate_and_ended_where_it_is_asked_again() {
    let run = |script: &str| {
        let mut command = sandbox(&["--quiet", "--", "sh", "-c", script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = Running(command.spawn().expect("the program starts"));
        let lines = BufReader::new(running.0.stdout.take().expect("its output")).lines();
        (running, lines.map(|line| line.expect("a line")))
    };
    let ask = |running: &Running| {
        let pid = running.0.id().to_string();
        assert!(Command::new("kill").arg(&pid).status().expect("kill runs").success());
    };
    let (mut running, mut lines) = run("trap 'echo asked; exit 3' TERM; echo ready; read -r x");
    assert_eq!(lines.next().as_deref(), Some("ready"));
    ask(&running);
    assert_eq!(lines.next().as_deref(), Some("asked"));
    assert_eq!(running.0.wait().expect("it ends").code(), Some(3));

    let (mut running, mut lines) =
        run("trap 'echo asked' TERM; echo ready; while :; do read -r x; done");
    assert_eq!(lines.next().as_deref(), Some("ready"));
    ask(&running);
    assert_eq!(lines.next().as_deref(), Some("asked"));
    ask(&running);
    assert_eq!(running.0.wait().expect("it ends").code(), Some(128 + 9));
}

/// It asks as soon as it runs: that is as early as anybody knows of it.
#[cfg(unix)]
#[test]
fn a_command_is_never_left_alone() {
    let script = "trap 'exit 3' TERM; kill $PPID; read -r x; exit 4";
    for _ in 0..10 {
        let mut command = sandbox(&["--quiet", "--", "sh", "-c", script]);
        let mut running =
            Running(command.stdin(Stdio::piped()).spawn().expect("the program starts"));
        // Kept open while it is waited for.
        let _input = running.0.stdin.take();
        assert_eq!(running.0.wait().expect("it ends").code(), Some(3));
    }
}

#[cfg(unix)]
#[test]
fn the_program_records_and_plays() {
    let (_running, account) = serving(&[]);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("notes.jsonl").display().to_string();
    let ask = |variables: &HashMap<String, String>, path: &str| {
        let url = format!("{}/api/account/le1/{path}", variables["LPC_DOMAIN_API_URL"]);
        call(&agent(), "GET", &url, &[], &[]).expect("an answer").status
    };
    let record = ["record", "--quiet", "--to", &account["LPC_DOMAIN_API_URL"], "--out", &file];
    let said = until_ended(&record, "LPC_ALLOW_PLAINTEXT", |variables| {
        assert_eq!(ask(variables, "service/baseURI.json?version=1.0"), 401, "no such account");
        assert_eq!(ask(variables, "service/idp/baseURI.json?version=1.0"), 401);
    });
    let outcome = "notes.jsonl holds 2 requests with their answers. Look at it before you send it.";
    assert!(said.trim_end().ends_with(outcome), "{said}");
    let said = until_ended(&["replay", "--quiet", &file], "LPC_RECEIVER_LISTEN", |variables| {
        assert_eq!(ask(variables, "service/baseURI.json?version=1.0"), 401);
        assert_eq!(ask(variables, "service/swift/baseURI.json?version=1.0"), 404);
    });
    assert_eq!(
        said,
        "Asked for, and not in the recording:\n  \
         GET /api/account/le1/service/swift/baseURI.json: there is none of this kind, or no other\n\
         In the recording, and not asked for:\n  \
         GET /api/account/{account-1}/service/idp/baseURI.json\n"
    );
}

#[cfg(unix)]
#[test]
fn exit_codes_pass_through() {
    for (command, code) in
        [(&["true"][..], 0), (&["sh", "-c", "exit 7"], 7), (&["sh", "-c", "kill -9 $$"], 137)]
    {
        let arguments = [&["--quiet", "--"], command].concat();
        assert_eq!(run(&arguments).status.code(), Some(code), "{command:?}");
    }
    let output = run(&["--quiet", "--", "/no/such/program"]);
    assert_eq!(output.status.code(), Some(127));
    assert!(text(&output.stderr).contains("/no/such/program"));
}

#[cfg(unix)]
#[test]
fn a_command_finds_the_variables() {
    let variables = [
        "LPC_ACCOUNT_ID",
        "LPC_CLIENT_ID",
        "LPC_CLIENT_SECRET",
        "LPC_DOMAIN_API_URL",
        "LPC_DOMAIN_ALLOWED_SUFFIXES",
        "LPC_PROXY_URL",
        "LPC_SANDBOX_CONTROL",
    ];
    for (tls, trust) in [(false, "LPC_ALLOW_PLAINTEXT"), (true, "LPC_TLS_CA_FILE")] {
        let mut arguments = if tls { vec!["--tls"] } else { Vec::new() };
        arguments.extend(["--quiet", "--", "printenv", trust]);
        arguments.extend(variables);
        let output = run(&arguments);
        assert!(output.status.success(), "a variable is missing");
        assert_eq!(text(&output.stdout).lines().count(), variables.len() + 1);
    }
}

#[cfg(unix)]
#[test]
fn the_log_says_where_the_plain_domain_api_is() {
    let named = ["--host", "brand.example", "--host", "10.1.2.3"];
    let output = run(&[&["--tls", "--domain-port", "0"], &named[..], &["--", "true"]].concat());
    assert!(output.status.success());
    let log = text(&output.stderr);
    assert!(log.contains("the Domain API without TLS is at http://127.0.0.1:"), "{log}");
}

#[cfg(unix)]
#[test]
fn it_says_where_the_console_is() {
    let output = run(&["--console", "--quiet", "--", "printenv", "LPC_SANDBOX_CONTROL"]);
    let (said, control) = (text(&output.stderr), text(&output.stdout));
    assert_eq!(said, format!("lpc-sandbox: the console is at {}/\n", control.trim_end()));
}

#[cfg(unix)]
#[test]
fn a_command_finds_its_certificate() {
    let output = run(&[
        "--tls",
        "--client-certificates",
        "--quiet",
        "--",
        "sh",
        "-c",
        "grep -h BEGIN \"$LPC_TLS_CLIENT_CERT_FILE\" \"$LPC_TLS_CLIENT_KEY_FILE\"",
    ]);
    let found = "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n";
    assert_eq!(text(&output.stdout), found);
}

#[cfg(unix)]
#[test]
fn alone_it_prints_what_a_shell_can_run_and_serves() {
    let mut command = sandbox(&["--summary"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().expect("the program starts"));
    let mut out = BufReader::new(running.0.stdout.take().expect("its output"));
    let mut script = String::new();
    while !script.contains("LPC_SANDBOX_CONTROL") {
        assert_ne!(out.read_line(&mut script).expect("a line"), 0, "it ended");
    }
    assert!(script.lines().all(|line| line.starts_with("export LPC_")));
    script.push_str(
        "echo \"$LPC_DOMAIN_API_URL/api/account/$LPC_ACCOUNT_ID/service/baseURI.json?version=1.0\"
         echo \"$LPC_SANDBOX_CONTROL/accounts/$LPC_ACCOUNT_ID/requests\"",
    );
    let shell = Command::new("/bin/sh").args(["-c", &script]).output().expect("the shell runs");
    for url in text(&shell.stdout).lines() {
        let reply = call(&agent(), "GET", url, &[], &[]).expect("an answer");
        assert_eq!(reply.status, 200, "{url}");
    }

    let pid = running.0.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().expect("kill runs").success());
    assert!(running.0.wait().expect("it ends").success());
    let (mut summary, mut log) = (String::new(), String::new());
    out.read_to_string(&mut summary).expect("text");
    running.0.stderr.take().expect("its log").read_to_string(&mut log).expect("text");
    assert!(summary.contains("0 conversation(s)"), "{summary}");
    assert_eq!(log.matches("/service/baseURI.json?version=1.0 200 ").count(), 1, "{log}");
}

#[cfg(unix)]
#[test]
fn a_command_finds_where_to_receive() {
    let output = run(&["--tls", "--receiver", "--quiet", "--", "sh", "-c", RECEIVER]);
    let found = "127.0.0.1\n-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n";
    assert_eq!(text(&output.stdout), found);
    let output = run(&["--receiver", "--quiet", "--", "printenv", "LPC_RECEIVER_TLS_CERT_FILE"]);
    assert!(!output.status.success(), "no certificate without TLS");
    let ca = ["--quiet", "--", "printenv", "LPC_RECEIVER_TLS_CLIENT_CA_FILE"];
    let output = run(&[&["--tls", "--receiver", "--client-certificates"][..], &ca].concat());
    assert!(output.status.success(), "the CA of who may come in");
    let output = run(&["--quiet", "--", "printenv", "LPC_RECEIVER_LISTEN"]);
    assert!(!output.status.success(), "no receiver unless it is wanted");
}

#[cfg(unix)]
const RECEIVER: &str = "echo ${LPC_RECEIVER_LISTEN%:*}
    grep -h BEGIN \"$LPC_RECEIVER_TLS_CERT_FILE\" \"$LPC_RECEIVER_TLS_KEY_FILE\"";

/// A sandbox that serves, and its variables.
pub fn serving(arguments: &[&str]) -> (Running, HashMap<String, String>) {
    let mut command = sandbox(&[&["--quiet"], arguments].concat());
    let mut running = Running(command.stdout(Stdio::piped()).spawn().expect("the program starts"));
    let variables = printed(&mut running, "LPC_SANDBOX_CONTROL");
    (running, variables)
}

/// The variables that a program prints, up to this one.
pub fn printed(running: &mut Running, last: &str) -> HashMap<String, String> {
    let out = BufReader::new(running.0.stdout.take().expect("its output"));
    let mut variables = HashMap::new();
    for line in out.lines() {
        let line = line.expect("text");
        let (name, value) =
            line.strip_prefix("export ").and_then(|line| line.split_once('=')).expect("a variable");
        variables.insert(name.to_owned(), value.trim_matches('\'').to_owned());
        if name == last {
            break;
        }
    }
    variables
}

/// Lets the account of this sandbox send a notification.
fn notify(variables: &HashMap<String, String>) {
    let (control, account) = (&variables["LPC_SANDBOX_CONTROL"], &variables["LPC_ACCOUNT_ID"]);
    let url = format!("{control}/accounts/{account}/notify");
    assert_eq!(call(&agent(), "POST", &url, &[], b"{}").expect("an answer").status, 200);
}

#[test]
fn notifications_go_to_the_receiver() {
    let (_running, variables) = serving(&["--receiver"]);
    notify(&variables);
    let listener = TcpListener::bind(&variables["LPC_RECEIVER_LISTEN"]).expect("the port");
    let notification = Endpoint::on(listener, None).next();
    assert_eq!(notification.body, b"{}");
    let account = &variables["LPC_ACCOUNT_ID"];
    assert_eq!(notification.header("x-liveperson-account-id"), account);
}

#[test]
fn notifications_go_to_a_given_url() {
    let endpoint = Endpoint::new();
    let (_running, variables) = serving(&["--webhook", &endpoint.url()]);
    notify(&variables);
    assert_eq!(endpoint.next().line, "POST /hook?x=y HTTP/1.1");
}

#[test]
fn what_makes_no_sense_is_said_at_the_start() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("wrong-script.json");
    std::fs::write(&path, r#"[{"join": true}, {"dance": true}]"#).expect("writable");
    let script = path.to_str().expect("a text");
    for (arguments, named) in [
        (["--agent", script], "step 2: \"dance\" is unknown"),
        (["--agent", "no-such-file"], "no-such-file"),
        (["--webhook", "https://127.0.0.1/"], "TLS"),
        (["--webhook", "nowhere"], "nowhere"),
    ] {
        let output = run(&[&arguments[..], &["--", "true"]].concat());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains(named), "{}", text(&output.stderr));
    }
    std::fs::remove_file(path).expect("removable");
}

#[test]
fn an_agent_answers_who_talks_to_the_program() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("script.json");
    std::fs::write(&path, r#"[{"wait_for": "text"}, {"say": "Hello, {text}"}]"#).expect("writable");
    for (agent, answer) in
        [("echo", "You said: Alice"), (path.to_str().expect("a text"), "Hello, Alice")]
    {
        let (_running, variables) = serving(&["--agent", agent]);
        let of = |name: &str| variables[name].as_str();
        let (url, account) = (of("LPC_DOMAIN_API_URL"), of("LPC_ACCOUNT_ID"));
        let control = format!("{}/accounts/{account}", of("LPC_SANDBOX_CONTROL"));
        let client = driver::agent();
        let ask = |method: &str, url: String, headers: &[(&str, &str)], body: Value| {
            let body = body.to_string();
            call(&client, method, &url, headers, body.as_bytes()).expect("an answer").json()
        };
        let token = ask("POST", format!("{control}/tokens"), &[], json!({}))["token"].clone();
        let token = token.as_str().expect("a token");
        let consumer = ask(
            "POST",
            format!("{url}/api/account/{account}/consumer?v=1.0"),
            &[("Authorization", token)],
            json!({"ext_consumer_id": "alice"}),
        );
        let consumer = consumer["token"].as_str().expect("a token");
        let profile = json!({"kind": "req", "id": "1", "type": "userprofile.SetUserProfile",
                             "body": {}});
        let request = json!({"kind": "req", "id": "2", "type": "cm.ConsumerRequestConversation",
                             "body": {"brandId": account}});
        ask(
            "POST",
            format!("{url}/api/account/{account}/messaging/consumer/conversation?v=3"),
            &[("Authorization", token), ("X-LP-ON-BEHALF", consumer)],
            json!([profile, request, driver::text("", "Alice")]),
        );
        until(|| {
            let view = ask("GET", format!("{control}/conversations"), &[], Value::Null);
            let events = view[0]["events"].as_array().expect("events").clone();
            events.iter().any(|event| event["event"]["message"] == answer)
        });
    }
    std::fs::remove_file(path).expect("removable");
}

#[cfg(unix)]
#[test]
fn the_summary_is_a_transcript() {
    let output = run(&["--quiet", "--summary", "--", "true"]);
    assert!(text(&output.stdout).contains("0 conversation(s)"));
}

#[test]
fn the_log_is_readable_and_holds_no_secret() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox.log");
    // A test that failed left it.
    let _ = std::fs::remove_file(&path);
    let options = Options { log: Log::File(path.clone()), ..Options::default() };
    let sandbox = Sandbox::start(options).expect("the sandbox starts");
    let driver = Driver::on(&sandbox);
    let token = driver.url("/sentinel/api/account/{account}/app/token?v=1.0");
    let secret = &driver.account.client_secret;
    let form = format!("grant_type=x&client_id=x&client_secret={secret}");
    for (url, form) in [(token.clone(), &*form), (format!("{token}&{form}"), "")] {
        call(&driver.agent, "POST", &url, &[], form.as_bytes()).expect("an answer");
    }
    let long = driver::text("", "A first message that is longer than the log wants to show");
    let reply = driver.batch(&driver.opening_with(long)).json();
    let id = reply[1]["body"]["conversationId"].as_str().expect("a conversation");
    driver.send(&driver::event(id, json!({"type": "ChatStateEvent", "chatState": "GONE"})));
    driver.send(&driver::close(id));

    let log = std::fs::read_to_string(&path).expect("a log");
    std::fs::remove_file(path).expect("removable");
    let odd = " #1 odd: ms.PublishEvent without conversationId\n";
    assert_eq!((log.lines().count(), log.matches(odd).count()), (7, 1), "{log}");
    let opening = log.lines().nth(3).expect("a line");
    let shown = "ms.PublishEvent text \"A first message that is longer than the ";
    for part in [" POST ", " 200 ", " ms token ", " consumer ", shown, "…\""] {
        assert!(opening.contains(part), "{part} is missing in {opening}");
    }
    for secret in [secret, &driver.app_jwt, &driver.consumer_jws] {
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
    }

    let transcript = sandbox.transcript(&driver.account.id);
    for part in ["alice", "dialog MAIN", "0  text \"A first", "-  chat state GONE", "CLOSE"] {
        assert!(transcript.contains(part), "{part} is missing in {transcript}");
    }
}

#[test]
fn log_and_transcript_tell_what_was_sent() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("events.log");
    // A test that failed left it.
    let _ = std::fs::remove_file(&path);
    let options = Options { log: Log::File(path.clone()), ..Options::default() };
    let sandbox = Sandbox::start(options).expect("the sandbox starts");
    let driver = Driver::on(&sandbox);
    let id = driver.open();
    driver.file_url("Upload", json!({"fileSize": 7, "fileType": "PNG"}));
    let file = driver.upload("PNG", b"a cat");
    let loading = driver.file_url("Download", json!({"relativePath": file})).json();
    driver.store("GET", &loading["body"], &[], &[]);
    let hosted = driver::hosted(json!({"relativePath": file, "fileType": "PNG", "caption": "Cat",
                                       "preview": "data:image/png;base64,AAAA"}));
    let rich = json!({"type": "RichContentEvent", "content": {"type": "vertical", "elements": [
        {"type": "text", "text": "Well?"}, {"type": "button", "title": "Yes"}, {"type": "image"}]}});
    let read = json!({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": [1, 2]});
    let typing = json!({"type": "ChatStateEvent", "chatState": "COMPOSING"});
    for event in [hosted, rich, typing] {
        assert_eq!(driver.send(&driver::event(&id, event)).status, 200);
    }
    let mut read = driver::event(&id, read);
    read["metadata"] = json!([{"type": "ExternalId", "id": "17"}]);
    assert_eq!(driver.send(&read).status, 200);
    let rating = json!({"field": "CSATRate", "csatRate": 4, "csatResolutionConfirmation": false,
                        "status": "FILLED"});
    let closing = json!({"field": "DialogChange", "type": "UPDATE",
                         "dialog": {"dialogId": id, "state": "CLOSE"}});
    for fields in [json!([rating, closing]), json!({"field": "line\nbreak"})] {
        driver.send(&driver::field(&id, fields));
    }

    let log = std::fs::read_to_string(&path).expect("a log");
    std::fs::remove_file(path).expect("removable");
    let signature = loading["body"]["queryParams"]["temp_url_sig"].as_str().expect("a text");
    assert!(!log.contains(signature), "a secret is in the log");
    let begin: String = file.chars().take(40).collect();
    let outline = "vertical [text \"Well?\", button \"Yes\", image]";
    let ends = [
        "cm.ConsumerRequestConversation".to_owned(),
        "ms.GenerateURLForUploadFile PNG of 7 bytes".to_owned(),
        "ms.GenerateURLForUploadFile PNG of 5 bytes".to_owned(),
        " ms 5 bytes".to_owned(),
        format!("ms.GenerateURLForDownloadFile {begin}…"),
        " ms 0 bytes".to_owned(),
        format!("ms.PublishEvent file PNG {begin}… \"Cat\" with preview"),
        format!("ms.PublishEvent rich content {}…", &outline[..40]),
        "ms.PublishEvent chat state COMPOSING".to_owned(),
        "ms.PublishEvent accept status READ [1,2]".to_owned(),
        format!("rating 4 FILLED, not resolved, dialog {id} CLOSE"),
        "field line\\nbreak".to_owned(),
    ];
    let (odd, lines): (Vec<&str>, Vec<&str>) =
        log.lines().skip(1).partition(|line| line.contains(" odd: "));
    assert_eq!(lines.len(), ends.len(), "{log}");
    let last = odd.last().expect("a field that nobody knows");
    assert!(last.ends_with(r#" #1 odd: unknown field "line\nbreak""#), "{last}");
    for (line, end) in lines.iter().zip(&ends) {
        assert!(line.ends_with(end), "{line}\n{end}");
    }

    let transcript = sandbox.transcript(&driver.account.id);
    for part in [
        format!("  0  file PNG {file} \"Cat\" with preview\n"),
        format!("  1  rich content {outline}\n"),
        "  -  chat state COMPOSING\n".to_owned(),
        r#"  2  accept status READ [1,2], metadata [{"id":"17","type":"ExternalId"}]"#.to_owned(),
        "  rating 4 FILLED, not resolved\n".to_owned(),
    ] {
        assert!(transcript.contains(&part), "{part} is missing in {transcript}");
    }
}
