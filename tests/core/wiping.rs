//! Secrets in memory: none is left in what a client gave back to the heap. Over TLS this goes for what was
//! sent: what arrived the TLS library decrypts into memory of its own.

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lpc_sandbox::{Account, Answer, Options, Route, Sandbox};
use lpconnector::{AttachOptions, Attachment, Client, Config};
use memchr::memmem;
use zeroize::Zeroizing;

use crate::scene::status_answer;

/// Set where this program is the one whose memory is searched: what it is to do.
const PLAY: &str = "LPC_TEST_PLAY";

/// There, the ConsumerJWS to begin with, if any.
const GIVEN: &str = "LPC_TEST_JWS";

/// What is looked for: pieces of a secret, because a part of one is too much, too.
struct Secret {
    name: String,
    pieces: [Vec<u8>; 3],
}

impl Secret {
    fn new(name: impl Into<String>, secret: &str) -> Secret {
        // The header of a token is no secret, and the same for all.
        let (_, secret) = secret.split_once('.').unwrap_or(("", secret));
        let all: Vec<_> = secret.as_bytes().chunks_exact(24).collect();
        let pieces = [0, all.len() / 2, all.len() - 1].map(|place| all[place].to_vec());
        Secret { name: name.into(), pieces }
    }
}

/// A program that plays and stops twice to be looked at: with its handles, and without.
struct Player {
    process: Child,
    says: BufReader<std::process::ChildStdout>,
}

impl Player {
    fn start(sandbox: &Sandbox, account: &Account, play: &str, options: &[(&str, &str)]) -> Player {
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.args(["--exact", "wiping::no_secret_is_left_in_memory_that_was_given_back"]);
        program.args(["--nocapture", "--test-threads=1"]);
        program.env(PLAY, play);
        for (name, value) in sandbox.variables(account) {
            program.env(name, value);
        }
        for (key, value) in options {
            program.env(format!("LPC_{}", key.to_uppercase().replace('.', "_")), value);
        }
        let mut process =
            program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("this program");
        let says = BufReader::new(process.stdout.take().unwrap());
        Player { process, says }
    }

    fn wait_for(&mut self, wanted: &str) {
        let mut line = String::new();
        while !line.contains(wanted) {
            line.clear();
            assert_ne!(self.says.read_line(&mut line).unwrap(), 0, "it ended before '{wanted}'");
        }
    }

