//! The chat program, as somebody sees who uses it through a pipe, with an agent that does what the
//! test says. (`cargo test --test examples` alone does not build it: `cargo build --examples`.)
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Account, Answer, Options, Route, Sandbox, Webhook};

const PATIENCE: Duration = Duration::from_secs(20);

/// A chat that runs, in a sandbox of its own.
struct Chat {
    sandbox: Sandbox,
    account: Account,
    program: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
    conversation_id: String,
}

impl Chat {
    fn start() -> Chat {
        let sandbox = Sandbox::start(Options { tls: true, ..Options::default() }).unwrap();
        let account = sandbox.new_account();
        let address = sandbox.reserve_receiver(&account.id);
        // As the service does: what is said in a survey names its dialog alone.
        let webhook = Webhook { bare_dialogs: true, ..Webhook::to(format!("https://{address}/")) };
        sandbox.set_webhook(&account.id, webhook);
        let tests = std::env::current_exe().unwrap();
        let path = tests.ancestors().nth(2).unwrap().join("examples/lpc-chat");
        let mut program = Command::new(&path)
            .arg("Jane")
            .envs(sandbox.variables(&account))
            // What comes twice reaches the program, so that this is its own to notice.
            .env("LPC_RECEIVER_DUPLICATES_WINDOW", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let (send, lines) = channel();
        let output = BufReader::new(program.stdout.take().unwrap());
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let input = program.stdin.take();
        let (seen, conversation_id) = (Vec::new(), String::new());
        let mut chat = Chat { sandbox, account, program, input, lines, seen, conversation_id };
        chat.expect("*       conversation ");
        chat.expect("/help tells");
        chat.conversation_id = chat.conversation()["id"].as_str().unwrap().to_owned();
        chat
    }

    fn write(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for the next line, which must hold this.
    fn expect(&mut self, part: &str) {
        let line = self.lines.recv_timeout(PATIENCE).unwrap_or_default();
        self.seen.push(line.clone());
        assert!(line.contains(part), "no {part:?} at the end of {:#?}", self.seen);
    }

    /// Lets the agent do a step.
    fn agent(&self, step: Value) {
        self.sandbox.act_as_agent(&self.account.id, &self.conversation_id, &step);
    }

    fn conversation(&self) -> Value {
        self.sandbox.conversations(&self.account.id)[0].clone()
    }

    /// What the consumer published: dialog and event, but for reading, which comes when it comes.
    fn published(&self) -> Vec<(String, Value)> {
        let conversation = self.conversation();
        let events = conversation["events"].as_array().unwrap().iter();
        let own = events.filter(|event| event["role"] == "CONSUMER");
        own.filter(|event| event["event"]["type"] != "AcceptStatusEvent")
            .map(|event| {
                (event["dialogId"].as_str().unwrap().to_owned(), event["event"]["message"].clone())
            })
            .collect()
    }

    /// Waits until the consumer read the event with this number.
    fn read(&self, sequence: u64) {
        let deadline = Instant::now() + PATIENCE;
        let is_read = |conversation: &Value| {
            conversation["events"].as_array().unwrap().iter().any(|event| {
                event["role"] == "CONSUMER"
                    && event["event"]["status"] == "READ"
                    && event["event"]["sequenceList"] == json!([sequence])
            })
        };
        while !is_read(&self.conversation()) {
            assert!(Instant::now() < deadline, "{sequence} is not read: {}", self.conversation());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends the input, and gives back how the program ended and what it said last.
    fn end(&mut self) -> (i32, Vec<String>) {
        self.input = None;
        let code = self.program.wait().unwrap().code().unwrap();
        (code, self.lines.iter().collect())
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[test]
fn a_chat_from_the_first_word_to_the_survey() {
    let mut chat = Chat::start();
    chat.agent(json!({"join": true}));
    chat.expect("*       an agent joins");
    chat.write("Hello");
    chat.expect("you:    Hello  ✓ sent");
    chat.agent(json!({"accept": true}));
    chat.expect("you:    Hello  ✓✓ accepted");
    chat.agent(json!({"read": true}));
    chat.expect("you:    Hello  ✓✓ read");

    chat.agent(json!({"type": true}));
    chat.expect("(the agent is typing)");
    chat.agent(json!({"note": "for agents alone"}));
    chat.sandbox.duplicate_next(&chat.account.id);
    let says = |text: &str| {
        let actions = json!([{"type": "publishText", "text": text.to_uppercase()}]);
        json!({"type": "button", "title": text, "click": {"actions": actions}})
    };
    chat.agent(json!({
        "say": "Which colour?",
        "quick_replies": {"type": "quickReplies", "replies": [says("red"), says("blue")]},
    }));
    chat.expect("agent:  Which colour?");
    chat.expect("[1] red   [2] blue");
    chat.read(4);
    chat.write("3");
    chat.expect("you:    3  ✓ sent");
    chat.agent(json!({"rich": {"type": "vertical", "elements": [
        {"type": "text", "text": "One of these"}, says("red"), says("blue"),
    ]}}));
    chat.expect("agent:  One of these");
    chat.expect("[1] red   [2] blue");
    chat.write("2");
    chat.expect("you:    BLUE  ✓ sent");

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.png");
    std::fs::write(&file, b"\x89PNG\r\n\x1a\n and more").unwrap();
    chat.write(&format!("/file {}", file.display()));
    chat.expect("you:    [file a.png]  ✓ sent");
    chat.agent(json!({"read": true}));
    // All three are read now.
    chat.expect("you:    3  ✓✓ read");
    chat.expect("you:    BLUE  ✓✓ read");
    chat.expect("you:    [file a.png]  ✓✓ read");

    chat.agent(json!({"survey": true}));
    chat.expect("it goes on in another dialog: POST_SURVEY");
    chat.agent(json!({"say": "How was it?"}));
    chat.expect("agent:  How was it?");
    chat.write("fine");
    chat.expect("you:    fine  ✓ sent");
    chat.write("/rate 5");
    chat.expect("rated 5 of 5");
    chat.agent(json!({"close": true}));
    chat.expect("the agent closed the conversation");
    chat.write("too late");
    chat.expect("the conversation is closed");
    assert_eq!(chat.end(), (0, vec![]));

    let published = chat.published();
    let texts: Vec<&str> = published.iter().filter_map(|(_, said)| said.as_str()).collect();
    assert_eq!(texts, ["Hello", "3", "BLUE", "fine"]);
    assert_eq!(published[3].1["fileType"], "PNG");
    assert_eq!(published[3].0, chat.conversation_id);
    assert_ne!(published[4].0, chat.conversation_id);
    assert_eq!(chat.conversation()["rating"]["csatRate"], 5);
}

#[test]
fn what_is_not_sent_is_told_and_the_program_fails() {
    let mut chat = Chat::start();
    let refusal = Answer::Status { status: 400, headers: vec![], body: b"no".to_vec() };
    chat.sandbox.answer_next(&chat.account.id, Route::Send, refusal);
    chat.write("Hello");
    chat.expect("you:    Hello  ✗ not sent");
    chat.expect("cannot send this: ");
    chat.write("/file");
    chat.expect("which file?");
    chat.write("/dance");
    chat.expect("/dance is unknown");
    chat.write("/rate 6");
    chat.expect("rate with 1 to 5 stars");
    chat.write("/close");
    chat.expect("you closed the conversation");
    assert_eq!(chat.end(), (1, vec![]));
}

#[test]
fn nothing_that_an_agent_writes_reaches_the_terminal_as_a_command() {
    let mut chat = Chat::start();
    chat.agent(json!({"say": "a\u{1b}[2Jb\u{9b}c\nd"}));
    chat.expect("*       an agent joins");
    chat.expect("agent:  a\u{fffd}[2Jb\u{fffd}c");
    chat.expect("               d");
    // The last words go out though the program ends at once.
    chat.write("Bye");
    let (code, rest) = chat.end();
    assert!(code == 0 && rest.len() == 1 && rest[0].contains("you:    Bye  ✓ sent"), "{rest:?}");
    assert_eq!(chat.published().len(), 1);
}
