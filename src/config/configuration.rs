//! Configuration by text keys, and the typed settings that a client makes of it.

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use ureq::http::HeaderValue;
use zeroize::Zeroizing;

use crate::base::error::{Error, Status};
use crate::base::log::{Log, LogLevel};
use crate::config::options::{self, OPTIONS};
use crate::net::url::BaseUrl;
use crate::protocol::properties::{self, ClientProperties};
#[cfg(feature = "receiver")]
use crate::receiver::{Account, Accounts};
use crate::service::retry::RetryPolicy;

/// Options of a client, set as text.
///
/// Text keys reach every language alike, and make a new option an addition. The keys, their
/// values and their defaults are listed in CONFIGURATION.md. Values are checked when they are set.
#[derive(Clone)]
pub struct Config {
    /// Parallel to [`OPTIONS`]. All are kept as secrets: simpler than two kinds, and wiped when
    /// dropped.
    values: Vec<Option<SecretString>>,
    log: Log,
}

impl Default for Config {
    fn default() -> Self {
        Config::new()
    }
}

impl Config {
    /// A configuration in which every option has its default.
    pub fn new() -> Config {
        Config { values: vec![None; OPTIONS.len()], log: Log::default() }
    }

    /// Gives the lines that clients of this configuration log, up to this level, to a function;
    /// off by default.
    ///
    /// It is called on the thread that makes the call, and must be quick. Each line is one line of
    /// text without a secret.
    pub fn set_log(
        &mut self,
        level: LogLevel,
        callback: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) {
        self.log = Log::new(level, callback);
    }

    /// Sets an option; an empty value puts its default back.
    ///
    /// # Errors
    /// [`Status::Config`] for a key that does not exist and for a value that the option does not
    /// take; the configuration is unchanged then.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        let index = options::find(key).map_err(|closest| unknown(key, closest))?;
        let option = &OPTIONS[index];
        if value.is_empty() {
            self.values[index] = None;
            return Ok(());
        }
        option.kind.check(value).map_err(|takes| {
            let secret = option.secret || value.contains('@');
            let shown = if secret { "this".to_owned() } else { format!("'{}'", shorten(value)) };
            let message = format!("option '{key}' cannot be {shown}: it takes {takes}");
            Error::new(Status::Config, message)
        })?;
        self.values[index] = Some(SecretString::from(value));
        Ok(())
    }

    /// Sets every option for which the environment has a variable: `LPC_` and the key in upper
    /// case with underscores for dots, for example `LPC_ACCOUNT_ID`.
    ///
    /// # Errors
    /// [`Status::Config`] as for [`set`](Config::set), naming the variable; options before the
    /// faulty one are set then.
    pub fn load_env(&mut self) -> Result<(), Error> {
        for option in OPTIONS {
            let name = env_name(option.key);
            let Some(value) = std::env::var_os(&name) else { continue };
            let set = match value.to_str() {
                Some(value) => self.set(option.key, value),
                None => Err(Error::new(Status::Config, "the value is not UTF-8")),
            };
            set.map_err(|error| error.context(&format!("environment variable {name}")))?;
        }
        Ok(())
    }

    /// Sets the options of a file with lines `key = value`. Empty lines and lines that begin with
    /// `#` are ignored; space around keys and values is, too.
    ///
    /// # Errors
    /// [`Status::Io`] if the file cannot be read; [`Status::Config`] as for [`set`](Config::set),
    /// naming file and line. Options of earlier lines are set then.
    pub fn load_file(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let shown = path.display();
        let unreadable = |why: &dyn fmt::Display| {
            Error::new(Status::Io, format!("cannot read the configuration file '{shown}': {why}"))
        };
        let bytes = Zeroizing::new(read_small(path).map_err(|why| unreadable(&why))?);
        let text = std::str::from_utf8(&bytes).map_err(|_| unreadable(&"it is not UTF-8"))?;
        // Some editors begin a file with a byte order mark.
        let text = text.trim_start_matches('\u{feff}');
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // The line itself stays out of the error: it may hold a secret.
            let set = match line.split_once('=') {
                Some((key, value)) => self.set(key.trim(), value.trim()),
                None => Err(Error::new(Status::Config, "the line is not 'key = value'")),
            };
            set.map_err(|error| error.context(&format!("{shown}, line {}", number + 1)))?;
        }
        Ok(())
    }

    /// The value of an option, or its default; `***` for a secret that is set. `None` if the key
    /// does not exist, or the option has neither value nor default.
    pub fn get(&self, key: &str) -> Option<&str> {
        let index = options::find(key).ok()?;
        let option = &OPTIONS[index];
        match &self.values[index] {
            Some(_) if option.secret => Some("***"),
            Some(value) => Some(value.expose_secret()),
            None => option.default,
        }
    }

    /// All keys that exist.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        OPTIONS.iter().map(|option| option.key)
    }

    /// The page CONFIGURATION.md, made from the table of options.
    #[doc(hidden)]
    pub fn documentation() -> String {
        options::documentation()
    }

    fn value(&self, key: &str) -> Option<&str> {
        // Keys in this file are checked against the table by a test; a missing one reads as unset.
        let index = options::find(key).ok()?;
        self.values[index].as_ref().map(|value| value.expose_secret()).or(OPTIONS[index].default)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(Config::keys().filter_map(|key| Some((key, self.get(key)?)))).finish()
    }
}

