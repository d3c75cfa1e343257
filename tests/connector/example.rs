//! A program of examples/ in a process of its own, that reads lines and prints lines.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::service::Service;

/// What it printed, over all its lives.
type Told = Arc<(Mutex<Vec<String>>, Condvar)>;

pub struct Example {
    command: Vec<String>,
    variables: Vec<(&'static str, String)>,
    told: Told,
}

impl Example {
    /// `command`: its name and arguments, separated by spaces. Its store is in this directory.
    pub fn new(command: &str, service: &Service, directory: &Path) -> Example {
        let store = format!("sqlite:{}", directory.join("queue.db").display());
        let mut variables = service.variables();
        for (name, value) in [
            ("LPC_CONNECTOR_STORE", &*store),
            // Soon full: then it must try again.
            ("LPC_CONNECTOR_QUEUE_MAX", "150"),
            ("LPC_CONNECTOR_PAUSE_MS", "20"),
            ("LPC_CONNECTOR_PAUSE_MAX_MS", "200"),
            ("LPC_CONNECTOR_ECHO_WAIT_MS", "10000"),
            ("LPC_RECEIVER_ORDER_WAIT_MS", "10000"),
            ("LPC_CONNECT_TIMEOUT_MS", "1000"),
            ("LPC_REQUEST_TIMEOUT_MS", "1000"),
            ("LPC_RETRY_BACKOFF_MS", "20"),
            ("LPC_RATE_LIMIT_BACKOFF_MS", "20"),
            ("LPC_TOKEN_REFRESH_MARGIN_MS", "100"),
            ("LPC_FEATURES", "MULTI_DIALOG"),
        ] {
            variables.push((name, value.to_owned()));
        }
        let command = command.split(' ').map(str::to_owned).collect();
        Example { command, variables, told: Told::default() }
    }

    pub fn start(&self) -> Running {
        let mut child = Command::new(&self.command[0])
            .args(&self.command[1..])
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|why| panic!("{}: {why}", self.command[0]));
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let told = self.told.clone();
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            // A kill leaves half a line, which nobody was told.
            while output.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
                line.pop();
                told.0.lock().unwrap().push(std::mem::take(&mut line));
                told.1.notify_all();
            }
        });
        Running { child, input, reader: Some(reader) }
    }

    /// What it printed so far.
    pub fn told(&self) -> Vec<String> {
        self.told.0.lock().unwrap().clone()
    }

    /// Waits for more than so many lines, but not for longer than this; how many there are.
    pub fn wait(&self, len: usize, time: Duration) -> usize {
        let told = self.told.0.lock().unwrap();
        let waited = self.told.1.wait_timeout_while(told, time, |told| told.len() <= len);
        waited.unwrap().0.len()
    }
}

/// Kills it when it is dropped.
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    pub fn feed(&mut self, line: &str) {
        // In one write, so that it reads whole lines. One that has died is noticed elsewhere.
        let _ = self.input.as_mut().unwrap().write_all(format!("{line}\n").as_bytes());
    }

    pub fn check(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended by itself: {}", ended.unwrap());
    }

    /// Kills it; what it printed is read when this returns.
    pub fn kill(mut self) -> ExitStatus {
        self.child.kill().unwrap();
        self.end()
    }

    /// Has it end in order, with its input still open; how it ended.
    pub fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        self.end()
    }

    /// Has it end because its input does; how it ended.
    pub fn hang_up(mut self) -> ExitStatus {
        self.input = None;
        self.end()
    }

    fn end(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        self.end();
    }
}
