//! The standard output, with lines for a person or JSON for a program; and what is said beside it.

use std::io::{self, Write};

use serde_json::Value;

use crate::failure::Failure;
use crate::readable::readable;

/// The standard output.
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// Writes the lines of a text, or the JSON where that is wanted, and has it out before it returns.
    pub(crate) fn line(&self, text: &str, json: &Value) -> Result<(), Failure> {
        if self.json {
            return self.bytes(json.to_string().as_bytes());
        }
        let lines: Vec<String> = text.split('\n').map(readable).collect();
        self.bytes(lines.join("\n").as_bytes())
    }

    /// The same for bytes that are a line whatever is wanted.
    pub(crate) fn bytes(&self, line: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        // In one write, so that lines of several programs stay whole.
        let written = out.write_all(&[line, b"\n"].concat()).and_then(|()| out.flush());
        written.map_err(|why| Failure::of_output(&why))
    }
}

/// Says something on the standard error. Where nobody hears it, nothing else is wrong.
pub(crate) fn say(message: &str) {
    let _ = writeln!(io::stderr(), "lpc: {}", readable(message));
}
