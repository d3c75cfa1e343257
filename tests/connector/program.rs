//! A program with a connector, in a process of its own: what it submitted and was told stands in files.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use lpc_sandbox::{Account, Sandbox};
use lpconnector::{Config, Connector, EventKind, UpdateKind};
use tempfile::TempDir;

/// Where its files are.
const DIRECTORY: &str = "TEST_DIRECTORY";

/// How many consumers it has.
pub const CONSUMERS: usize = 8;

/// Whether it submits more; otherwise it only ends what it began.
const SUBMITS: &str = "TEST_SUBMITS";

#[test]
#[ignore = "a part of the other tests"]
fn connect() {
    // Without it, somebody ran all that is ignored.
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = PathBuf::from(directory);
    let mut config = Config::new();
    config.load_env().unwrap();
    let connector = Connector::new(&config).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| submit(&connector, &directory));
        for _ in 0..2 {
            scope.spawn(|| be_told(&connector, &directory));
        }
    });
}

fn open(directory: &Path, name: &str) -> File {
    OpenOptions::new().create(true).append(true).open(directory.join(name)).unwrap()
}

/// Goes on where an earlier process stopped: what it may have submitted without noting it, it submits
/// again, with the same key.
fn submit(connector: &Connector, directory: &Path) {
    let mut next = lines(&directory.join("submitted")).len();
    let mut file = open(directory, "submitted");
    let first = next;
    let may_begin = |next: usize| {
        let is_to = std::env::var_os(SUBMITS).is_some() || next == first;
        is_to || !next.is_multiple_of(CONSUMERS)
    };
    while may_begin(next) {
        let consumer = format!("c{}", next % CONSUMERS);
        match connector.submit_text(&consumer, &next.to_string(), Some(&next.to_string())) {
            Ok(()) => {}
            Err(why) if why.status() == lpconnector::Status::Full => {
                std::thread::yield_now();
                continue;
            }
            Err(why) => panic!("{why}"),
        }
        // In one write, so that a kill leaves no half of it.
        file.write_all(format!("{next}\n").as_bytes()).unwrap();
        next += 1;
    }
}

fn be_told(connector: &Connector, directory: &Path) {
    let mut file = open(directory, "told");
    loop {
        let update = connector.poll(Duration::MAX).unwrap().unwrap();
        let line = match update.kind() {
            UpdateKind::Sent => format!("sent {}\n", update.key().unwrap()),
            UpdateKind::Failed => {
                format!("failed {:?} {:?}\n", update.key(), update.error())
            }
            UpdateKind::Event => {
                let event = &update.notification().unwrap().events()[0];
                match event.kind() {
                    EventKind::Text => format!("{} {}\n", update.consumer_id(), event.text()),
                    _ => String::new(),
                }
            }
            _ => String::new(),
        };
        file.write_all(line.as_bytes()).unwrap();
        connector.ack(&update).unwrap();
    }
}

fn lines(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

pub struct Program {
    variables: Vec<(&'static str, String)>,
    directory: TempDir,
}

impl Program {
    pub fn new(sandbox: &Sandbox, account: &Account) -> Program {
        let directory = tempfile::tempdir().unwrap();
        Program { variables: sandbox.variables(account), directory }
    }

    /// Starts it, to submit more or only to end what it began.
    pub fn start(&self, submits: bool) -> Running {
        let path = self.directory.path();
        let output = File::create(path.join("output")).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", "program::connect"])
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("LPC_CONNECTOR_STORE", format!("sqlite:{}", path.join("queue.db").display()))
            .env("LPC_CONNECTOR_QUEUE_MAX", "500")
            .env("LPC_CONNECTOR_PAUSE_MS", "20")
            .env("LPC_CONNECTOR_PAUSE_MAX_MS", "200")
            .env("LPC_CONNECTOR_ECHO_WAIT_MS", "5000")
            .env("LPC_CONNECTOR_RECEIPTS", "none")
            .env("LPC_RATE_LIMIT_BACKOFF_MS", "20")
            .env(DIRECTORY, path)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        if submits {
            command.env(SUBMITS, "1");
        }
        Running(command.spawn().unwrap())
    }

    /// What it submitted, as far as it knows.
    pub fn submitted(&self) -> usize {
        lines(&self.directory.path().join("submitted")).len()
    }

    /// What it was told, line by line.
    pub fn told(&self) -> Vec<String> {
        lines(&self.directory.path().join("told"))
    }

    /// How many bytes it has written about what it was told.
    pub fn progress(&self) -> u64 {
        std::fs::metadata(self.directory.path().join("told")).map_or(0, |file| file.len())
    }

    /// What it said last, where it ended by itself.
    pub fn output(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("output")).unwrap_or_default()
    }
}

pub struct Running(Child);

impl Running {
    /// Kills it; how it ended.
    pub fn kill(mut self) -> ExitStatus {
        self.end()
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    fn end(&mut self) -> ExitStatus {
        // It fails where it has ended by itself; the status tells.
        let _ = self.0.kill();
        self.0.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
