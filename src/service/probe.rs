//! The way to the services and to a webhook, a step at a time.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use ureq::http::{HeaderName, HeaderValue, Method, Uri, header};

use crate::base::deadline::Deadline;
use crate::base::error::{Error, Status};
use crate::base::shutdown::Shutdown;
use crate::base::stats::Counters;
use crate::config::configuration::Config;
use crate::config::receiver_settings::signing_secrets;
use crate::config::settings::{RetrySettings, Settings};
use crate::net::names::Names;
use crate::net::tls;
use crate::net::transport::{Body, HttpRequest, Transport};
use crate::net::witness::Witness;
use crate::protocol::webhook;
use crate::service::dates::server_date;
use crate::service::directory::{Directory, Service};
use crate::service::exchange::Exchange;

/// Goes the way that requests of a client with this configuration go, a step at a time: for programs that
/// find out what is wrong with it. Nothing is tried twice.
///
/// It belongs to one thread at a time. Where a step says that something is wrong, the steps behind it
/// say the same.
pub struct Probe {
    settings: Arc<Settings>,
    exchange: Arc<Exchange>,
    directory: Directory,
    names: Names,
    witness: Arc<Witness>,
    client_id: Option<String>,
    secrets: Vec<SecretString>,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Visit {
    /// Any: that there is an answer is what counts.
    pub http_status: u16,
    /// How long it took, a connection included where there was none.
    pub took: Duration,
    /// When it answered, by its own clock, if it says so.
    pub date: Option<SystemTime>,
}

impl Probe {
    /// Sends nothing.
    ///
    /// # Errors
    /// Those of [`Client::new`](crate::Client::new).
    pub fn new(config: &Config) -> Result<Probe, Error> {
        let mut settings = Settings::of(config)?;
        settings.retry = RetrySettings { max_attempts: 1, ..settings.retry };
        let settings = Arc::new(settings);
        let (roots, identity) = (settings.tls_roots.as_ref(), settings.tls_identity.as_ref());
        let (tls, witness) = tls::witnessed(roots, identity)?;
        let counters = Arc::new(Counters::default());
        let transport = Transport::new(&settings.http, tls, counters.clone());
        let shutdown = Shutdown::new(Arc::default());
        let exchange = Arc::new(Exchange::new(settings.clone(), transport, shutdown, counters));
        Ok(Probe {
            directory: Directory::new(exchange.clone()),
            names: Names::new(settings.http.dns_cache_ttl),
            settings,
            exchange,
            witness,
            client_id: config.get("client.id").map(str::to_owned),
            secrets: signing_secrets(config),
        })
    }

    /// What the Domain API is asked; `None` where options name all services.
    pub fn domain_api(&self) -> Option<String> {
        let is_asked = Service::ALL.iter().any(|it| it.by_hand(&self.settings).is_none());
        let url = is_asked.then(|| self.directory.domain_url().ok()).flatten();
        url.map(|url| url.to_string())
    }

    /// The services that the library talks to, by the names that the Domain API has for them, and their
    /// base URLs: those of the options, and what the Domain API answers.
    pub fn services(&self) -> Vec<(&'static str, Result<String, Error>)> {
        let mut unreachable: Option<Error> = None;
        let mut url = |service: Service| {
            let is_asked = service.by_hand(&self.settings).is_none();
            // Where it is silent, each further question would wait as long as the first.
            if let Some(why) = unreachable.clone().filter(|_| is_asked) {
                return Err(why);
            }
            let deadline = Deadline::after(self.settings.call_timeout);
            let url = self.directory.base_url(service, deadline);
            if let Err(why) = &url
                && matches!(why.status(), Status::Connect | Status::Timeout)
            {
                unreachable = Some(why.clone());
            }
            Ok(url?.join("/")?.to_string())
        };
        Service::ALL.into_iter().map(|service| (service.name(), url(service))).collect()
    }

