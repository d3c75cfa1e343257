//! What a program configures: options by their text keys.

use std::path::Path;
use std::{fmt, io};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::base::error::{Error, Status};
use crate::base::log::{Log, LogLevel};
use crate::base::small_file::read_small;
use crate::base::text::shorten;
use crate::config::documentation;
use crate::config::options::{self, OPTIONS};
use crate::net::tls::TlsFile;

/// Options of a client, set as text.
///
/// Text keys reach every language alike, and make a new option an addition. The keys, their
/// values and their defaults are listed in CONFIGURATION.md. Values are checked when they are set.
#[derive(Clone)]
pub struct Config {
    /// Parallel to [`OPTIONS`]. All are kept as secrets: simpler than two kinds, and wiped when
    /// dropped.
    values: Vec<Option<SecretString>>,
    /// Variables of the environment that are no option but look like one, and what they look like.
    odd: Vec<(String, &'static str)>,
    pub(super) log: Log,
}

impl Default for Config {
    fn default() -> Self {
        Config::new()
    }
}

impl Config {
    /// A configuration in which every option has its default.
    pub fn new() -> Config {
        Config { values: vec![None; OPTIONS.len()], odd: Vec::new(), log: Log::default() }
    }

    /// Gives the lines that clients of this configuration log, up to this level, to a function;
    /// off by default.
    ///
    /// It is called on the thread that makes the call, and must be quick. Each line is one line of
    /// text without a secret. One about a request ends with its id, and the conversation's where there is
    /// one, for example `[request 1f0e…-3, conversation 8602…]`; so do those about what is done for that
    /// request: tokens, discovery, connections, waits, and the way of its file to or from the storage.
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
    /// case with underscores for dots, for example `LPC_ACCOUNT_ID`. Other variables are ignored; of one
    /// that looks like a misspelt option, whatever is made with this configuration logs a line of level
    /// WARN.
    ///
    /// # Errors
    /// [`Status::Config`] as for [`set`](Config::set), naming the variable; options before the
    /// faulty one are set then.
    pub fn load_env(&mut self) -> Result<(), Error> {
        for option in OPTIONS {
            let name = env_name(option.key);
            let Some(value) = std::env::var_os(&name) else { continue };
            let value = Zeroizing::new(value.into_encoded_bytes());
            let set = match std::str::from_utf8(&value) {
                Ok(value) => self.set(option.key, value),
                Err(_) => Err(Error::new(Status::Config, "the value is not UTF-8")),
            };
            set.map_err(|error| error.context(&format!("environment variable {name}")))?;
        }
        // Only the name: what it holds may be a secret.
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        self.odd = names.filter_map(|name| meant_by(&name).map(|meant| (name, meant))).collect();
        self.odd.sort();
        Ok(())
    }

    /// Logs which variables may have been meant as options: who makes something with it begins so, because
    /// what is missing then may be one of these.
    pub(crate) fn tell_odd_variables(&self) {
        for (name, closest) in &self.odd {
            self.log.write(LogLevel::Warn, || {
                let meant = env_name(closest);
                format!("environment variable {name} is no option: was {meant} meant?")
            });
        }
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
        let unreadable = |why: &io::Error| {
            let message = format!("cannot read the configuration file '{shown}': {why}");
            Error::of_file(path, why, message)
        };
        let bytes = Zeroizing::new(read_small(path).map_err(|why| unreadable(&why))?);
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| unreadable(&io::Error::other("it is not UTF-8")))?;
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
        documentation::documentation()
    }

    /// The file that an option names, if it is set.
    pub(super) fn file(&self, option: &'static str) -> Option<TlsFile> {
        self.value(option).map(|path| TlsFile { option, path: path.to_owned() })
    }

    /// Whether an option has a value of its own.
    #[cfg(feature = "receiver")]
    pub(super) fn is_set(&self, key: &str) -> bool {
        options::find(key).is_ok_and(|index| self.values[index].is_some())
    }

    /// The value of an option as it was set, secrets included, or its default.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
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

/// The option that a variable may have been meant as, which is none.
fn meant_by(name: &str) -> Option<&'static str> {
    let key = name.strip_prefix("LPC_")?.to_ascii_lowercase().replace('_', ".");
    options::find(&key).err()?
}

fn env_name(key: &str) -> String {
    format!("LPC_{}", key.replace('.', "_").to_ascii_uppercase())
}

#[cfg(test)]
impl Config {
    /// One with these options set.
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Config {
        let mut config = Config::new();
        for (key, value) in pairs {
            config.set(key, value).unwrap();
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut config = Config::of(&[("connect.timeout.ms", "70")]);
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
        let mut config = Config::of(&[
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
        let mut config = Config::of(&[("call.timeout.ms", "5"), ("account.id", "a1")]);
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
}
