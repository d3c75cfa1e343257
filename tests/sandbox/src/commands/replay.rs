//! `lpc-sandbox replay`.

use std::ffi::OsString;
use std::fmt::Write;
use std::io;
use std::path::PathBuf;

use clap::Args;
use lpc_sandbox::{Log, Replay};

/// Play a recording: answer what was answered then, apart from ids and times
///
/// It prints the variables that point a client at it, and serves until it is interrupted; or runs a
/// command with them. Recorded notifications go to the receiver that the variables name. At the end
/// it says what was asked for and is not in the recording, and what is in it and was not asked for.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The recording
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Port on 127.0.0.1; 0 is a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// No log
    #[arg(long)]
    quiet: bool,
    /// The command to run, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

impl Arguments {
    pub(crate) fn start(&self) -> io::Result<Replay> {
        Replay::start(&self.file, self.port, if self.quiet { &Log::Off } else { &Log::Stderr })
    }
}

/// What was missing and what was left, for a person.
pub(crate) fn outcome(replay: &Replay) -> String {
    let mut text = String::new();
    for (title, lines) in [
        ("Asked for, and not in the recording", replay.unanswered()),
        ("In the recording, and not asked for", replay.unasked()),
    ] {
        // Writing to a String cannot fail.
        if !lines.is_empty() {
            let _ = write!(text, "{title}:\n  {}\n", lines.join("\n  "));
        }
    }
    if text.is_empty() {
        text.push_str("All of the recording was asked for, and nothing else.\n");
    }
    text
}
