//! The nodes, as processes that can be killed and suspended.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;

use tempfile::TempDir;

use crate::node::{IS_NODE, NAME};
use crate::story::News;

/// A place for a node, and the process that is there.
pub struct Node {
    at: usize,
    process: Option<Process>,
    /// How many were there.
    pub lives: usize,
    /// It said where it is.
    pub is_ready: bool,
    pub is_suspended: bool,
    directory: TempDir,
}

struct Process {
    child: Child,
    stdin: ChildStdin,
}

impl Node {
    pub fn new(at: usize) -> Node {
        let directory = tempfile::tempdir().unwrap();
        Node { at, process: None, lives: 0, is_ready: false, is_suspended: false, directory }
    }

    pub fn start(&mut self, variables: &[(&'static str, String)], news: &mpsc::Sender<News>) {
        self.lives += 1;
        let errors = match std::env::var("FLEET_LOGS") {
            Ok(directory) => File::create(format!("{directory}/{}-{}", self.at, self.lives)),
            Err(_) => File::create(self.directory.path().join("errors")),
        };
        let errors = errors.unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", NAME, "--nocapture"])
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .env(IS_NODE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let (at, life, news) = (self.at, self.lives, news.clone());
        let said = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            // What a killed one has said is read to its end.
            for line in said.lines().map_while(Result::ok) {
                let _ = news.send(News::Said { node: at, life, line });
            }
            let _ = news.send(News::Ended { node: at, life });
        });
        let stdin = child.stdin.take().unwrap();
        self.process = Some(Process { child, stdin });
    }

    pub fn lives(&self) -> bool {
        self.process.is_some()
    }

    /// One that is dying does not read it.
    pub fn hand(&mut self, line: &str) {
        if let Some(process) = &mut self.process {
            let _ = process.stdin.write_all(format!("{line}\n").as_bytes());
        }
    }

    pub fn kill(&mut self) {
        (self.is_ready, self.is_suspended) = (false, false);
        if let Some(mut process) = self.process.take() {
            process.child.kill().unwrap();
            process.child.wait().unwrap();
        }
    }

    pub fn suspend(&mut self) {
        self.is_suspended = true;
        self.signal("-STOP");
    }

    pub fn go_on(&mut self) {
        self.is_suspended = false;
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let Some(process) = &self.process else { return };
        let pid = process.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// What it said last, where it ended by itself.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("errors")).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}
