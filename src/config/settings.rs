//! What a client works with: the options, typed and checked against each other.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use ureq::http::HeaderValue;

use crate::base::error::{Error, Status};
use crate::base::log::Log;
use crate::config::configuration::Config;
use crate::config::credentials::Credentials;
use crate::config::kind;
use crate::config::pair::{identity, missing, pair};
use crate::net::proxy;
use crate::net::tls::{Identity, TlsFile};
use crate::net::transport::HttpSettings;
use crate::net::url::BaseUrl;
use crate::protocol::properties::{self, ClientProperties};

/// What a client works with: the options, typed and checked against each other.
pub(crate) struct Settings {
    pub account_id: String,
    pub credentials: Option<Credentials>,
    pub app_jwt: Option<SecretString>,
    pub domain_api: BaseUrl,
    pub domain_messaging: Option<Arc<BaseUrl>>,
    pub domain_sentinel: Option<Arc<BaseUrl>>,
    pub domain_idp: Option<Arc<BaseUrl>>,
    pub domain_storage: Option<Arc<BaseUrl>>,
    pub domain_allowed_suffixes: Vec<String>,
    pub domain_cache_ttl: Duration,
    pub token_api_version: u64,
    pub token_refresh_margin: Duration,
    pub token_verify: bool,
    pub token_public_key: Option<String>,
    pub call_timeout: Duration,
    pub http: HttpSettings,
    pub retry: RetrySettings,
    pub rate_limit_backoff: Duration,
    /// None: no call waits for such a pause.
    pub rate_limit_max_wait: Option<Duration>,
    pub tls_roots: Option<TlsFile>,
    pub tls_identity: Option<Identity>,
    pub file_max_bytes: u64,
    pub file_preview_max_bytes: u64,
    pub client_properties: ClientProperties,
    pub log: Log,
}

/// How often a request is tried, and after which waits.
#[derive(Clone)]
pub(crate) struct RetrySettings {
    pub max_attempts: u32,
    /// Never empty.
    pub backoff: Vec<Duration>,
    /// Also a message that may have been delivered.
    pub ambiguous: bool,
}

impl Settings {
    pub(crate) fn of(config: &Config) -> Result<Settings, Error> {
        let text = |key| config.value(key).map(str::to_owned);
        let number = |key| kind::number(config.value(key).unwrap_or_default());
        let millis = |key| kind::millis(config.value(key).unwrap_or_default());
        let yes = |key| config.value(key) == Some("true");
        let plaintext = yes("allow.plaintext");
        let url = |key| match config.value(key) {
            Some(value) => base_url(key, value, plaintext).map(Some),
            None => Ok(None),
        };
        let agent = concat!("lpconnector/", env!("CARGO_PKG_VERSION"));

        Ok(Settings {
            account_id: text("account.id")
                .ok_or_else(|| missing("account.id", "the account's site id"))?,
            credentials: pair(config, "client.id", "client.secret")?
                .map(|(id, secret)| Credentials::of(id, secret)),
            app_jwt: config.value("app.jwt").map(SecretString::from),
            domain_api: url("domain.api.url")?
                .ok_or_else(|| missing("domain.api.url", "the Domain API's URL"))?,
            domain_messaging: url("domain.messaging")?.map(Arc::new),
            domain_sentinel: url("domain.sentinel")?.map(Arc::new),
            domain_idp: url("domain.idp")?.map(Arc::new),
            domain_storage: url("domain.storage")?.map(Arc::new),
            domain_allowed_suffixes: config
                .value("domain.allowed.suffixes")
                .unwrap_or_default()
                .split(',')
                .map(|suffix| suffix.trim().trim_start_matches('.').to_ascii_lowercase())
                .collect(),
            domain_cache_ttl: millis("domain.cache.ttl.ms"),
            token_api_version: number("token.api.version"),
            token_refresh_margin: millis("token.refresh.margin.ms"),
            token_verify: yes("token.verify"),
            token_public_key: text("token.public.key"),
            call_timeout: millis("call.timeout.ms"),
            http: HttpSettings {
                connect_timeout: millis("connect.timeout.ms"),
                request_timeout: millis("request.timeout.ms"),
                response_max_bytes: number("response.max.bytes"),
                pool_max_connections: number("pool.max.connections") as usize,
                pool_idle_timeout: millis("pool.idle.timeout.ms"),
                dns_cache_ttl: millis("dns.cache.ttl.ms"),
                proxy: match config.value("proxy.url") {
                    None => proxy::from_env().map_err(|_| {
                        let message = "the environment's HTTPS_PROXY is not the URL of a proxy; set it \
                                       right, or the option proxy.url";
                        Error::new(Status::Config, message)
                    })?,
                    Some("none") => None,
                    // Checked when it was set.
                    Some(proxy) => proxy::parse(proxy).ok(),
                },
                user_agent: match config.value("user.agent") {
                    // Characters were checked when the option was set.
                    Some(more) => HeaderValue::try_from(format!("{agent} {more}"))
                        .unwrap_or(HeaderValue::from_static(agent)),
                    None => HeaderValue::from_static(agent),
                },
                log: config.log.clone(),
            },
            retry: RetrySettings {
                max_attempts: number("retry.max.attempts") as u32,
                backoff: kind::millis_list(config.value("retry.backoff.ms").unwrap_or("0")),
                ambiguous: yes("retry.ambiguous"),
            },
            rate_limit_backoff: millis("rate.limit.backoff.ms"),
            rate_limit_max_wait: Some(millis("rate.limit.max.wait.ms")),
            tls_roots: config.file("tls.ca.file"),
            tls_identity: identity(config, "tls.client.cert.file", "tls.client.key.file")?,
            file_max_bytes: number("file.max.bytes"),
            file_preview_max_bytes: number("file.preview.max.bytes"),
            client_properties: client_properties(config)?,
            log: config.log.clone(),
        })
    }
}