    fn go_on(&mut self) {
        self.process.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// The names of the secrets of which a piece is in memory that it may write: its heap, what else it
    /// asked the system for, its variables. Not the stack of its main thread, where the environment is.
    fn holds(&self, secrets: &[Secret]) -> HashSet<String> {
        let proc = format!("/proc/{}", self.process.id());
        let maps = std::fs::read_to_string(format!("{proc}/maps")).unwrap();
        let mut memory = std::fs::File::open(format!("{proc}/mem")).unwrap();
        let mut found = HashSet::new();
        for map in maps.lines().filter(|map| map.contains(" rw") && !map.ends_with("[stack]")) {
            let (from, to) = map.split(' ').next().unwrap().split_once('-').unwrap();
            let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
            let mut bytes = vec![0; (to - from) as usize];
            memory.seek(SeekFrom::Start(from)).unwrap();
            // Some of the system's own cannot be read.
            if memory.read_exact(&mut bytes).is_err() {
                continue;
            }
            for secret in secrets {
                let piece = |piece: &Vec<u8>| memmem::find(&bytes, piece).is_some();
                if secret.pieces.iter().any(piece) {
                    found.insert(secret.name.clone());
                }
            }
        }
        found
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In the other process: says what it did, and waits until somebody looked.
fn stop(says: &str) {
    // Not by println!, which a test's harness may keep.
    std::io::stdout().write_all(format!("{says}\n").as_bytes()).unwrap();
    std::io::stdin().read_exact(&mut [0]).unwrap();
}

fn play(play: &str) {
    let mut config = Config::new();
    match play.split_once(' ') {
        Some(("file", path)) => config.load_file(path).unwrap(),
        _ => config.load_env().unwrap(),
    }
    let client = Client::new(&config).unwrap();
    if play == "refused by a proxy" {
        let consumer = client.consumer("John").unwrap();
        let error = consumer.jws().unwrap_err();
        stop("with its handles");
        drop((error, consumer, client, config));
        return stop("without");
    }
    // Read once: each look makes a copy.
    let given = std::env::var_os(GIVEN).map(|jws| Zeroizing::new(jws.into_string().unwrap()));
    // What the sandbox has in store: refusals that echo, answers that are cut off.
    let consumer = match given {
        Some(jws) => client.consumer_from_jws(&jws).unwrap(),
        None => {
            let _ = client.consumer("Jane").unwrap().jws();
            client.consumer("John").unwrap()
        }
    };
    let conversation = consumer.open(&Default::default()).unwrap();
    let _ = conversation.send_text("x");
    conversation.send_text("y").unwrap();
    conversation.send_file(&Attachment::from_bytes(b"GIF89a", "GIF")).unwrap();
    std::thread::scope(|threads| {
        for n in 0..4 {
            let own = consumer.attach(conversation.id(), &AttachOptions::new()).unwrap();
            threads.spawn(move || own.send_text(&n.to_string()).unwrap());
        }
    });
    stop("with its handles");
    drop((conversation, consumer, client, config));
    stop("without");
}

fn escaped(secret: &str) -> String {
    secret.bytes().map(|byte| format!("\\u{byte:04x}")).collect()
}

/// Sentinel, for one request: its answer comes in many small chunks.
fn in_chunks(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.windows(14).any(|part| part == b"client_secret=") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        for chunk in answer.as_bytes().chunks(100) {
            let mut bytes = format!("{:x}\r\n", chunk.len()).into_bytes();
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
            stream.write_all(&bytes).unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
        // Until the other process leaves.
        let _ = stream.read_to_end(&mut request);
    });
    url
}

fn search(tls: bool, how: &str) {
    let sandbox = Sandbox::start(Options { tls, ..Options::default() }).unwrap();
    let mut account = sandbox.new_account();
    // So long that what is too small for it grows, and longer still in a form.
    account.client_secret = [account.client_secret.as_str(); 4].join("+/");
    sandbox.set_client_secret(&account.id, &account.client_secret);
    let given = sandbox.issue_app_jwt(&account.id, 3600, &[]);
    let known = Client::new(&crate::scene::config(&sandbox, &account, &[])).unwrap();
    let jws = known.consumer("John").unwrap().jws().unwrap().to_owned();
    let before = sandbox.requests(&account.id).len();

    let mut options = vec![("retry.backoff.ms", "1")];
    let (directory, sentinel) = (tempfile::tempdir().unwrap(), Cell::new(String::new()));
    if how == "given" {
        // Not an option, but it becomes the variable GIVEN.
        options.extend([("app.jwt", given.as_str()), ("test.jws", jws.as_str())]);
    }
    let (secret, mut play) = (&account.client_secret, how.to_owned());
    let echo = |status, what: &str| {
        let body = format!(r#"{{"details":"{what} {}"}}"#, escaped(what));
        status_answer(status, &[], &body)
    };
    let answers = match how {
        _ if tls => vec![],
        "given" => {
            vec![(Route::Send, echo(400, &given)), (Route::Send, echo(503, &jws))]
        }
        "chunks" => {
            sentinel.set(in_chunks(format!(
                r#"{{"x":"{}","access_token":"{given}"}}"#,
                "x".repeat(700)
            )));
            vec![]
        }
        _ => vec![
            (Route::Token, echo(401, secret)),
            (Route::Token, echo(503, secret)),
            (Route::Token, Answer::Cut),
            (Route::Consumer, Answer::Cut),
            (Route::Send, status_answer(401, &[], "")),
            (Route::Storage, Answer::Reset),
        ],
    };
    for (route, answer) in answers {
        sandbox.answer_next(&account.id, route, answer);
    }
    let sentinel = sentinel.take();
    if !sentinel.is_empty() {
        options.push(("domain.sentinel", &sentinel));
    }
    if how == "file" {
        let file = directory.path().join("lpc.conf");
        let mut text = "retry.backoff.ms = 1\n".to_owned();
        for (name, value) in sandbox.variables(&account) {
            let key = name.trim_start_matches("LPC_").to_lowercase().replace('_', ".");
            text += &format!("{key} = {value}\n");
        }
        std::fs::write(&file, text).unwrap();
        play = format!("file {}", file.display());
    }

    let mut player = Player::start(&sandbox, &account, &play, &options);
    player.wait_for("with its handles");
    let mut secrets = vec![Secret::new("the client secret", secret)];
    let mut seen = HashSet::new();
    for request in &sandbox.requests(&account.id)[before..] {
        for name in
            ["authorization", "x-lp-on-behalf"].into_iter().filter(|_| !tls || how == "given")
        {
            let token = request.header(name).filter(|token| seen.insert(token.to_string()));
            secrets.extend(token.map(|token| Secret::new(format!("{name} {}", seen.len()), token)));
        }
    }
    let held = player.holds(&secrets);
    assert!(held.contains("the client secret"), "the search finds what is there");
    assert_eq!(held.len() > 2, !tls || how == "given", "tokens, too: {held:?}");
    player.go_on();
    player.wait_for("without");
    assert_eq!(player.holds(&secrets), HashSet::new(), "tls: {tls}, {how}");
}

/// A proxy that gives these answers to what it is told, to each who connects.
fn proxy(answers: [&'static [u8]; 2]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // It ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            for answer in answers {
                let _ = stream.read(&mut [0; 4096]).unwrap();
                stream.write_all(answer).unwrap();
            }
        }
    });
    address
}

fn search_for_password(scheme: &str, answers: [&'static [u8]; 2]) {
    let sandbox = Sandbox::start(Options { tls: true, ..Options::default() }).unwrap();
    let account = sandbox.new_account();
    let password: String = (0..96_u8).map(|n| char::from(b'a' + (n * 2 + n / 5) % 26)).collect();
    let url = format!("{scheme}://somebody:{password}@{}", proxy(answers));
    let options = [("proxy.url", &*url), ("retry.max.attempts", "1")];
    let mut player = Player::start(&sandbox, &account, "refused by a proxy", &options);
    player.wait_for("with its handles");
    let encoded = STANDARD.encode(format!("somebody:{password}"));
    let secrets = [Secret::new("the password", &password), Secret::new("in base64", &encoded)];
    assert!(player.holds(&secrets).contains("the password"), "the search finds what is there");
    player.go_on();
    player.wait_for("without");
    assert_eq!(player.holds(&secrets), HashSet::new(), "{scheme}");
}

#[test]
fn no_secret_is_left_in_memory_that_was_given_back() {
    if let Some(what) = std::env::var_os(PLAY) {
        return play(what.to_str().unwrap());
    }
    std::thread::scope(|threads| {
        threads.spawn(|| search(false, "chunks"));
        let refusal: &[u8] = b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n";
        threads.spawn(move || search_for_password("http", [refusal, b""]));
        threads.spawn(|| search_for_password("socks5h", [&[5, 2], &[1, 1]]));
        for tls in [false, true] {
            for how in ["environment", "file", "given"] {
                threads.spawn(move || search(tls, how));
            }
        }
    });
}
