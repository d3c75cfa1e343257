//! `lpc`: a machine's way to LivePerson's Connector API, tried from the command line.
#![forbid(unsafe_code)]

mod bodies;
mod check;
mod completions;
mod exit;
mod failure;
mod listen;
mod output;
mod readable;
mod replay_webhook;
mod send;
mod settings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

/// Tries a machine's way to LivePerson's Connector API, and what your own webhook makes of it.
///
/// It takes the settings that every program with lpconnector takes: from the environment (LPC_ACCOUNT_ID,
/// LPC_CLIENT_ID, LPC_CLIENT_SECRET and so on), from a file, and from --set. CONFIGURATION.md lists them.
#[derive(Parser)]
#[command(name = "lpc", version, disable_help_subcommand = true, after_help = exit::TABLE)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: Settings,
    /// Print JSON, a line each, for programs
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Arguments),
    Send(send::Arguments),
    Listen(listen::Arguments),
    ReplayWebhook(replay_webhook::Arguments),
    Completions(completions::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output { json: arguments.json };
    let exit = run(&arguments, &output).unwrap_or_else(|failure| failure.tell(&output));
    ExitCode::from(exit as u8)
}

fn run(arguments: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let settings = &arguments.settings;
    match &arguments.command {
        Command::Check(arguments) => check::run(arguments, settings, output),
        Command::Send(arguments) => send::run(arguments, settings, output),
        Command::Listen(arguments) => listen::run(arguments, settings, output),
        Command::ReplayWebhook(arguments) => replay_webhook::run(arguments, settings, output),
        Command::Completions(arguments) => completions::run::<Arguments>(arguments, output),
    }
}