impl Settings {
    /// As [`of`](Settings::of), for a connector, which waits in its queue and in no thread: each
    /// request is tried once, and a pause after a 429 is an error that tells how long it lasts.
    #[cfg(feature = "connector")]
    pub(crate) fn for_connector(config: &Config) -> Result<Settings, Error> {
        let mut settings = Settings::of(config)?;
        settings.retry.max_attempts = 1;
        settings.rate_limit_max_wait = None;
        settings.log = settings.log.of_attempts();
        Ok(settings)
    }
}

fn client_properties(config: &Config) -> Result<ClientProperties, Error> {
    let mut properties = match config.value("client.properties") {
        Some(json) => ClientProperties::from_json(json)?,
        None => ClientProperties::new(),
    };
    if let Some(list) = config.value("features") {
        properties = properties.features(properties::features(list)?);
    }
    Ok(properties)
}

fn base_url(key: &str, value: &str, plaintext: bool) -> Result<BaseUrl, Error> {
    let refuse = |why: &str| Error::new(Status::Config, format!("option '{key}' {why}"));
    let url = BaseUrl::parse(value).map_err(|()| refuse("is not a base URL"))?;
    if !url.is_https() && !plaintext {
        return Err(refuse(
            "is plain http: use https, or set allow.plaintext=true for a local test",
        ));
    }
    if !url.is_https() && !url.is_loopback() {
        return Err(refuse(
            "is plain http to another machine: allow.plaintext covers loopback only",
        ));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pairs: &[(&str, &str)]) -> String {
        let error = Settings::of(&Config::of(pairs)).err().expect("refused");
        assert_eq!(error.status(), Status::Config);
        error.message().to_owned()
    }

    #[test]
    fn options_are_checked_against_each_other() {
        assert!(refusal(&[]).contains("account.id"));
        let account = ("account.id", "a1");
        assert!(refusal(&[account, ("client.id", "x")]).contains("client.secret"));
        assert!(refusal(&[account, ("client.secret", "x")]).contains("'client.id' is missing"));
        assert!(refusal(&[account, ("tls.client.cert.file", "x")]).contains("tls.client.key.file"));
        assert!(
            refusal(&[account, ("domain.idp", "http://127.0.0.1:1")]).contains("allow.plaintext")
        );
        let plain = ("allow.plaintext", "true");
        assert!(
            refusal(&[account, plain, ("domain.idp", "http://10.1.1.1")]).contains("loopback only")
        );
        assert!(
            Settings::of(&Config::of(&[account, plain, ("domain.idp", "http://[::1]:1")])).is_ok()
        );
    }

    #[test]
    fn every_setting_reads_an_option_that_exists() {
        // A key that is not in the table would read as unset, and its number as u64::MAX.
        let settings = Settings::of(&Config::of(&[("account.id", "a1")])).unwrap();
        assert_eq!(settings.domain_cache_ttl.as_millis(), 3_600_000);
        assert_eq!(settings.token_api_version, 1);
        assert_eq!(settings.token_refresh_margin.as_millis(), 60_000);
        assert_eq!(settings.http.connect_timeout.as_millis(), 5_000);
        assert_eq!(settings.http.request_timeout.as_millis(), 15_000);
        assert_eq!(settings.call_timeout.as_millis(), 60_000);
        assert_eq!(settings.retry.max_attempts, 4);
        assert_eq!(settings.retry.backoff, [5_000, 10_000, 15_000].map(Duration::from_millis));
        assert_eq!(settings.rate_limit_backoff.as_millis(), 1_000);
        assert_eq!(settings.rate_limit_max_wait, Some(Duration::from_secs(30)));
        assert!(!settings.retry.ambiguous && !settings.token_verify);
        assert_eq!(settings.http.pool_max_connections, 32);
        assert_eq!(settings.http.pool_idle_timeout.as_millis(), 15_000);
        assert_eq!(settings.http.dns_cache_ttl.as_millis(), 60_000);
        assert_eq!(settings.http.response_max_bytes, 8_388_608);
        assert_eq!(settings.file_max_bytes, 3_145_728);
        assert_eq!(settings.file_preview_max_bytes, 30_720);
        assert_eq!(settings.domain_allowed_suffixes, ["liveperson.net", "liveperson.com"]);
        assert_eq!(settings.domain_api.join("/").unwrap(), "https://api.liveperson.net/");
        assert!(settings.http.user_agent.as_bytes().starts_with(b"lpconnector/"));
    }
}
