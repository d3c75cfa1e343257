//! The one table of options: it drives parsing, defaults, redaction and error texts.

use std::time::Duration;

/// One configuration option.
pub(crate) struct OptionSpec {
    pub key: &'static str,
    /// The default in the same text form that a caller would set; `None` if there is none.
    pub default: Option<&'static str>,
    pub kind: Kind,
    /// Never shown, not even to who set it.
    pub secret: bool,
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
    /// Milliseconds in a range.
    Millis { min: u64, max: u64 },
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

const fn option(key: &'static str, default: Option<&'static str>, kind: Kind) -> OptionSpec {
    OptionSpec { key, default, kind, secret: false }
}

const fn secret(key: &'static str, kind: Kind) -> OptionSpec {
    OptionSpec { key, default: None, kind, secret: true }
}

/// Every option there is.
pub(crate) static OPTIONS: &[OptionSpec] = &[
    option("account.id", None, Kind::AccountId),
    option("client.id", None, Kind::Text),
    secret("client.secret", Kind::Text),
    secret("app.jwt", Kind::Token),
    option("domain.api.url", Some("https://api.liveperson.net"), Kind::Url),
    option("domain.messaging", None, Kind::Url),
    option("domain.sentinel", None, Kind::Url),
    option("domain.idp", None, Kind::Url),
    option("domain.allowed.suffixes", Some("liveperson.net,liveperson.com"), Kind::Hosts),
    option("domain.cache.ttl.ms", Some("3600000"), Kind::Millis { min: 0, max: 30 * DAY_MS }),
    option("allow.plaintext", Some("false"), Kind::Bool),
    option("token.api.version", Some("1"), Kind::Number { min: 1, max: 2 }),
    option("token.refresh.margin.ms", Some("60000"), Kind::Millis { min: 0, max: DAY_MS }),
    option("connect.timeout.ms", Some("5000"), Kind::Millis { min: 1, max: DAY_MS }),
    option("request.timeout.ms", Some("15000"), Kind::Millis { min: 1, max: DAY_MS }),
    option("call.timeout.ms", Some("60000"), Kind::Millis { min: 1, max: DAY_MS }),
    option("pool.max.connections", Some("32"), Kind::Number { min: 1, max: 10_000 }),
    option("pool.idle.timeout.ms", Some("15000"), Kind::Millis { min: 0, max: DAY_MS }),
    option("dns.cache.ttl.ms", Some("60000"), Kind::Millis { min: 0, max: DAY_MS }),
    // Secret because the URL may hold credentials.
    secret("proxy.url", Kind::Proxy),
    option("tls.ca.file", None, Kind::File),
    option("tls.client.cert.file", None, Kind::File),
    option("tls.client.key.file", None, Kind::File),
    option("response.max.bytes", Some("8388608"), Kind::Number { min: 1024, max: 1 << 30 }),
    option("user.agent", None, Kind::Header),
];

/// The place of an option in [`OPTIONS`], or the closest key to what was meant.
pub(crate) fn find(key: &str) -> Result<usize, Option<&'static str>> {
    if let Some(index) = OPTIONS.iter().position(|option| option.key == key) {
        return Ok(index);
    }
    let closest = OPTIONS
        .iter()
        .map(|option| (strsim::damerau_levenshtein(key, option.key), option.key))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3);
    Err(closest.map(|(_, candidate)| candidate))
}

impl Kind {
    /// Checks a value; the error says what the option takes, without the value.
    pub(crate) fn check(&self, value: &str) -> Result<(), String> {
        let good = match self {
            Kind::AccountId => value.bytes().all(|b| b.is_ascii_alphanumeric()),
            Kind::Text => !value.chars().any(char::is_control),
            Kind::Header => value.bytes().all(|b| b.is_ascii_graphic() || b == b' '),
            Kind::Token => value.bytes().all(|b| b.is_ascii_graphic()),
            Kind::Url => crate::url::BaseUrl::parse(value).is_ok(),
            Kind::Hosts => value.split(',').all(|host| crate::url::is_host(host.trim())),
            Kind::Proxy => value == "none" || crate::proxy::parse(value).is_ok(),
            Kind::File => true,
            Kind::Bool => matches!(value, "true" | "false"),
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
            Kind::Header => "printable ASCII text".to_owned(),
            Kind::Token => "a token: visible ASCII characters without spaces".to_owned(),
            Kind::Url => "a base URL such as https://host or https://host:port/path".to_owned(),
            Kind::Hosts => "host names, separated by commas".to_owned(),
            Kind::Proxy => "http://, https:// or socks5:// with host and port, or none".to_owned(),
            Kind::File => "a file name".to_owned(),
            Kind::Bool => "true or false".to_owned(),
            Kind::Number { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Millis { min, max } => {
                format!("milliseconds, a whole number from {min} to {max}")
            }
        }
    }
}

/// The number behind a value that [`Kind::check`] let pass.
pub(crate) fn number(value: &str) -> u64 {
    value.parse().unwrap_or(u64::MAX)
}

/// The time behind a value that [`Kind::check`] let pass.
pub(crate) fn millis(value: &str) -> Duration {
    Duration::from_millis(number(value))
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
    fn a_misspelt_key_finds_its_neighbour_and_nonsense_finds_none() {
        assert_eq!(find("conect.timeout.ms"), Err(Some("connect.timeout.ms")));
        assert_eq!(find("client.secert"), Err(Some("client.secret")));
        assert_eq!(find("x"), Err(None));
        assert!(find("account.id").is_ok());
    }
}
