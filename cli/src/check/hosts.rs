//! Whether a host can be reached: its name, a connection to it, TLS.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::SystemTime;

use lpconnector::Probe;

use crate::check::report::{Report, Step};
use crate::check::{Clocks, advice, certificate};
use crate::failure::Failure;

/// The hosts that were looked at, each once.
pub(super) struct Hosts<'a> {
    probe: &'a Probe,
    /// Whether each can be reached.
    known: HashMap<String, bool>,
    /// What the first server says that has a clock.
    pub(super) date: Option<Clocks>,
}

impl<'a> Hosts<'a> {
    pub(super) fn new(probe: &'a Probe) -> Hosts<'a> {
        Hosts { probe, known: HashMap::new(), date: None }
    }

    /// Looks at the host of a URL, which serves this; whether it can be reached.
    pub(super) fn reach(
        &mut self,
        what: &str,
        url: &str,
        report: &mut Report,
    ) -> Result<bool, Failure> {
        let host = authority(url).to_owned();
        if let Some(known) = self.known.get(&host) {
            return Ok(*known);
        }
        let is_there = self.look(what, &host, url, report)?;
        self.known.insert(host, is_there);
        Ok(is_there)
    }

    fn look(
        &mut self,
        what: &str,
        host: &str,
        url: &str,
        report: &mut Report,
    ) -> Result<bool, Failure> {
        let proxy = self.probe.proxy(url)?;
        let name = without_port(host);
        match &proxy {
            Some(proxy) => {
                let why = format!("the proxy {proxy} knows where it is");
                report.skipped(Step::at("name", name), &why)?;
            }
            None => match self.probe.addresses(url) {
                Ok(addresses) => {
                    let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
                    report.ok(Step::at("name", name), &addresses.join(", "))?;
                }
                Err(why) => {
                    report.failed(Step::at("name", name), &why, advice::NAME)?;
                    report.skipped(Step::at("connection", host), "its address is not known")?;
                    return Ok(false);
                }
            },
        }
        let visit = self.probe.visit(url);
        let certificate = self.probe.certificate().map(|der| certificate::in_words(&der));
        let with = certificate.as_deref().unwrap_or(if url.starts_with("https:") {
            "no certificate came"
        } else {
            "without TLS"
        });
        let through = proxy.map(|it| format!(" through the proxy {it}")).unwrap_or_default();
        match visit {
            Ok(visit) => {
                if let Some(theirs) = visit.date.filter(|_| self.date.is_none()) {
                    self.date = Some(Clocks { theirs, ours: SystemTime::now() });
                }
                let says = format!("{what}, in {} ms{through}; {with}", visit.took.as_millis());
                report.ok(Step::at("connection", host), &says)?;
                Ok(true)
            }
            Err(why) => {
                let todo = advice::connection(&why, !through.is_empty());
                // Who issued it is what explains most refusals.
                let todo = match &certificate {
                    Some(it) => format!("It shows a {it}. {todo}"),
                    None => todo.to_owned(),
                };
                report.failed(Step::at("connection", host), &why, &todo)?;
                Ok(false)
            }
        }
    }
}

/// Host and port.
fn authority(url: &str) -> &str {
    let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
    behind.split(['/', '?', '#']).next().unwrap_or_default()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // Inside brackets it is a part of an address.
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_from_its_port() {
        for (url, host, name) in [
            ("https://api.example/a:b", "api.example", "api.example"),
            ("https://api.example:8443?x", "api.example:8443", "api.example"),
            ("https://[::1]:1/", "[::1]:1", "[::1]"),
            ("https://[::1]", "[::1]", "[::1]"),
        ] {
            assert_eq!((authority(url), without_port(host)), (host, name));
        }
    }
}
