//! What values an option takes, and what is read from one that it took.

use std::time::Duration;

use crate::base::error::Error;
use crate::config::nats_url::NatsUrl;
use crate::protocol::open::OpenOptions;
use crate::protocol::properties::{self, ClientProperties};

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
    /// The same, or `none`.
    PathOrNone,
    /// Accounts, each with a secret.
    Accounts,
    /// `memory`, or `sqlite:` and the name of a file.
    Store,
    /// The same of a connector, and where a fleet keeps its own.
    ConnectorStore,
    /// JSON of how a conversation is opened, without its first message.
    OpenOptions,
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
            Kind::OpenOptions => {
                let options = OpenOptions::from_json(value).map_err(says)?;
                options.first_message.is_none()
            }
            Kind::ConnectorStore if value.starts_with("nats:") => {
                if !cfg!(feature = "nats") {
                    return Err(format!("{}; nats: is not in this build", self.takes()));
                }
                let url = NatsUrl::parse(value);
                return url.map(drop).map_err(|why| format!("{}; {why}", self.takes()));
            }
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
            Kind::PathOrNone => value == "none" || Kind::Path.check(value).is_ok(),
            Kind::Store | Kind::ConnectorStore => {
                // SQLite has names of its own for what is no file.
                let is_file = |name: &str| {
                    !name.is_empty() && !name.starts_with("file:") && !name.starts_with(':')
                };
                value == "memory" || value.strip_prefix("sqlite:").is_some_and(is_file)
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

    pub(crate) fn takes(&self) -> String {
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
            Kind::OpenOptions => {
                "options to open a conversation with as a JSON object, without firstMessage"
                    .to_owned()
            }
            Kind::MillisList { max } => {
                format!("milliseconds, whole numbers up to {max}, separated by commas")
            }
            Kind::Word(words) => words.join(" or "),
            Kind::Listen => "an address and port, for example 0.0.0.0:8443".to_owned(),
            Kind::Path => "a path that begins with /".to_owned(),
            Kind::PathOrNone => "a path that begins with /, or none".to_owned(),
            Kind::Accounts => {
                "accounts with their secrets, ID=SECRET, separated by commas".to_owned()
            }
            Kind::ConnectorStore if cfg!(feature = "nats") => {
                "memory, sqlite: and the name of a file, no URI and no :memory:, or \
                 nats://host[:port][,host2[:port]…]/NAME"
                    .to_owned()
            }
            Kind::Store | Kind::ConnectorStore => {
                "memory, or sqlite: and the name of a file, no URI and no :memory:".to_owned()
            }
            Kind::PublicKey => "an RSA public key: SubjectPublicKeyInfo in base64".to_owned(),
            Kind::Number { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Millis { min, max } => {
                format!("milliseconds, a whole number from {min} to {max}")
            }
        }
    }
}

/// The accounts behind a value that [`Kind::check`] let pass, each with a secret.
#[cfg(any(feature = "receiver", test))]
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
    fn how_conversations_are_opened_is_checked_when_it_is_set() {
        let good = r#"{"skillId":"7","profile":{"personal":{"firstname":"A"}},"ttr":null}"#;
        assert_eq!(Kind::OpenOptions.check(good), Ok(()));
        for (bad, says) in [
            ("Hi", "options_json is not JSON"),
            (r#"{"skill":"7"}"#, "did you mean 'skillId'?"),
            (r#"{"firstMessage":"Hi"}"#, "without firstMessage"),
        ] {
            let refused = Kind::OpenOptions.check(bad).unwrap_err();
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn a_store_of_another_build_is_told_from_nonsense() {
        for good in ["memory", "sqlite:/var/lib/queue.db"] {
            assert_eq!(Kind::ConnectorStore.check(good), Ok(()), "{good}");
        }
        for bad in ["Memory", "sqlite:", "sqlite::memory:", "sqlite:file:x", "redis://h"] {
            let takes = Kind::ConnectorStore.takes();
            assert_eq!(Kind::ConnectorStore.check(bad), Err(takes), "{bad}");
        }
        let of_a_fleet = Kind::ConnectorStore.check("nats://h:4222/sms");
        if cfg!(feature = "nats") {
            assert_eq!(of_a_fleet, Ok(()));
            let user = Kind::ConnectorStore.check("nats://u:pa55@h/sms").unwrap_err();
            assert!(user.contains("connector.nats.user") && !user.contains("pa55"), "{user}");
        } else {
            let other = of_a_fleet.unwrap_err();
            assert!(other.ends_with("; nats: is not in this build"), "{other}");
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
}
