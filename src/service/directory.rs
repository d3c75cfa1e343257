//! Where the services of an account are: given by hand, or asked of the Domain API.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use ureq::http::{Method, Uri};

use crate::base::cached::{Cached, Fetched};
use crate::base::deadline::Deadline;
use crate::base::error::{Error, Status};
use crate::base::log::LogLevel;
use crate::base::stats::Operation;
use crate::base::text::shorten;
use crate::config::settings::Settings;
use crate::net::transport::HttpRequest;
use crate::net::url::BaseUrl;
use crate::protocol::json::{each_item, members, text};
use crate::service::exchange::{Exchange, ServiceRequest};

/// The services that the library talks to.
#[derive(Clone, Copy)]
pub(crate) enum Service {
    /// CONVERSATION and SEND.
    Messaging,
    /// AppJWTs.
    Sentinel,
    /// ConsumerJWSs.
    Idp,
    /// Files.
    Storage,
}

impl Service {
    pub(crate) const ALL: [Service; 4] =
        [Service::Messaging, Service::Sentinel, Service::Idp, Service::Storage];

    /// The service's name in the Domain API, where case counts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Service::Messaging => "asyncMessagingEnt",
            Service::Sentinel => "sentinel",
            Service::Idp => "idp",
            Service::Storage => "swift",
        }
    }

    pub(crate) fn by_hand(self, settings: &Settings) -> Option<&Arc<BaseUrl>> {
        match self {
            Service::Messaging => settings.domain_messaging.as_ref(),
            Service::Sentinel => settings.domain_sentinel.as_ref(),
            Service::Idp => settings.domain_idp.as_ref(),
            Service::Storage => settings.domain_storage.as_ref(),
        }
    }
}

/// What the Domain API answered: where each service is, or why nothing may go there. `None`: it does
/// not list it.
type Services = Arc<[Option<Result<Arc<BaseUrl>, Error>>; Service::ALL.len()]>;

/// A list that lacks a service is asked for again, and one that cannot be had.
const LEAST_PAUSE: Duration = Duration::from_secs(10);

pub(crate) struct Directory {
    exchange: Arc<Exchange>,
    services: Cached<Services>,
}

impl Directory {
    pub(crate) fn new(exchange: Arc<Exchange>) -> Directory {
        Directory { exchange, services: Cached::new(LEAST_PAUSE, LEAST_PAUSE) }
    }

    /// The base URL of a service; the Domain API is asked at most once in `domain.cache.ttl.ms`.
    pub(crate) fn base_url(
        &self,
        service: Service,
        deadline: Deadline,
    ) -> Result<Arc<BaseUrl>, Error> {
        let settings = &self.exchange.settings;
        if let Some(url) = service.by_hand(settings) {
            return Ok(url.clone());
        }
        let place = service as usize;
        // A list without it, or with a host where nothing may go, may have been a slip of the service.
        let is_listed = |services: &Services| matches!(services[place], Some(Ok(_)));
        let discover = |by| self.discover(by);
        let services = self.exchange.kept(&self.services, deadline, is_listed, discover)?;
        let url = services[place].clone().unwrap_or_else(|| {
            let (name, account) = (service.name(), &settings.account_id);
            Err(Error::new(
                Status::Protocol,
                format!("the Domain API lists no service '{name}' for account {account}"),
            ))
        });
        url.map_err(|error| self.exchange.count_failure(error))
    }

    /// What the Domain API is asked for all services.
    pub(crate) fn domain_url(&self) -> Result<Uri, Error> {
        let Settings { domain_api, account_id, .. } = &*self.exchange.settings;
        domain_api.join(&format!("/api/account/{account_id}/service/baseURI.json?version=1.0"))
    }