fn unknown(key: &str, closest: Option<&str>) -> Error {
    let hint = match closest {
        Some(closest) => format!("; did you mean '{closest}'?"),
        None => String::new(),
    };
    Error::new(Status::Config, format!("unknown option '{}'{hint}", shorten(key)))
}

/// The content of a file that a person wrote; what is larger is not one.
pub(crate) fn read_small(path: &Path) -> std::io::Result<Vec<u8>> {
    const MOST: u64 = 1 << 20;
    let mut content = Vec::new();
    std::fs::File::open(path)?.take(MOST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MOST {
        return Err(std::io::Error::other(format!("it has more than {MOST} bytes")));
    }
    Ok(content)
}

/// Foreign text in a message: short, and on one line.
pub(crate) fn shorten(text: &str) -> String {
    shorten_to(text, 100)
}

/// The same with more room.
pub(crate) fn shorten_to(text: &str, most: usize) -> String {
    // Most is: the code of an answer, for each of them.
    if text.len() <= most && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars().take(most) {
        match character {
            // Quotes and what people write stay as they are.
            '"' | '\'' | '\\' => short.push(character),
            other => short.extend(other.escape_debug()),
        }
    }
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    short
}

fn env_name(key: &str) -> String {
    format!("LPC_{}", key.replace('.', "_").to_ascii_uppercase())
}

/// What a client works with: the options, typed and checked against each other.
pub(crate) struct Settings {
    pub account_id: String,
    pub credentials: Option<Credentials>,
    pub app_jwt: Option<SecretString>,
    pub domain_api: BaseUrl,
    pub domain_messaging: Option<BaseUrl>,
    pub domain_sentinel: Option<BaseUrl>,
    pub domain_idp: Option<BaseUrl>,
    pub domain_storage: Option<BaseUrl>,
    pub domain_allowed_suffixes: Vec<String>,
    pub domain_cache_ttl: Duration,
    pub token_api_version: u64,
    pub token_refresh_margin: Duration,
    pub token_verify: bool,
    pub token_public_key: Option<String>,
    pub connect_timeout: Duration,
    pub request_timeout: Duration,
    pub call_timeout: Duration,
    pub retry: RetryPolicy,
    pub rate_limit_backoff: Duration,
    pub rate_limit_max_wait: Duration,
    pub pool_max_connections: usize,
    pub pool_idle_timeout: Duration,
    pub dns_cache_ttl: Duration,
    pub proxy: Option<ureq::Proxy>,
    pub tls_ca_file: Option<String>,
    pub tls_client_files: Option<(String, String)>,
    pub response_max_bytes: u64,
    pub file_max_bytes: u64,
    pub file_preview_max_bytes: u64,
    pub client_properties: ClientProperties,
    pub user_agent: HeaderValue,
    pub log: Log,
}

/// The app install's id and secret, with which AppJWTs are obtained.
#[derive(Clone)]
pub(crate) struct Credentials {
    /// Unlike that of any others in this process.
    pub number: u64,
    pub client_id: String,
    pub client_secret: SecretString,
}

impl Credentials {
    /// Those that a caller gives later, checked as the options are.
    pub(crate) fn new(client_id: &str, client_secret: &str) -> Result<Credentials, Error> {
        for (name, value) in [("client_id", client_id), ("client_secret", client_secret)] {
            if value.is_empty() || value.chars().any(char::is_control) {
                return Err(Error::invalid(format!(
                    "{name} is empty or has control characters; it takes a text on one line"
                )));
            }
        }
        Ok(Credentials::of(client_id, client_secret))
    }

    fn of(client_id: &str, client_secret: &str) -> Credentials {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Credentials {
            number: NEXT.fetch_add(1, Relaxed),
            client_id: client_id.to_owned(),
            client_secret: client_secret.into(),
        }
    }
}

impl Settings {
    pub(crate) fn of(config: &Config) -> Result<Settings, Error> {
        let text = |key| config.value(key).map(str::to_owned);
        let number = |key| options::number(config.value(key).unwrap_or_default());
        let millis = |key| options::millis(config.value(key).unwrap_or_default());
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
            domain_messaging: url("domain.messaging")?,
            domain_sentinel: url("domain.sentinel")?,
            domain_idp: url("domain.idp")?,
            domain_storage: url("domain.storage")?,
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
            connect_timeout: millis("connect.timeout.ms"),
            request_timeout: millis("request.timeout.ms"),
            call_timeout: millis("call.timeout.ms"),
            retry: RetryPolicy {
                max_attempts: number("retry.max.attempts") as u32,
                backoff: options::millis_list(config.value("retry.backoff.ms").unwrap_or("0")),
                ambiguous: yes("retry.ambiguous"),
            },
            rate_limit_backoff: millis("rate.limit.backoff.ms"),
            rate_limit_max_wait: millis("rate.limit.max.wait.ms"),
            pool_max_connections: number("pool.max.connections") as usize,
            pool_idle_timeout: millis("pool.idle.timeout.ms"),
            dns_cache_ttl: millis("dns.cache.ttl.ms"),
            proxy: match config.value("proxy.url") {
                None => crate::net::proxy::from_env().map_err(|_| {
                    let message = "the environment's HTTPS_PROXY is not the URL of a proxy; set it \
                                   right, or the option proxy.url";
                    Error::new(Status::Config, message)
                })?,
                Some("none") => None,
                // Checked when it was set.
                Some(proxy) => crate::net::proxy::parse(proxy).ok(),
            },
            tls_ca_file: text("tls.ca.file"),
            tls_client_files: pair(config, "tls.client.cert.file", "tls.client.key.file")?
                .map(|(cert, key)| (cert.to_owned(), key.to_owned())),
            response_max_bytes: number("response.max.bytes"),
            file_max_bytes: number("file.max.bytes"),
            file_preview_max_bytes: number("file.preview.max.bytes"),
            client_properties: client_properties(config)?,
            user_agent: match config.value("user.agent") {
                // Characters were checked when the option was set.
                Some(more) => HeaderValue::try_from(format!("{agent} {more}"))
                    .unwrap_or(HeaderValue::from_static(agent)),
                None => HeaderValue::from_static(agent),
            },
            log: config.log.clone(),
        })
    }
}

