//! The program.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use lpc_sandbox::serde_json::json;
use lpc_sandbox::{Log, Options, Sandbox};

use crate::driver::{self, Driver, agent, call};

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
struct Running(Child);

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
        "--max-body",
        "--max-file",
    ] {
        assert!(help.contains(option), "{option}");
    }
}

#[test]
fn wrong_arguments_are_refused() {
    for arguments in [
        &["--port", "x"][..],
        &["--sequence", "x"],
        &["--ca-file", "x"],
        &["--client-certificates"],
        &["x"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
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
    assert_eq!(log.lines().count(), 6, "{log}");
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
    let lines: Vec<&str> = log.lines().skip(1).collect();
    assert_eq!(lines.len(), ends.len(), "{log}");
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
