//! The log: readable lines, each with the time of day.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::base::lock::lock;
use crate::base::options::Log;

pub(crate) enum Logger {
    Off,
    Stderr,
    File(Mutex<File>),
}

impl Logger {
    pub(crate) fn open(log: &Log) -> io::Result<Logger> {
        match log {
            Log::Off => Ok(Logger::Off),
            Log::Stderr => Ok(Logger::Stderr),
            Log::File(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path)?;
                Ok(Logger::File(Mutex::new(file)))
            }
        }
    }

    /// Whether anybody reads the lines: one that is long to make need not be made otherwise.
    pub(crate) fn is_on(&self) -> bool {
        !matches!(self, Logger::Off)
    }

    /// Writes a line.
    // A log that cannot be written must not stop the tests.
    #[allow(clippy::print_stderr)]
    pub(crate) fn note(&self, text: &str) {
        let time = clock();
        match self {
            Logger::Off => {}
            Logger::Stderr => eprintln!("{time} {text}"),
            Logger::File(file) => {
                let _ = writeln!(lock(file), "{time} {text}");
            }
        }
    }
}

/// The time of day, UTC.
fn clock() -> String {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = elapsed.as_secs() % 86_400;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:03}", seconds % 60, elapsed.subsec_millis())
}
