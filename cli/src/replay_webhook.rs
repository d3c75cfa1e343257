//! `lpc replay-webhook`.

use std::path::PathBuf;

use clap::Args;
use lpconnector::{Client, Probe};
use serde_json::json;

use crate::bodies;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

/// Post notifications of a file to a webhook of your own, signed as the service signs
///
/// They are signed with client.secret, or the first of receiver.secret, and posted byte for byte, one
/// after the other. A receiver takes the same notification once: what it had, it answers with 200 and
/// does not give out again.
#[derive(Args)]
pub(crate) struct Arguments {
    /// One or several notifications, what `lpc listen --json` printed, or what `lpc-sandbox record` wrote;
    /// `-` is the standard input
    file: PathBuf,
    /// The webhook
    #[arg(long, value_name = "URL")]
    to: String,
    /// Post all of them so often
    #[arg(long, value_name = "N", default_value_t = 1)]
    times: u64,
}

pub(crate) fn run(
    arguments: &Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<Exit, Failure> {
    let config = settings.over(&[])?;
    // It says which variables are misspelt; nothing is sent by it.
    Client::new(&config)?;
    let probe = Probe::new(&config)?;
    let bodies = bodies::read(&arguments.file)?;
    let mut exit = Exit::Done;
    for number in 1..=arguments.times.saturating_mul(bodies.len() as u64) {
        let body = &bodies[((number - 1) % bodies.len() as u64) as usize];
        let answer = probe.notify(&arguments.to, body.get().as_bytes(), None)?;
        let (status, ms) = (answer.http_status, answer.took.as_millis() as u64);
        output.line(
            &format!("{number}: {status} in {ms} ms"),
            &json!({ "number": number, "http_status": status, "took_ms": ms }),
        )?;
        // The first that was refused tells the most.
        if exit == Exit::Done {
            exit = Exit::of_http(status);
        }
    }
    Ok(exit)
}