    /// The proxy on the way to a URL, without credentials.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] for what is no URL.
    pub fn proxy(&self, url: &str) -> Result<Option<String>, Error> {
        let url = read(url)?;
        // Plain http goes through none.
        let choice = self.settings.http.proxy.as_ref().filter(|_| is_https(&url));
        Ok(choice.and_then(|it| it.of(host(&url))).map(|proxy| proxy.url()))
    }

    /// The addresses of a URL's host, as the system's resolver has them.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] for what is no URL, [`Status::Connect`] where there are none,
    /// [`Status::Timeout`] after `connect.timeout.ms`.
    pub fn addresses(&self, url: &str) -> Result<Vec<IpAddr>, Error> {
        let url = read(url)?;
        let until = Instant::now() + self.settings.http.connect_timeout;
        self.names.addresses(host(&url), until).map_err(|why| why.of(host(&url)))
    }

    /// Asks for a URL with GET, and carries no secret there.
    ///
    /// # Errors
    /// Those of a request that has no answer; an answer with any HTTP status is none.
    pub fn visit(&self, url: &str) -> Result<Visit, Error> {
        self.ask(&HttpRequest::new(Method::GET, read(url)?)).map_err(Error::and_changed_nothing)
    }

    /// Posts a notification to a webhook of one's own, as the service does. `secret`: what it is signed
    /// with, in place of the configuration's.
    ///
    /// # Errors
    /// [`Status::Config`] where there is no secret; otherwise as for [`visit`](Probe::visit).
    pub fn notify(&self, url: &str, body: &[u8], secret: Option<&str>) -> Result<Visit, Error> {
        let own = self.secrets.first().map(ExposeSecret::expose_secret);
        let secret = secret.or(own).ok_or_else(|| {
            let message = "option 'client.secret' is missing: or receiver.secret, to sign with";
            Error::new(Status::Config, message)
        })?;
        let mut headers = vec![(header::CONTENT_TYPE, "application/json".to_owned())];
        let mut add = |name, value| headers.push((HeaderName::from_static(name), value));
        add("x-liveperson-account-id", self.settings.account_id.clone());
        if let Some(id) = &self.client_id {
            add("x-liveperson-client-id", id.clone());
        }
        add("x-liveperson-signature", webhook::sign(secret, body));
        let headers = headers.into_iter().map(|(name, value)| {
            let refuse = |_| Error::new(Status::Config, format!("{name} cannot be '{value}'"));
            HeaderValue::try_from(&value).map_err(refuse).map(|value| (name.clone(), value))
        });
        self.ask(&HttpRequest {
            headers: headers.collect::<Result<_, _>>()?,
            body: Body::Bytes(body),
            ..HttpRequest::new(Method::POST, read(url)?)
        })
    }

    /// The last certificate that a server showed since this was asked before, trusted or not: its DER.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        self.witness.take()
    }

    fn ask(&self, request: &HttpRequest) -> Result<Visit, Error> {
        let begun = Instant::now();
        let deadline = Deadline::after(self.settings.call_timeout);
        let answer = self.exchange.transport.attempt(request, deadline)?;
        let (http_status, date) = (answer.status, server_date(&answer.headers));
        Ok(Visit { http_status, took: begun.elapsed(), date })
    }
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let account = &self.settings.account_id;
        f.debug_struct("Probe").field("account_id", account).finish_non_exhaustive()
    }
}

/// What is no URL is not repeated: it may hold a password.
fn read(url: &str) -> Result<Uri, Error> {
    let wrong = || Error::invalid("the URL is not like https://host/path, without a user's name");
    let url: Uri = url.parse().map_err(|_| wrong())?;
    let is_http = matches!(url.scheme_str(), Some("https" | "http"));
    let authority = url.authority().ok_or_else(wrong)?;
    if !is_http || authority.host().is_empty() || authority.as_str().contains('@') {
        return Err(wrong());
    }
    Ok(url)
}

fn is_https(url: &Uri) -> bool {
    url.scheme_str() == Some("https")
}

/// A name or an address, an IPv6 address without its brackets.
fn host(url: &Uri) -> &str {
    let host = url.host().unwrap_or_default();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
