//! A program that receives: this very program, started once more to run one test only.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use lpc_sandbox::{Account, Sandbox};
use lpconnector::{Config, Receiver};
use tempfile::TempDir;

/// Where it writes what it handled.
const HANDLED: &str = "TEST_HANDLED";

/// How long handling takes: a millisecond or so.
const WORK: usize = 30_000;

/// How many threads poll.
const POLLS: &str = "TEST_POLLS";

/// Handles what comes until it is killed: writes the text down, a line each, then acknowledges.
#[test]
#[ignore = "a part of the other tests"]
fn receive() {
    // Without it, somebody ran all that is ignored.
    let Some(handled) = std::env::var_os(HANDLED) else { return };
    let polls: usize = std::env::var(POLLS).unwrap().parse().unwrap();
    let mut config = Config::new();
    config.load_env().unwrap();
    let receiver = Receiver::new(&config).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..polls {
            scope.spawn(|| {
                let mut file = OpenOptions::new().append(true).open(&handled).unwrap();
                loop {
                    let notification = receiver.poll(Duration::MAX).unwrap().unwrap();
                    // Handling takes a while, so that many a kill comes in the midst of it.
                    (0..WORK).for_each(|_| std::hint::spin_loop());
                    // In one write, so that a kill leaves no half of it.
                    let text = notification.events().first().map_or("", |event| event.text());
                    let line = format!("{text}\n");
                    file.write_all(line.as_bytes()).unwrap();
                    receiver.ack(&notification).unwrap();
                }
            });
        }
    });
}

/// How to start it, and what it leaves behind.
pub struct Program {
    variables: Vec<(&'static str, String)>,
    directory: TempDir,
}

impl Program {
    /// It receives for this account, where the sandbox reserved a port for it.
    pub fn new(sandbox: &Sandbox, account: &Account) -> Program {
        let directory = tempfile::tempdir().unwrap();
        let variables = sandbox.variables(account);
        std::fs::write(directory.path().join("handled"), "").unwrap();
        Program { variables, directory }
    }

    pub fn start(&self, polls: usize) -> Running {
        let store = format!("sqlite:{}", self.directory.path().join("inbox.db").display());
        let output = std::fs::File::create(self.directory.path().join("output")).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "program::receive"])
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("LPC_RECEIVER_STORE", store)
            .env(HANDLED, self.handled_file())
            .env(POLLS, polls.to_string())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Running(child)
    }

    fn handled_file(&self) -> PathBuf {
        self.directory.path().join("handled")
    }

    /// How many bytes it has written about what it handled.
    pub fn progress(&self) -> u64 {
        std::fs::metadata(self.handled_file()).unwrap().len()
    }

    /// What it handled so far, line by line.
    pub fn handled(&self) -> Vec<String> {
        let lines = std::fs::read_to_string(self.handled_file()).unwrap();
        lines.lines().map(str::to_owned).collect()
    }

    /// What it said last, where it ended by itself.
    pub fn output(&self) -> String {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        read(&self.directory.path().join("output"))
    }
}

/// One that runs. Dropping it kills it.
pub struct Running(Child);

impl Running {
    /// Kills it; how it ended.
    pub fn kill(mut self) -> ExitStatus {
        self.end()
    }

    pub fn id(&self) -> u32 {
        self.0.id()
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