/// What a receiver works with.
#[cfg(feature = "receiver")]
pub(crate) struct ReceiverSettings {
    pub listen: std::net::SocketAddr,
    pub path: String,
    pub tls_files: Option<(String, String)>,
    /// Whose certificates the service must show.
    pub tls_client_ca: Option<String>,
    pub accounts: Accounts,
    pub body_max_bytes: usize,
    pub ack_timeout: Duration,
    pub sqlite: Option<String>,
    pub inbox: crate::receiver::Settings,
    pub log: Log,
}

#[cfg(feature = "receiver")]
impl ReceiverSettings {
    pub(crate) fn of(config: &Config) -> Result<ReceiverSettings, Error> {
        let text = |key| config.value(key).unwrap_or_default();
        let number = |key| options::number(text(key)) as usize;
        let millis = |key| options::millis(text(key));
        let secrets = match config.value("receiver.secret") {
            Some(several) => split_secrets(several),
            None => config.value("client.secret").map(SecretString::from).into_iter().collect(),
        };
        let own = |key| config.value(key).map(str::to_owned);
        let accounts = Accounts {
            own: Account { id: own("account.id"), client_id: own("client.id"), secrets },
            others: options::accounts(text("receiver.accounts"))
                .map(|(id, secret)| Account {
                    id: Some(id.to_owned()),
                    client_id: None,
                    secrets: vec![secret.into()],
                })
                .collect(),
        };
        if accounts.own.secrets.is_empty() && accounts.others.is_empty() {
            let what = "or client.secret or receiver.accounts, to check signatures with";
            return Err(missing("receiver.secret", what));
        }
        let tls_files = pair(config, "receiver.tls.cert.file", "receiver.tls.key.file")?;
        let tls_client_ca = own("receiver.tls.client.ca.file");
        if tls_client_ca.is_some() && tls_files.is_none() {
            let what = "it belongs to 'receiver.tls.client.ca.file'";
            return Err(missing("receiver.tls.cert.file", what));
        }
        Ok(ReceiverSettings {
            // Checked when it was set.
            listen: text("receiver.listen").parse().map_err(|_| missing("receiver.listen", ""))?,
            path: text("receiver.path").to_owned(),
            tls_files: tls_files.map(|(cert, key)| (cert.to_owned(), key.to_owned())),
            tls_client_ca,
            accounts,
            body_max_bytes: number("receiver.body.max.bytes"),
            ack_timeout: millis("receiver.ack.timeout.ms"),
            sqlite: text("receiver.store").strip_prefix("sqlite:").map(str::to_owned),
            inbox: crate::receiver::Settings {
                queue_max: number("receiver.queue.max"),
                duplicates_window: number("receiver.duplicates.window"),
                order: text("receiver.order") == "true",
                order_wait: millis("receiver.order.wait.ms"),
                manual: text("receiver.ack") == "manual",
            },
            log: config.log.clone(),
        })
    }
}

