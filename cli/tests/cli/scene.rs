//! An account that only one test uses, and the program run for it.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use lpc_sandbox::serde_json::{self, Value};
use lpc_sandbox::{Account, Options, Sandbox};
use lpconnector::{Config, Receiver};

pub struct Scene {
    pub sandbox: &'static Sandbox,
    pub account: Account,
}

/// How a run of the program ended.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Scene {
    pub fn new() -> Scene {
        static PLAIN: OnceLock<Sandbox> = OnceLock::new();
        Scene::of(PLAIN.get_or_init(|| Sandbox::start(Options::default()).unwrap()))
    }

    pub fn over_tls() -> Scene {
        static TLS: OnceLock<Sandbox> = OnceLock::new();
        let tls = || Sandbox::start(Options { tls: true, ..Options::default() }).unwrap();
        Scene::of(TLS.get_or_init(tls))
    }

    fn of(sandbox: &'static Sandbox) -> Scene {
        Scene { sandbox, account: sandbox.new_account() }
    }

    /// The program with the variables of the account, and no others that matter.
    pub fn lpc(&self, arguments: &[&str]) -> Command {
        let mut command = lpc(arguments);
        command.envs(self.sandbox.variables(&self.account));
        // Waits of the library, not of these tests.
        command.env("LPC_RETRY_BACKOFF_MS", "0");
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.ended(self.lpc(arguments).output().unwrap())
    }

    /// The same with this on its standard input.
    pub fn run_with(&self, input: &str, arguments: &[&str]) -> Ran {
        let mut command = self.lpc(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        self.ended(child.wait_with_output().unwrap())
    }

    /// No run shows a secret, whatever it is about.
    pub fn ended(&self, output: Output) -> Ran {
        let ran = Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        let shown = format!("{}{}", ran.out, ran.err);
        // Tokens are JSON in base64, and begin so.
        for secret in [&*self.account.client_secret, "eyJ"] {
            assert!(!shown.contains(secret), "it shows a secret");
        }
        assert!(!shown.contains("panicked"), "{shown}");
        let obeyed = shown.chars().find(|letter| letter.is_control() && *letter != '\n');
        assert_eq!(obeyed, None, "a terminal would obey it");
        ran
    }

    /// A receiver of the account in this process, with options of the test's own.
    pub fn receiver(&self, options: &[(&str, &str)]) -> Receiver {
        let mut config = Config::new();
        for (name, value) in self.sandbox.variables(&self.account) {
            config
                .set(&name.trim_start_matches("LPC_").to_lowercase().replace('_', "."), &value)
                .unwrap();
        }
        for (key, value) in options {
            config.set(key, value).unwrap();
        }
        Receiver::new(&config).unwrap()
    }
}

impl Ran {
    /// It ended so; shows what it said where it did not.
    #[track_caller]
    pub fn ends(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }

    /// What it printed with --json.
    pub fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The program with nothing in its environment that it reads.
pub fn lpc(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpc"));
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let plain = name.to_string_lossy().to_uppercase();
        if plain.starts_with("LPC_") || plain.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command
}

/// A server that gives each connection the same answer; it ends with the process.
pub fn server(answer: &'static str) -> SocketAddr {
    server_of(answer, answer)
}

/// The same with one answer to what is posted and another to all else.
pub fn server_of(to_post: &'static str, to_others: &'static str) -> SocketAddr {
    use std::io::Read;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let mut head: Vec<u8> = Vec::new();
            let mut piece = [0; 1024];
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut piece) {
                    Ok(amount) if amount > 0 => head.extend(&piece[..amount]),
                    _ => break,
                }
            }
            let answer = if head.starts_with(b"POST") { to_post } else { to_others };
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// A port where nobody listens.
pub fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A file with this in it, in a folder that lasts as long as what is given.
pub fn file(name: &str, content: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, content).unwrap();
    (directory, path)
}

/// Does something until it has the outcome that only time brings.
pub fn until<T>(mut act: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(outcome) = act() {
            return outcome;
        }
        assert!(Instant::now() < end, "it never came");
        std::thread::yield_now();
    }
}
