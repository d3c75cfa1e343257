//! What the store of a fleet works with: where NATS is, who connects to it, and what is made there.

use std::time::Duration;

use secrecy::SecretString;

use crate::base::error::{Error, Status};
use crate::config::configuration::Config;
use crate::config::kind;
use crate::config::nats_url::NatsUrl;
use crate::config::pair::{identity, pair};
use crate::net::tls::{Identity, TlsFile};

/// How long NATS has to answer.
const REQUEST_TIME: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct NatsSettings {
    /// Each with its port.
    pub hosts: Vec<String>,
    /// All that is kept there begins with it.
    pub name: String,
    /// Whose store it is.
    pub account: String,
    pub login: NatsLogin,
    pub roots: Option<TlsFile>,
    pub identity: Option<Identity>,
    /// Of what is made; what is there keeps its own.
    pub replicas: usize,
    pub partitions: u16,
    /// A node that says nothing for so long has its work taken over.
    pub takeover: Duration,
    /// Entries of each direction.
    pub queue_max: usize,
    pub key_window: Duration,
    /// For the first connection, and for each answer until the store is open.
    pub connect_timeout: Duration,
    pub request_time: Duration,
    /// So long somebody waits until something is written.
    pub patience: Duration,
}

/// Who connects.
#[derive(Clone)]
pub(crate) enum NatsLogin {
    Nobody,
    User {
        name: String,
        password: SecretString,
    },
    Token(SecretString),
    /// A JWT and its seed, as `nsc` writes them.
    Creds(TlsFile),
    /// A seed.
    NKey(TlsFile),
}

impl NatsSettings {
    pub(super) fn of(config: &Config, url: &str) -> Result<NatsSettings, Error> {
        let text = |key| config.value(key).unwrap_or_default();
        let NatsUrl { hosts, name } = NatsUrl::parse(url).map_err(|why| {
            Error::new(Status::Config, format!("option 'connector.store': {why}"))
        })?;
        Ok(NatsSettings {
            hosts,
            name,
            account: text("account.id").to_owned(),
            login: NatsLogin::of(config)?,
            roots: config.file("connector.nats.tls.ca.file"),
            identity: identity(
                config,
                "connector.nats.tls.cert.file",
                "connector.nats.tls.key.file",
            )?,
            replicas: kind::number(text("connector.nats.replicas")) as usize,
            partitions: kind::number(text("connector.nats.partitions")) as u16,
            takeover: kind::millis(text("connector.takeover.ms")),
            queue_max: kind::number(text("connector.queue.max")) as usize,
            key_window: kind::millis(text("connector.key.window.ms")),
            connect_timeout: kind::millis(text("connect.timeout.ms")),
            request_time: REQUEST_TIME,
            patience: kind::millis(text("call.timeout.ms")),
        })
    }

    /// Whether TLS is asked for here; otherwise the server decides.
    pub(crate) fn has_tls(&self) -> bool {
        self.roots.is_some() || self.identity.is_some()
    }
}

impl NatsLogin {
    fn of(config: &Config) -> Result<NatsLogin, Error> {
        let user = pair(config, "connector.nats.user", "connector.nats.password")?;
        let user = user.map(|(name, password)| {
            let login = NatsLogin::User { name: name.to_owned(), password: password.into() };
            ("connector.nats.user", login)
        });
        let token = config.value("connector.nats.token");
        let token = token.map(|it| ("connector.nats.token", NatsLogin::Token(it.into())));
        let file = |key, make: fn(TlsFile) -> NatsLogin| config.file(key).map(|it| (key, make(it)));
        let creds = file("connector.nats.creds.file", NatsLogin::Creds);
        let nkey = file("connector.nats.nkey.file", NatsLogin::NKey);
        let mut logins = [user, token, creds, nkey].into_iter().flatten();
        let Some((key, login)) = logins.next() else { return Ok(NatsLogin::Nobody) };
        match logins.next() {
            None => Ok(login),
            Some((other, _)) => {
                let message = format!("option '{other}' cannot be set together with '{key}'");
                Err(Error::new(Status::Config, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "nats://a,b:5222/sms";

    fn refusal(pairs: &[(&str, &str)]) -> String {
        let error = NatsSettings::of(&Config::of(pairs), URL).err().expect("refused");
        assert_eq!(error.status(), Status::Config);
        error.message().to_owned()
    }

    #[test]
    fn every_setting_reads_an_option_that_exists() {
        let settings = NatsSettings::of(&Config::new(), URL).unwrap();
        assert_eq!(settings.hosts, ["a:4222", "b:5222"]);
        assert_eq!((&*settings.name, settings.replicas, settings.partitions), ("sms", 1, 64));
        assert_eq!(settings.takeover.as_millis(), 10_000);
        assert_eq!(settings.queue_max, 1_000_000);
        assert_eq!(settings.key_window.as_millis(), 3_600_000);
        assert_eq!(settings.connect_timeout.as_millis(), 5000);
        assert!(matches!(settings.login, NatsLogin::Nobody) && !settings.has_tls());
        let ca = NatsSettings::of(&Config::of(&[("connector.nats.tls.ca.file", "/ca")]), URL);
        assert!(ca.unwrap().has_tls());
    }

    #[test]
    fn one_says_who_it_is_in_one_way() {
        let of = |pairs: &[(&str, &str)]| NatsSettings::of(&Config::of(pairs), URL).unwrap().login;
        let user = ("connector.nats.user", "u");
        let password = ("connector.nats.password", "pa55");
        let token = ("connector.nats.token", "t0k3n");
        let creds = ("connector.nats.creds.file", "/creds");
        let nkey = ("connector.nats.nkey.file", "/nkey");
        assert!(matches!(of(&[user, password]), NatsLogin::User { .. }));
        assert!(matches!(of(&[token]), NatsLogin::Token(_)));
        assert!(matches!(of(&[creds]), NatsLogin::Creds(file) if file.path == "/creds"));
        assert!(matches!(of(&[nkey]), NatsLogin::NKey(file) if file.path == "/nkey"));
        for (pairs, says) in [
            (&[user][..], "'connector.nats.password' is missing"),
            (&[password], "'connector.nats.user' is missing"),
            (&[user, password, token], "'connector.nats.token' cannot be set together"),
            (&[token, creds], "together with 'connector.nats.token'"),
            (&[creds, nkey], "'connector.nats.nkey.file' cannot be set together"),
            (&[("connector.nats.tls.cert.file", "/c")], "'connector.nats.tls.key.file' is missing"),
        ] {
            let refused = refusal(pairs);
            assert!(refused.contains(says), "{refused}");
            assert!(!refused.contains("pa55") && !refused.contains("t0k3n"), "{refused}");
        }
    }
}