/// Several secrets, while one replaces another.
#[cfg(feature = "receiver")]
pub(crate) fn split_secrets(several: &str) -> Vec<SecretString> {
    let secrets = several.split(',').map(str::trim).filter(|one| !one.is_empty());
    secrets.map(SecretString::from).collect()
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

fn missing(key: &str, what: &str) -> Error {
    Error::new(Status::Config, format!("option '{key}' is missing: {what}"))
}

/// Two options of which neither makes sense alone.
fn pair<'a>(
    config: &'a Config,
    one: &str,
    other: &str,
) -> Result<Option<(&'a str, &'a str)>, Error> {
    match (config.value(one), config.value(other)) {
        (Some(a), Some(b)) => Ok(Some((a, b))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(missing(other, &format!("it belongs to '{one}'"))),
        (None, Some(_)) => Err(missing(one, &format!("it belongs to '{other}'"))),
    }
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

    fn config(pairs: &[(&str, &str)]) -> Config {
        let mut config = Config::new();
        for (key, value) in pairs {
            config.set(key, value).unwrap();
        }
        config
    }

    fn refusal(pairs: &[(&str, &str)]) -> String {
        let error = Settings::of(&config(pairs)).err().expect("refused");
        assert_eq!(error.status(), Status::Config);
        error.message().to_owned()
    }

    #[test]
    fn foreign_text_is_short_on_one_line_and_otherwise_as_it_was() {
        assert_eq!(shorten("a \"b\" 'c' \\ é\n\u{1}"), "a \"b\" 'c' \\ é\\n\\u{1}");
        assert_eq!(shorten(&"x".repeat(200)), format!("{}…", "x".repeat(100)));
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
        let error = Config::new().set("conect.timeout.ms", "1").unwrap_err();
        assert_eq!(error.status(), Status::Config);
        assert_eq!(
            error.message(),
            "unknown option 'conect.timeout.ms'; did you mean 'connect.timeout.ms'?"
        );
    }

    #[test]
    fn a_bad_value_is_refused_with_what_is_allowed_and_changes_nothing() {
        let mut config = config(&[("connect.timeout.ms", "70")]);
        for bad in ["0", "-1", "1.5", "soon", "99999999999", "1 "] {
            let error = config.set("connect.timeout.ms", bad).unwrap_err();
            assert!(error.message().contains("a whole number from 1 to 86400000"), "{error}");
        }
        assert_eq!(config.get("connect.timeout.ms"), Some("70"));
        for (key, bad) in [
            ("account.id", "a/b"),
            ("app.jwt", "a\r\nX-Evil: 1"),
            ("client.secret", "a\nb"),
            ("client.id", "a\0b"),
            ("domain.api.url", "liveperson.net"),
            ("domain.allowed.suffixes", "a,,b"),
            ("allow.plaintext", "yes"),
            ("token.api.version", "3"),
            ("proxy.url", "ftp://x"),
            ("user.agent", "a\rb"),
        ] {
            assert_eq!(config.set(key, bad).unwrap_err().status(), Status::Config, "{key}");
        }
    }

    #[test]
    fn secrets_show_neither_in_get_nor_debug_nor_errors() {
        let mut config = config(&[
            ("client.secret", "s3cr3t"),
            ("app.jwt", "t0k3n"),
            ("proxy.url", "http://me:pa55@127.0.0.1:1"),
        ]);
        assert_eq!(config.get("client.secret"), Some("***"));
        assert_eq!(config.get("app.jwt"), Some("***"));
        let refused = config.set("client.secret", "n3w\n").unwrap_err();
        let url = config.set("domain.idp", "https://u:n3w@host").unwrap_err();
        let shown = format!("{config:?} {refused} {refused:?} {url}");
        for secret in ["s3cr3t", "t0k3n", "pa55", "n3w"] {
            assert!(!shown.contains(secret), "{secret} shows");
        }
    }

    #[test]
    fn an_empty_value_puts_the_default_back() {
        let mut config = config(&[("call.timeout.ms", "5"), ("account.id", "a1")]);
        config.set("call.timeout.ms", "").unwrap();
        config.set("account.id", "").unwrap();
        assert_eq!(config.get("call.timeout.ms"), Some("60000"));
        assert_eq!(config.get("account.id"), None);
        assert_eq!(config.get("no.such.key"), None);
    }

    #[test]
    fn a_file_sets_options_and_an_error_names_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lpc.conf");
        let mut config = Config::new();
        std::fs::write(&path, "# ours\r\n\n account.id = le1 \r\nclient.secret=a=b#c\n").unwrap();
        config.load_file(&path).unwrap();
        assert_eq!(config.get("account.id"), Some("le1"));
        assert_eq!(config.value("client.secret"), Some("a=b#c"));
        for (text, says) in [
            ("account.id = le2\nconect.timeout.ms = 1", "lpc.conf, line 2: unknown option"),
            ("s3cr3t", "lpc.conf, line 1: the line is not 'key = value'"),
            (
                "client.secret = s3cr3t\u{1}",
                "line 1: option 'client.secret' cannot be this: it takes",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = config.load_file(&path).unwrap_err();
            assert_eq!(error.status(), Status::Config);
            assert!(error.message().contains(says), "{error}");
            assert!(!error.message().contains("s3cr3t"));
        }
        assert_eq!(config.get("account.id"), Some("le2"));
        std::fs::write(&path, "\u{feff}account.id = le3\n").unwrap();
        config.load_file(&path).unwrap();
        assert_eq!(config.get("account.id"), Some("le3"));
        std::fs::write(&path, " ".repeat(2 << 20)).unwrap();
        assert_eq!(config.load_file(&path).unwrap_err().status(), Status::Io);
        std::fs::write(&path, b"\xff").unwrap();
        assert_eq!(config.load_file(&path).unwrap_err().status(), Status::Io);
        assert_eq!(config.load_file(directory.path()).unwrap_err().status(), Status::Io);
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
        assert!(Settings::of(&config(&[account, plain, ("domain.idp", "http://[::1]:1")])).is_ok());
    }

    #[test]
    fn every_setting_reads_an_option_that_exists() {
        // A key that is not in the table would read as unset, and its number as u64::MAX.
        let settings = Settings::of(&config(&[("account.id", "a1")])).unwrap();
        assert_eq!(settings.domain_cache_ttl.as_millis(), 3_600_000);
        assert_eq!(settings.token_api_version, 1);
        assert_eq!(settings.token_refresh_margin.as_millis(), 60_000);
        assert_eq!(settings.connect_timeout.as_millis(), 5_000);
        assert_eq!(settings.request_timeout.as_millis(), 15_000);
        assert_eq!(settings.call_timeout.as_millis(), 60_000);
        assert_eq!(settings.retry.max_attempts, 4);
        assert_eq!(settings.retry.backoff, [5_000, 10_000, 15_000].map(Duration::from_millis));
        assert_eq!(settings.rate_limit_backoff.as_millis(), 1_000);
        assert_eq!(settings.rate_limit_max_wait.as_millis(), 30_000);
        assert!(!settings.retry.ambiguous && !settings.token_verify);
        assert_eq!(settings.pool_max_connections, 32);
        assert_eq!(settings.pool_idle_timeout.as_millis(), 15_000);
        assert_eq!(settings.dns_cache_ttl.as_millis(), 60_000);
        assert_eq!(settings.response_max_bytes, 8_388_608);
        assert_eq!(settings.file_max_bytes, 3_145_728);
        assert_eq!(settings.file_preview_max_bytes, 30_720);
        assert_eq!(settings.domain_allowed_suffixes, ["liveperson.net", "liveperson.com"]);
        assert_eq!(settings.domain_api.join("/").unwrap(), "https://api.liveperson.net/");
        assert!(settings.user_agent.as_bytes().starts_with(b"lpconnector/"));
    }
}
