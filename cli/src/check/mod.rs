//! `lpc check`: each step of the way, with what to do where one fails.

mod advice;
mod certificate;
mod clock;
mod hosts;
mod report;
mod tokens;
mod webhook;

use std::time::SystemTime;

use clap::Args;
use lpconnector::{Client, Config, Probe};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

use hosts::Hosts;
use report::{Report, Step};

/// Try whether this machine reaches the service with these settings, a step at a time
///
/// A step is a line: ok, warning, failed or skipped, and where something is wrong, what to do. It opens no
/// conversation, and no agent sees anything of it. Nothing is tried twice.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Ask who this consumer is; the service gives it an id then, and nothing more happens
    #[arg(long, value_name = "ID", default_value = "lpc-check")]
    consumer: String,
    /// Post a notification without events to this webhook of yours, signed right, which it has to take,
    /// and signed wrong, which it has to refuse. The service comes from outside, and may see something else
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
}

pub(crate) fn run(
    arguments: &Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<Exit, Failure> {
    let mut report = Report::new(output);
    match means(settings) {
        Ok(means) => steps(arguments, &means, &mut report)?,
        Err(why) => report.no_settings(&why)?,
    }
    Ok(report.exit())
}

/// What it is checked with.
struct Means {
    config: Config,
    client: Client,
    probe: Probe,
}

fn means(settings: &Settings) -> Result<Means, Failure> {
    let mut config = settings.over(&[])?;
    // Whoever set more attempts did not mean these.
    config.set("retry.max.attempts", "1")?;
    let (client, probe) = (Client::new(&config)?, Probe::new(&config)?);
    Ok(Means { config, client, probe })
}

fn steps(arguments: &Arguments, means: &Means, report: &mut Report) -> Result<(), Failure> {
    let Means { config, client, probe } = means;
    settings_are_whole(config, report)?;
    let mut hosts = Hosts::new(probe);
    let services = services(probe, &mut hosts, report)?;
    clock::compare(hosts.date, report)?;
    let has_own = config.get("app.jwt").is_some();
    tokens::obtain(client, has_own, &arguments.consumer, &services, report)?;
    match &arguments.webhook {
        Some(url) => webhook::try_out(probe, url, &mut hosts, report),
        None => {
            let why = "--webhook URL names the address that the service is to post to";
            report.skipped(Step::of("webhook"), why)
        }
    }
}

/// Finds the services, and goes to each; those that can be reached.
fn services(
    probe: &Probe,
    hosts: &mut Hosts,
    report: &mut Report,
) -> Result<Vec<&'static str>, Failure> {
    let step = Step::of("services");
    let domain_api = probe.domain_api();
    let is_there = match &domain_api {
        None => false,
        Some(url) => hosts.reach("the Domain API", url, report)?,
    };
    let services = probe.services();
    match domain_api {
        None => report.skipped(step, "options name all of them")?,
        Some(_) => match services.iter().find_map(|(_, url)| url.as_ref().err()) {
            _ if !is_there => report.skipped(step, "the Domain API cannot be reached")?,
            None => report.ok(step, "the Domain API names all that are needed")?,
            Some(why) => report.failed(step, why, advice::services(why))?,
        },
    }
    let mut reached = Vec::new();
    // Where the Domain API cannot be asked, options may name some of them all the same.
    for (name, url) in services {
        match url {
            Ok(url) if hosts.reach(name, &url, report)? => reached.push(name),
            _ => {}
        }
    }
    Ok(reached)
}

fn settings_are_whole(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let account = config.get("account.id").unwrap_or_default();
    let install = config.get("client.id").map(|id| format!(", app install {id}"));
    let says = format!("account {account}{}", install.unwrap_or_default());
    report.ok(Step::of("settings"), &says)
}

/// What a server's clock said, and what ours said then.
#[derive(Clone, Copy)]
struct Clocks {
    theirs: SystemTime,
    ours: SystemTime,
}
