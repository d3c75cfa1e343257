//! The sandbox as a program: on its own, or around a command.
#![allow(clippy::print_stderr)] // A program tells its user what went wrong.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod commands;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use lpc_sandbox::{
    Account, Agent, Log, Options, RateLimits, Recorder, Sandbox, Script, Sequence, TlsVersions,
    Webhook, serde_json,
};
use tokio::process::{Child, Command};
use tokio::runtime::Builder;

/// So long a command that is asked to terminate may take to end.
const LONGEST_END: Duration = Duration::from_secs(10);

/// A local stand-in for the services behind LivePerson's Connector API.
///
/// Without a command it prints the variables that point a client at it and serves until it is
/// interrupted. With a command it runs that command with those variables in its environment, stops
/// when the command ends, and exits with the command's exit code (127: it could not be started;
/// 128+n: signal n ended it).
#[derive(Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    subcommand_value_name = "record|replay",
    after_help = "Example:\n  lpc-sandbox --tls --summary -- ./my-connector --say hello"
)]
struct Arguments {
    #[command(subcommand)]
    mode: Option<Mode>,
    /// Serve HTTPS with a certificate of a CA made at the start
    #[arg(long)]
    tls: bool,
    /// Demand a client certificate, and show one to receivers of notifications; the variables name
    /// one, and the CA for a receiver
    #[arg(long, requires = "tls")]
    client_certificates: bool,
    /// Port of the services on 127.0.0.1; 0 is a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Port of the control API on 127.0.0.1; 0 is a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    control_port: u16,
    /// With --tls, port of the Domain API over plain HTTP on 127.0.0.1; 0 is a free one
    #[arg(long, value_name = "N", default_value_t = 0, requires = "tls")]
    domain_port: u16,
    /// A further name in the certificate, of a host or an IP address; may be repeated
    #[arg(long = "host", value_name = "NAME", requires = "tls")]
    hosts: Vec<String>,
    /// Hold each answer of the services back so long, in milliseconds
    #[arg(long, value_name = "N", default_value_t = 0)]
    latency_ms: u64,
    /// And up to so much longer, another time for each answer
    #[arg(long, value_name = "N", default_value_t = 0)]
    jitter_ms: u64,
    /// Answer more requests of the app than this in a second with 429
    #[arg(long, value_name = "N")]
    rate_limit_app: Option<u32>,
    /// Answer more requests of a consumer than this in a second with 429
    #[arg(long, value_name = "N")]
    rate_limit_consumer: Option<u32>,
    /// Write the CA certificate here; without it, to a temporary file
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_file: Option<PathBuf>,
    /// How long an AppJWT is valid, in seconds
    #[arg(long, value_name = "S", default_value_t = 3600)]
    token_lifetime: u64,
    /// What body.sequence counts: requests sent again, or the events of a dialog
    #[arg(long, value_enum, default_value = "event")]
    sequence: Counting,
    /// Answer a batch of which an item is refused with HTTP 400 and all its answers
    #[arg(long)]
    refuse_whole_batch: bool,
    /// Largest request body in bytes
    #[arg(long, value_name = "N", default_value_t = 1024 * 1024)]
    max_body: usize,
    /// Largest file in bytes that can be uploaded
    #[arg(long, value_name = "N", default_value_t = 3 * 1024 * 1024)]
    max_file: usize,
    /// Give temp_url_expires of file URLs as a number
    #[arg(long)]
    expires_as_number: bool,
    /// Keep account, secret, keys, certificates, ports and conversations in this directory, and go on
    /// with them at the next start, whatever ended this one
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Append the log to this file; without it, it goes to standard error
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// No log
    #[arg(long, conflicts_with = "log_file")]
    quiet: bool,
    /// Reserve a port for a program that receives notifications, and send them there; the variables
    /// name it, and with --tls a certificate for it
    #[arg(long, conflicts_with = "webhook")]
    receiver: bool,
    /// Send notifications to this URL; for https the sandbox needs --tls and trusts its CA alone
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Let an agent answer: `echo` says back what the consumer says; a file holds the steps of a
    /// script as JSON
    #[arg(long, value_name = "echo|FILE")]
    agent: Option<PathBuf>,
    /// Serve the console, a web page to look on and to act as the agent, at the address of the
    /// control API, which is printed to standard error
    #[arg(long)]
    console: bool,
    /// Print at the end what the sandbox holds, as a transcript
    #[arg(long)]
    summary: bool,
    /// The command to run, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Subcommand)]
enum Mode {
    Record(commands::record::Arguments),
    Replay(commands::replay::Arguments),
}

#[derive(Clone, Copy, ValueEnum)]
enum Counting {
    Resend,
    Event,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("lpc-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<u8> {
    match &arguments.mode {
        None => stand_in(arguments),
        Some(Mode::Record(arguments)) => {
            let recorder = Recorder::start(arguments.recording())?;
            if let Some(url) = recorder.webhook_url() {
                eprintln!("lpc-sandbox: notifications are to be sent to {url}");
            }
            let code = accompany(recorder.variables(), &arguments.command)?;
            eprintln!("{}", arguments.outcome(recorder.counts()));
            Ok(code)
        }
        Some(Mode::Replay(arguments)) => {
            let replay = arguments.start()?;
            let code = accompany(replay.variables(), &arguments.command)?;
            eprint!("{}", commands::replay::outcome(&replay));
            Ok(code)
        }
    }
}

/// Is the service.
fn stand_in(arguments: &Arguments) -> io::Result<u8> {
    // What makes no sense is said before anything starts.
    let agent = arguments.agent.as_deref().map(agent).transpose()?;
    let webhook = arguments.webhook.as_ref().map(Webhook::to);
    if let Some(webhook) = &webhook {
        webhook.check(arguments.tls).map_err(|reason| invalid(format!("--webhook: {reason}")))?;
    }
    let sandbox = Sandbox::start(options(arguments))?;
    let left = sandbox.accounts_left().into_iter().next();
    let account = left.unwrap_or_else(|| sandbox.new_account());
    if agent.is_some() {
        sandbox.set_agent(&account.id, agent);
    }
    if arguments.rate_limit_app.is_some() || arguments.rate_limit_consumer.is_some() {
        let (app, consumer) = (arguments.rate_limit_app, arguments.rate_limit_consumer);
        let limits = RateLimits { app, consumer, ..RateLimits::default() };
        sandbox.set_rate_limits(&account.id, limits);
    }
    if arguments.receiver {
        sandbox.reserve_receiver(&account.id);
    }
    if let Some(webhook) = webhook {
        sandbox.set_webhook(&account.id, webhook);
    }
    if arguments.console {
        eprintln!("lpc-sandbox: the console is at {}/", sandbox.control_url());
    }
    let code = accompany(variables(&sandbox, &account), &arguments.command)?;
    if arguments.summary {
        io::stdout().write_all(sandbox.transcript(&account.id).as_bytes())?;
    }
    Ok(code)
}

/// Runs the command with these variables; or prints them, and waits for an interruption.
fn accompany(variables: Vec<(&'static str, String)>, command: &[OsString]) -> io::Result<u8> {
    // This one only waits; who serves has another.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    match command.split_first() {
        None => {
            // Whoever reads the variables may interrupt: so it listens before it prints.
            let print = async { print_variables(&variables) };
            runtime.block_on(async { tokio::try_join!(biased; interruption(), print) })?;
            Ok(0)
        }
        Some((program, rest)) => {
            let mut command = Command::new(program);
            command.args(rest).envs(variables);
            runtime.block_on(run_command(command, program))
        }
    }
}

fn options(arguments: &Arguments) -> Options {
    Options {
        tls: arguments.tls,
        client_certificates: arguments.client_certificates,
        tls_versions: TlsVersions::All,
        port: arguments.port,
        control_port: arguments.control_port,
        domain_port: arguments.domain_port,
        hosts: arguments.hosts.clone(),
        token_lifetime: Duration::from_secs(arguments.token_lifetime),
        sequence: match arguments.sequence {
            Counting::Resend => Sequence::Resend,
            Counting::Event => Sequence::Event,
        },
        refuse_whole_batch: arguments.refuse_whole_batch,
        max_body: arguments.max_body,
        max_file: arguments.max_file,
        expires_as_number: arguments.expires_as_number,
        latency: Duration::from_millis(arguments.latency_ms),
        jitter: Duration::from_millis(arguments.jitter_ms),
        ca_file: arguments.ca_file.clone(),
        state: arguments.state.clone(),
        console: arguments.console,
        log: match (&arguments.log_file, arguments.quiet) {
            (Some(path), _) => Log::File(path.clone()),
            (None, true) => Log::Off,
            (None, false) => Log::Stderr,
        },
    }
}

/// The agent that the argument names.
fn agent(argument: &Path) -> io::Result<Agent> {
    if argument == Path::new("echo") {
        return Ok(Agent::Echo);
    }
    let wrong = |reason: String| invalid(format!("{}: {reason}", argument.display()));
    let script = fs::read(argument).map_err(|error| wrong(error.to_string()))?;
    let script = serde_json::from_slice(&script).map_err(|error| wrong(error.to_string()))?;
    Ok(Agent::Script(Script::new(&script).map_err(wrong)?))
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

fn variables(sandbox: &Sandbox, account: &Account) -> Vec<(&'static str, String)> {
    let mut variables = sandbox.variables(account);
    variables.push(("LPC_SANDBOX_CONTROL", sandbox.control_url().to_owned()));
    variables
}

/// Prints lines that a shell can run.
fn print_variables(variables: &[(&'static str, String)]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (name, value) in variables {
        writeln!(out, "export {name}='{}'", value.replace('\'', r"'\''"))?;
    }
    out.flush()
}

/// Runs the command to its end. A terminal interrupts both programs, so the command decides what
/// follows; who is asked to terminate asks the command.
async fn run_command(mut command: Command, program: &OsString) -> io::Result<u8> {
    // Both are caught before there is a command that could be left alone.
    let mut termination = Termination::new()?;
    tokio::spawn(async { while tokio::signal::ctrl_c().await.is_ok() {} });
    tokio::task::yield_now().await;
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("lpc-sandbox: cannot start {}: {error}", program.display());
            return Ok(127);
        }
    };
    let status = tokio::select! {
        status = child.wait() => status?,
        () = termination.next() => end(&mut child, &mut termination).await?,
    };
    Ok(code_of(status))
}

/// Asks the command to terminate, too; ends it where it does not in time, or is asked once more.
async fn end(child: &mut Child, termination: &mut Termination) -> io::Result<ExitStatus> {
    ask_to_terminate(child);
    tokio::select! {
        status = child.wait() => return status,
        () = tokio::time::sleep(LONGEST_END) => {}
        () = termination.next() => {}
    }
    child.kill().await?;
    child.wait().await
}

#[cfg(unix)]
fn ask_to_terminate(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // One that has ended meanwhile is none to be asked.
        let _ = kill_process(pid, Signal::TERM);
    }
}

#[cfg(not(unix))]
fn ask_to_terminate(_: &Child) {}

#[cfg(unix)]
fn code_of(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(not(unix))]
fn code_of(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Waits for SIGINT or SIGTERM.
async fn interruption() -> io::Result<()> {
    let mut termination = Termination::new()?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        () = termination.next() => Ok(()),
    }
}

/// SIGTERM: as soon as this is there, it no longer ends the program.
#[cfg(unix)]
struct Termination(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Termination {
    fn new() -> io::Result<Termination> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Termination(signal(SignalKind::terminate())?))
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(not(unix))]
struct Termination;

#[cfg(not(unix))]
impl Termination {
    fn new() -> io::Result<Termination> {
        Ok(Termination)
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}
