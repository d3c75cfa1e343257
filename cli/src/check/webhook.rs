//! Whether a webhook of one's own takes what the service signs, and nothing else.

use std::time::Duration;

use lpconnector::{Probe, Visit};

use crate::check::advice;
use crate::check::hosts::Hosts;
use crate::check::report::{Report, Step};
use crate::exit::Exit;
use crate::failure::Failure;

/// A notification in which nothing happened.
const BODY: &[u8] =
    br#"{"kind":"notification","type":"ms.MessagingEventNotification","body":{"changes":[]}}"#;

/// An endpoint that is slower for two minutes may be disabled.
const SLOW: Duration = Duration::from_millis(2500);

pub(super) fn try_out(
    probe: &Probe,
    url: &str,
    hosts: &mut Hosts,
    report: &mut Report,
) -> Result<(), Failure> {
    if !hosts.reach("webhook", url, report)? {
        return report.skipped(Step::of("webhook"), "it cannot be reached");
    }
    let is_taken = match probe.notify(url, BODY, None) {
        Ok(answer) => is_taken(url, &answer, report)?,
        Err(why) => {
            let todo = advice::connection(&why, false);
            report.failed(Step::of("webhook"), &why, todo)?;
            false
        }
    };
    if !is_taken {
        return report.skipped(Step::of("signature"), "it takes nothing at all");
    }
    match probe.notify(url, BODY, Some("not the secret of anybody")) {
        Err(why) => report.failed(Step::of("signature"), &why, advice::connection(&why, false)),
        Ok(answer) => is_refused(&answer, report),
    }
}

fn is_taken(url: &str, answer: &Visit, report: &mut Report) -> Result<bool, Failure> {
    let step = Step::of("webhook");
    let says = format!("answers {} in {} ms", answer.http_status, answer.took.as_millis());
    match answer.http_status {
        200 | 201 if answer.took > SLOW => report.warning(
            step,
            &says,
            "The service disables what is slower than 2.5 s: have it answer before it works.",
        ),
        200 | 201 if url.starts_with("http:") => report.warning(
            step,
            &format!("{says}, without TLS"),
            "The service posts over TLS alone: try the address with https that it has.",
        ),
        200 | 201 => report.ok(step, &says),
        status => report.wrong(step, Exit::refusing(status), &says, refused(status)),
    }?;
    Ok(matches!(answer.http_status, 200 | 201))
}

fn refused(status: u16) -> &'static str {
    match status {
        401 | 403 => {
            "See whether it checks with the same secret: receiver.secret, otherwise client.secret; \
             and account.id and client.id."
        }
        404 | 405 => "See whether the path is right: receiver.path, or your web server's.",
        300..=399 => "The service follows no redirect: name the address behind it.",
        500..=599 => "Look at its log. A receiver says 503 while it can take nothing.",
        _ => "Only 200 and 201 count as delivered.",
    }
}

fn is_refused(answer: &Visit, report: &mut Report) -> Result<(), Failure> {
    let step = Step::of("signature");
    match answer.http_status {
        status @ 200..=299 => report.wrong(
            step,
            Exit::Refused,
            &format!("answers {status} to what is signed wrong"),
            "Anybody can post there what agents did not write: have it check \
             x-liveperson-signature, as a receiver does.",
        ),
        status => report.ok(step, &format!("refuses what is signed wrong ({status})")),
    }
}