    fn discover(&self, deadline: Deadline) -> Result<Fetched<Services>, Error> {
        const DOING: &str = "discovering the account's services";

        let settings = &self.exchange.settings;
        let http = HttpRequest::new(Method::GET, self.domain_url()?);
        let request = ServiceRequest::new(DOING, Operation::Domain, http);
        let answer = self.exchange.send(&request, deadline)?;
        let mut services = Service::ALL.map(|_| None);
        let mut listed = 0;
        let read = each_entry(&answer.body, |name, host| {
            listed += 1;
            if let Some(service) = Service::ALL.into_iter().find(|it| it.name() == name) {
                let url = allowed(settings, name, host).map(Arc::new);
                let place = &mut services[service as usize];
                // One that makes sense is not replaced by one that does not.
                if url.is_ok() || place.is_none() {
                    *place = Some(url);
                }
            }
        });
        read.map_err(|why| {
            let message = format!("{DOING}: the answer {why}");
            self.exchange.count_failure(Error::new(Status::Protocol, message))
        })?;
        let log = self.exchange.log();
        log.write(LogLevel::Info, || format!("{DOING}: {listed} services"));
        let mut good_for = settings.domain_cache_ttl;
        if let Some(before) = self.services.newest() {
            for (now, before) in services.iter_mut().zip(before.iter()) {
                // What was there a moment ago is, until a list says that it is elsewhere.
                if let (None | Some(Err(_)), Some(Ok(url))) = (&now, before) {
                    log.write(LogLevel::Warn, || {
                        let why = now.as_ref().and_then(|now| now.as_ref().err());
                        let why = why.map_or("a service is no longer listed", Error::message);
                        format!("{DOING}: {why}; goes on with {}", url.host())
                    });
                    *now = Some(Ok(url.clone()));
                    good_for = good_for.min(LEAST_PAUSE);
                }
            }
        }
        Ok(Fetched::good_for(good_for, Arc::new(services)))
    }
}

/// Gives the services of a list and their hosts. An entry that makes no sense spoils only itself.
fn each_entry(body: &[u8], mut give: impl FnMut(&str, &str)) -> Result<(), String> {
    let json: &RawValue = serde_json::from_slice(body)
        .map_err(|why| format!("is not a list of services: {}", shorten(&why.to_string())))?;
    let [list] = members(Some(json), ["baseURIs"]);
    let list = list.ok_or("is not a list of services: it has no baseURIs")?;
    each_item(Some(list), |entry| {
        let [name, host] = members(Some(entry), ["service", "baseURI"]).map(text);
        if !name.is_empty() {
            give(&name, &host);
        }
    });
    Ok(())
}

/// Lets a discovered host pass only where tokens may go.
fn allowed(settings: &Settings, service: &str, host: &str) -> Result<BaseUrl, Error> {
    let refuse = |why: &str| {
        let host = shorten(host);
        let message = format!("the Domain API names '{host}' for service '{service}': {why}");
        Err(Error::new(Status::Protocol, message))
    };
    let https = settings.domain_api.is_https();
    let Ok(url) = BaseUrl::of_authority(host, https) else {
        return refuse("that is not a bare host name");
    };
    let ours = |suffix: &String| {
        url.host()
            .strip_suffix(suffix.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if !settings.domain_allowed_suffixes.iter().any(ours) {
        return refuse("no token goes to a host outside domain.allowed.suffixes");
    }
    if !https && !url.is_loopback() {
        return refuse("plain http goes to loopback addresses only");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::configuration::Config;

    fn entries(body: &[u8]) -> Result<Vec<(String, String)>, String> {
        let mut entries = Vec::new();
        each_entry(body, |name, host| entries.push((name.to_owned(), host.to_owned())))?;
        Ok(entries)
    }

    #[test]
    fn an_entry_that_makes_no_sense_spoils_only_itself() {
        let list = br#"{"baseURIs":[{"service":"a","baseURI":"h"},{"service":"b"},{"baseURI":"x"},7,null,{"service":"c","baseURI":{}}]}"#;
        let read = entries(list).unwrap();
        let expected = [("a", "h"), ("b", ""), ("c", "")];
        assert_eq!(read, expected.map(|(name, host)| (name.to_owned(), host.to_owned())));
        let alone = entries(br#"{"baseURIs":{"service":"a","baseURI":"h"}}"#).unwrap();
        assert_eq!(alone, [("a".to_owned(), "h".to_owned())]);
        for bad in ["", "{}", "[]", "<html>"] {
            let why = entries(bad.as_bytes()).unwrap_err();
            assert!(why.starts_with("is not a list of services: "), "{why}");
        }
    }

    #[test]
    fn only_hosts_inside_the_allowed_suffixes_pass() {
        let settings = Settings::of(&Config::of(&[("account.id", "a1")])).unwrap();
        for good in ["va.idp.liveperson.net", "liveperson.com", "VA.MSG.LivePerson.NET:443"] {
            assert!(allowed(&settings, "idp", good).is_ok(), "{good}");
        }
        for bad in [
            "evil.com",
            "evilliveperson.net",
            "liveperson.net.evil.com",
            "liveperson.net@evil.com",
            "evil.com/liveperson.net",
            "evil.com?.liveperson.net",
            "evil.com#.liveperson.net",
            "",
        ] {
            let error = allowed(&settings, "idp", bad).unwrap_err();
            assert_eq!(error.status(), Status::Protocol, "{bad}");
        }
    }
}
