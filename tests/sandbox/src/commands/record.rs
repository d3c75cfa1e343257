//! `lpc-sandbox record`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use lpc_sandbox::{Log, Recording};

/// The real service's Domain API.
const REAL: &str = "https://api.liveperson.net";

/// Write down what passes between a client and a service, without its secrets
///
/// It listens on 127.0.0.1 in the place of the service's Domain API, and prints the variables that
/// point a client at it, beside those of the account; or runs a command with them. What passes goes
/// on to the service, and into a file, a line for each request and its answer. Tokens, secrets,
/// signatures and cookies are not in the file; account, consumers, texts and profiles are stand-ins.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Record the real service, https://api.liveperson.net
    #[arg(long, required_unless_present = "to", conflicts_with = "to")]
    real: bool,
    /// Record the service whose Domain API is at this URL, for example a sandbox
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Write to this file, which must not be there yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Trust this CA in place of the system's roots
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 is a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Record notifications, too, and hand them on to the program's own endpoint at this URL
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Port on 127.0.0.1 to which those are to be sent; 0 is a free one
    #[arg(long, value_name = "N", default_value_t = 0, requires = "webhook")]
    webhook_port: u16,
    /// Write the consumers' texts and profiles as they are
    #[arg(long)]
    keep_texts: bool,
    /// No log
    #[arg(long)]
    quiet: bool,
    /// The command to run, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

impl Arguments {
    pub(crate) fn recording(&self) -> Recording {
        Recording {
            ca_file: self.ca_file.clone(),
            port: self.port,
            webhook: self.webhook.clone(),
            webhook_port: self.webhook_port,
            keep_texts: self.keep_texts,
            log: if self.quiet { Log::Off } else { Log::Stderr },
            ..Recording::new(self.to.as_deref().unwrap_or(REAL), &self.out)
        }
    }

    /// What became of it, for a person.
    pub(crate) fn outcome(&self, (written, left_out): (usize, usize)) -> String {
        let file = self.out.display();
        let left = match left_out {
            0 => String::new(),
            left_out => format!(" {left_out} could not be cleaned or written, and are left out."),
        };
        format!(
            "{file} holds {written} requests with their answers.{left} Look at it before you send it."
        )
    }
}
