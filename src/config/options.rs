//! The one table of options: it drives parsing, defaults, redaction and error texts.

use std::time::Duration;

use crate::base::error::Error;
use crate::protocol::properties::{self, ClientProperties};

/// One configuration option.
pub(crate) struct OptionSpec {
    pub key: &'static str,
    /// The default in the same text form that a caller would set; `None` if there is none.
    pub default: Option<&'static str>,
    pub kind: Kind,
    /// Never shown, not even to who set it.
    pub secret: bool,
    /// What it means, for CONFIGURATION.md.
    pub text: &'static str,
}

/// What values an option takes.
pub(crate) enum Kind {
    /// Letters and digits: it becomes part of URL paths.
    AccountId,
    /// Any text on one line.
    Text,
    /// Text that is fit for an HTTP header: printable ASCII.
    Header,
    /// A token as it stands in a header: visible ASCII, no spaces.
    Token,
    /// `https://host[:port][/path]`, or `http://` on a loopback address.
    Url,
    /// Comma-separated host names.
    Hosts,
    /// A proxy's URL, or `none`.
    Proxy,
    /// The name of a file.
    File,
    /// `true` or `false`.
    Bool,
    /// A whole number in a range.
    Number { min: u64, max: u64 },
    /// JSON for the Client-Properties header.
    ClientProperties,
    /// Comma-separated names of features.
    Features,
    /// Milliseconds in a range.
    Millis { min: u64, max: u64 },
    /// Comma-separated milliseconds, each up to a maximum.
    MillisList { max: u64 },
    /// An RSA public key: SubjectPublicKeyInfo in base64.
    PublicKey,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An address and a port to listen at.
    Listen,
    /// The path of a URL.
    Path,
    /// Accounts, each with a secret.
    Accounts,
    /// `memory`, or `sqlite:` and the name of a file.
    Store,
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

const fn option(
    key: &'static str,
    default: Option<&'static str>,
    kind: Kind,
    text: &'static str,
) -> OptionSpec {
    OptionSpec { key, default, kind, secret: false, text }
}

const fn secret(key: &'static str, kind: Kind, text: &'static str) -> OptionSpec {
    OptionSpec { key, default: None, kind, secret: true, text }
}

/// Every option there is.
pub(crate) static OPTIONS: &[OptionSpec] = &[
    option("account.id", None, Kind::AccountId, "The account's site id. Required."),
    option(
        "client.id",
        None,
        Kind::Text,
        "The app install's id, to obtain AppJWTs. Not needed where `app.jwt` is given.",
    ),
    secret("client.secret", Kind::Text, "The app install's secret."),
    secret("app.jwt", Kind::Token, "An AppJWT of your own, which the library never replaces."),
    option(
        "domain.api.url",
        Some("https://api.liveperson.net"),
        Kind::Url,
        "Where services are discovered: the Domain API.",
    ),
    option(
        "domain.messaging",
        None,
        Kind::Url,
        "Base URL of the messaging service (CONVERSATION, SEND), in place of discovery.",
    ),
    option(
        "domain.sentinel",
        None,
        Kind::Url,
        "Base URL of Sentinel, which gives AppJWTs, in place of discovery.",
    ),
    option(
        "domain.idp",
        None,
        Kind::Url,
        "Base URL of the IDP, which identifies consumers, in place of discovery.",
    ),
    option(
        "domain.storage",
        None,
        Kind::Url,
        "Base URL of the file storage, in place of discovery.",
    ),
    option(
        "domain.allowed.suffixes",
        Some("liveperson.net,liveperson.com"),
        Kind::Hosts,
        "A discovered host outside these is refused: no token goes there.",
    ),
    option(
        "domain.cache.ttl.ms",
        Some("3600000"),
        Kind::Millis { min: 0, max: 30 * DAY_MS },
        "How long discovered hosts are kept.",
    ),
    option(
        "allow.plaintext",
        Some("false"),
        Kind::Bool,
        "Lets URLs given by hand be http, and discovered hosts be used with the scheme of `domain.api.url`; loopback addresses only.",
    ),
    option(
        "token.api.version",
        Some("1"),
        Kind::Number { min: 1, max: 2 },
        "Version of Sentinel's token API.",
    ),
    option(
        "token.refresh.margin.ms",
        Some("60000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "An AppJWT this close to its end is replaced before use.",
    ),
    option(
        "token.verify",
        Some("false"),
        Kind::Bool,
        "Check signature, `aud` and `iss` of each AppJWT that is obtained: with Sentinel v1 by its static key, with v2 by the key set that it publishes.",
    ),
    option(
        "token.public.key",
        None,
        Kind::PublicKey,
        "The key for `token.verify` with Sentinel v1. Unset, the one that the service is known to use.",
    ),
    option(
        "connect.timeout.ms",
        Some("5000"),
        Kind::Millis { min: 1, max: DAY_MS },
        "For one connection: name resolution, proxy and TLS included.",
    ),
    option(
        "request.timeout.ms",
        Some("15000"),
        Kind::Millis { min: 1, max: DAY_MS },
        "For one attempt of an HTTP request.",
    ),
    option(
        "call.timeout.ms",
        Some("60000"),
        Kind::Millis { min: 1, max: DAY_MS },
        "For one call, with all the requests that it needs and all their retries.",
    ),
    option(
        "retry.max.attempts",
        Some("4"),
        Kind::Number { min: 1, max: 100 },
        "How often a request is tried in all; 1 turns retries off.",
    ),
    option(
        "retry.backoff.ms",
        Some("5000,10000,15000"),
        Kind::MillisList { max: DAY_MS },
        "The wait before each retry after a 5xx or a connection failure, the last for all that follow; up to a quarter more is added at random.",
    ),
    option(
        "retry.ambiguous",
        Some("false"),
        Kind::Bool,
        "Also repeat a message that may have been delivered, with the same request id.",
    ),
    option(
        "rate.limit.backoff.ms",
        Some("1000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "How long all threads pause after a 429, unless `Retry-After` asks for more; token requests pause for 5 s at least. Threads then leave spread over as long again.",
    ),
    option(
        "rate.limit.max.wait.ms",
        Some("30000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "The longest such pause that a call waits for; where it would be longer, the call fails at once.",
    ),
    option(
        "pool.max.connections",
        Some("32"),
        Kind::Number { min: 1, max: 10_000 },
        "Idle connections kept per host.",
    ),
    option(
        "pool.idle.timeout.ms",
        Some("15000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "How long an idle connection is kept.",
    ),
    option(
        "dns.cache.ttl.ms",
        Some("60000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "How long a resolved name is kept.",
    ),
    // Secret because the URL may hold credentials.
    secret(
        "proxy.url",
        Kind::Proxy,
        "The proxy that connections go through, with credentials or without. Unset, the environment's `HTTPS_PROXY` and `NO_PROXY` count. Plain http never goes through it.",
    ),
    option(
        "tls.ca.file",
        None,
        Kind::File,
        "PEM file of the only root certificates to trust. Unset, the system's.",
    ),
    option(
        "tls.client.cert.file",
        None,
        Kind::File,
        "PEM file of our certificate, for mutual TLS.",
    ),
    option("tls.client.key.file", None, Kind::File, "PEM file of its private key."),
    option(
        "response.max.bytes",
        Some("8388608"),
        Kind::Number { min: 1024, max: 1 << 30 },
        "A longer answer, or downloaded file, is an error.",
    ),
    option(
        "file.max.bytes",
        Some("3145728"),
        Kind::Number { min: 1, max: 1 << 40 },
        "The largest file that is sent.",
    ),
    option(
        "file.preview.max.bytes",
        Some("30720"),
        Kind::Number { min: 1, max: 1 << 20 },
        "The largest preview of a file, counted as it is sent: in base64.",
    ),
    option(
        "client.properties",
        None,
        Kind::ClientProperties,
        "What the connector says about itself in the Client-Properties header; a conversation can say more.",
    ),
    option(
        "features",
        None,
        Kind::Features,
        "What the channel can do: `CO_BROWSE`, `CO_APP`, `PHOTO_SHARING`, `SECURE_FORMS`, `AUTO_MESSAGES`, `RICH_CONTENT`, `QUICK_REPLIES`, `MULTI_DIALOG` (without it the account starts no survey), `FILE_SHARING`, `MARKDOWN_HYPERLINKS`; other names go out as they are.",
    ),
    option(
        "user.agent",
        None,
        Kind::Header,
        "Appended to `lpconnector/VERSION` in the User-Agent header.",
    ),
    option(
        "receiver.listen",
        Some("127.0.0.1:0"),
        Kind::Listen,
        "Where a receiver listens for webhooks; port 0 is a free one.",
    ),
    option("receiver.path", Some("/"), Kind::Path, "The path that the service posts to."),
    option(
        "receiver.tls.cert.file",
        None,
        Kind::File,
        "PEM file of the receiver's certificate chain. Unset, it speaks plain http: for behind a proxy that ends TLS.",
    ),
    option("receiver.tls.key.file", None, Kind::File, "PEM file of its private key."),
    option(
        "receiver.tls.client.ca.file",
        None,
        Kind::File,
        "PEM file of the root certificates for mutual TLS: who connects must show a certificate of one of them. Unset, nobody is asked for one.",
    ),
    secret(
        "receiver.secret",
        Kind::Text,
        "What the service signs with; several, separated by commas, while one replaces another. Unset, `client.secret`. Where `account.id` and `client.id` are set, notifications of other accounts and apps are refused (401).",
    ),
    secret(
        "receiver.accounts",
        Kind::Accounts,
        "Further accounts whose notifications are taken, each with what its service signs with: `64467156=secret,le81823118=other`. An account may stand there several times, while one secret replaces another.",
    ),
    option(
        "receiver.queue.max",
        Some("10000"),
        Kind::Number { min: 1, max: 10_000_000 },
        "The most notifications kept for the program, those that it has and must still acknowledge included; beyond, the service is told to come again (503).",
    ),
    option(
        "receiver.body.max.bytes",
        Some("1048576"),
        Kind::Number { min: 1024, max: 4 << 20 },
        "A longer notification is refused (413).",
    ),
    option(
        "receiver.ack",
        Some("enqueue"),
        Kind::Word(&["enqueue", "manual"]),
        "When the service is told that a notification arrived: once it is queued, or once the program acknowledged it.",
    ),
    option(
        "receiver.ack.timeout.ms",
        Some("2000"),
        Kind::Millis { min: 1, max: 2500 },
        "With `receiver.ack=manual`, how long the program has for that; then the service is told to come again (503).",
    ),
    option(
        "receiver.order",
        Some("false"),
        Kind::Bool,
        "Gives the events of one dialog out by sequence.",
    ),
    option(
        "receiver.order.wait.ms",
        Some("1000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "How long that waits for one that is missing.",
    ),
    option(
        "receiver.duplicates.window",
        Some("10000"),
        Kind::Number { min: 0, max: 10_000_000 },
        "How many of the last notifications are remembered, to drop what comes again.",
    ),
    option(
        "receiver.store",
        Some("memory"),
        Kind::Store,
        "Where notifications are kept until the program acknowledges them: a file outlives the process.",
    ),
];

/// The place of an option in [`OPTIONS`], or the closest key to what was meant.
pub(crate) fn find(key: &str) -> Result<usize, Option<&'static str>> {
    if let Some(index) = OPTIONS.iter().position(|option| option.key == key) {
        return Ok(index);
    }
    // What is much longer than any key was not meant as one, and would take long to compare.
    let closest = OPTIONS
        .iter()
        .filter(|_| key.len() <= 64)
        .map(|option| (strsim::damerau_levenshtein(key, option.key), option.key))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3);
    Err(closest.map(|(_, candidate)| candidate))
}

impl Kind {
    /// Checks a value; the error says what the option takes, without the value.
    pub(crate) fn check(&self, value: &str) -> Result<(), String> {
        let says = |error: Error| format!("{}: {}", self.takes(), error.message());
        let good = match self {
            Kind::ClientProperties => {
                return ClientProperties::from_json(value).map(drop).map_err(says);
            }
            Kind::Features => return properties::features(value).map(drop).map_err(says),
            Kind::AccountId => value.bytes().all(|b| b.is_ascii_alphanumeric()),
            Kind::Text => !value.chars().any(char::is_control),
            Kind::Header => {
                value.len() <= 1000 && value.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
            }
            Kind::Token => {
                value.len() <= crate::base::secret::LONGEST
                    && value.bytes().all(|b| b.is_ascii_graphic())
            }
            Kind::Url => crate::net::url::BaseUrl::parse(value).is_ok(),
            Kind::Hosts => value.split(',').all(|host| crate::net::url::is_host(host.trim())),
            Kind::Proxy => value == "none" || crate::net::proxy::parse(value).is_ok(),
            Kind::File => true,
            Kind::Bool => matches!(value, "true" | "false"),
            Kind::MillisList { max } => value
                .split(',')
                .all(|one| one.trim().parse().is_ok_and(|number: u64| number <= *max)),
            Kind::Word(words) => words.contains(&value),
            Kind::Listen => value.parse::<std::net::SocketAddr>().is_ok(),
            Kind::Path => {
                value.starts_with('/')
                    && value.bytes().all(|b| b.is_ascii_graphic() && !b"?#".contains(&b))
            }
            Kind::Store => {
                value == "memory" || value.strip_prefix("sqlite:").is_some_and(|p| !p.is_empty())
            }
            Kind::Accounts => {
                !value.chars().any(char::is_control)
                    && value.split(',').all(|one| account(one).is_some())
            }
            Kind::PublicKey => crate::protocol::app_jwt::PublicKey::from_base64(value).is_some(),
            Kind::Number { min, max } | Kind::Millis { min, max } => {
                value.parse().is_ok_and(|number: u64| (*min..=*max).contains(&number))
            }
        };
        if good { Ok(()) } else { Err(self.takes()) }
    }

    fn takes(&self) -> String {
        match self {
            Kind::AccountId => "letters and digits only".to_owned(),
            Kind::Text => "text without control characters".to_owned(),
            Kind::Header => "up to 1000 characters of printable ASCII text".to_owned(),
            Kind::Token => {
                "a token: up to 16384 visible ASCII characters without spaces".to_owned()
            }
            Kind::Url => "a base URL such as https://host or https://host:port/path".to_owned(),
            Kind::Hosts => "host names, separated by commas".to_owned(),
            Kind::Proxy => {
                "http://, https://, socks5:// or socks5h:// with host and port, or none".to_owned()
            }
            Kind::File => "a file name".to_owned(),
            Kind::Bool => "true or false".to_owned(),
            Kind::ClientProperties => "client properties as a JSON object".to_owned(),
            Kind::Features => "names of features, separated by commas".to_owned(),
            Kind::MillisList { max } => {
                format!("milliseconds, whole numbers up to {max}, separated by commas")
            }
            Kind::Word(words) => words.join(" or "),
            Kind::Listen => "an address and port, for example 0.0.0.0:8443".to_owned(),
            Kind::Path => "a path that begins with /".to_owned(),
            Kind::Accounts => {
                "accounts with their secrets, ID=SECRET, separated by commas".to_owned()
            }
            Kind::Store => "memory, or sqlite: and the name of a file".to_owned(),
            Kind::PublicKey => "an RSA public key: SubjectPublicKeyInfo in base64".to_owned(),
            Kind::Number { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Millis { min, max } => {
                format!("milliseconds, a whole number from {min} to {max}")
            }
        }
    }
}

/// CONFIGURATION.md: the table for people.
pub(crate) fn documentation() -> String {
    let mut page = String::from(INTRODUCTION);
    for option in OPTIONS {
        let default = option.default.map(|value| format!("`{value}`")).unwrap_or_default();
        let secret = if option.secret { " Secret." } else { "" };
        let (key, takes, text) = (option.key, option.kind.takes(), option.text);
        page.push_str(&format!("| `{key}` | {default} | {takes} | {text}{secret} |\n"));
    }
    page
}

const INTRODUCTION: &str = "\
# Configuration

Generated from src/options.rs by `make docs`; do not edit.

Options are text. They are set one by one (`lpc_config_set` in C, `Config::set` in Rust, keywords with
underscores for dots in Python), from a file of `key = value` lines with `#` comments
(`lpc_config_load_file`, `Config::load_file`, `Client.from_file`), or from the environment
(`lpc_config_load_env`, `Config::load_env`, `Client.from_env`), where the variable of `account.id` is
`LPC_ACCOUNT_ID` and so on. What is set last counts. Values are checked when they are set; an unknown
key is refused, with the one that may have been meant. An empty value puts the default back. Secrets
read back as `***`.

| key | default | takes | meaning |
| --- | --- | --- | --- |
";

/// The accounts behind a value that [`Kind::check`] let pass, each with a secret.
#[cfg(feature = "receiver")]
pub(crate) fn accounts(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value.split(',').filter_map(account)
}

fn account(one: &str) -> Option<(&str, &str)> {
    let (id, secret) = one.split_once('=')?;
    let (id, secret) = (id.trim(), secret.trim());
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_id && !secret.is_empty()).then_some((id, secret))
}

/// The number behind a value that [`Kind::check`] let pass.
pub(crate) fn number(value: &str) -> u64 {
    value.parse().unwrap_or(u64::MAX)
}

/// The time behind a value that [`Kind::check`] let pass.
pub(crate) fn millis(value: &str) -> Duration {
    Duration::from_millis(number(value))
}

/// The times behind a value that [`Kind::check`] let pass.
pub(crate) fn millis_list(value: &str) -> Vec<Duration> {
    value.split(',').map(|one| millis(one.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_the_option_takes() {
        for option in OPTIONS {
            if let Some(default) = option.default {
                assert_eq!(option.kind.check(default), Ok(()), "{}", option.key);
            }
        }
    }

    #[test]
    fn accounts_are_pairs_of_an_id_and_a_secret() {
        let value = "le1=a, 64467156 = b=c ,le1=d";
        assert_eq!(Kind::Accounts.check(value), Ok(()));
        let read: Vec<_> = accounts(value).collect();
        assert_eq!(read, [("le1", "a"), ("64467156", "b=c"), ("le1", "d")]);
        for bad in ["le1", "le1=", "=a", "l e=a", "le1=a,", "le1=a\n"] {
            assert!(Kind::Accounts.check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_misspelt_key_finds_its_neighbour_and_nonsense_finds_none() {
        assert_eq!(find("conect.timeout.ms"), Err(Some("connect.timeout.ms")));
        assert_eq!(find("client.secert"), Err(Some("client.secret")));
        assert_eq!(find("x"), Err(None));
        assert_eq!(find(&"call.timeout.ms".repeat(100_000)), Err(None));
        assert!(find("account.id").is_ok());
    }
}
