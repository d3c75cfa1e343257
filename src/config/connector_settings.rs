//! What a connector works with beside its client and its receiver: its options, typed and checked
//! against each other.

use std::time::Duration;

use crate::base::error::{Error, Status};
use crate::base::log::Log;
use crate::config::configuration::Config;
use crate::config::kind;
#[cfg(feature = "nats")]
use crate::config::nats_settings::NatsSettings;
use crate::config::pair::missing;

/// What a connector works with.
pub(crate) struct ConnectorSettings {
    pub(crate) store: StoreSetting,
    /// Of actions, and as many updates.
    pub(crate) queue_max: usize,
    pub(crate) key_window: Duration,
    /// JSON of how conversations are opened; it was read once, and has no first message.
    pub(crate) open: Option<String>,
    pub(crate) give_up: Duration,
    /// After the first failure.
    pub(crate) pause: Duration,
    /// Never shorter than the first.
    pub(crate) pause_max: Duration,
    pub(crate) external_id: bool,
    pub(crate) echo_wait: Duration,
    pub(crate) ambiguous: Ambiguous,
    pub(crate) ack_timeout: Duration,
    pub(crate) receipts: Receipts,
    pub(crate) foreign: bool,
    pub(crate) workers: usize,
    pub(crate) survey: bool,
    /// The program says where webhooks arrive; otherwise it hands them in.
    pub(crate) listens: bool,
    pub(crate) log: Log,
}

/// Where both queues are kept.
pub(crate) enum StoreSetting {
    Memory,
    /// The name of a file.
    Sqlite(String),
    #[cfg(feature = "nats")]
    Nats(Box<NatsSettings>),
}

/// What becomes of a message that may have been delivered, and of which nobody heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ambiguous {
    Repeat,
    Fail,
}

/// What the agent is told of a message that the program acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receipts {
    None,
    Accept,
    Read,
}

impl ConnectorSettings {
    pub(crate) fn of(config: &Config) -> Result<ConnectorSettings, Error> {
        let text = |key| config.value(key).unwrap_or_default();
        let number = |key| kind::number(text(key)) as usize;
        let millis = |key| kind::millis(text(key));
        let yes = |key| text(key) == "true";
        let (pause, pause_max) = (millis("connector.pause.ms"), millis("connector.pause.max.ms"));
        if pause_max < pause {
            let message =
                "option 'connector.pause.max.ms' cannot be less than 'connector.pause.ms'";
            return Err(Error::new(Status::Config, message));
        }
        Ok(ConnectorSettings {
            store: store(config)?,
            queue_max: number("connector.queue.max"),
            key_window: millis("connector.key.window.ms"),
            open: config.value("connector.open").map(str::to_owned),
            give_up: millis("connector.give.up.ms"),
            pause,
            pause_max,
            external_id: yes("connector.external.id"),
            echo_wait: millis("connector.echo.wait.ms"),
            ambiguous: match text("connector.ambiguous") {
                "fail" => Ambiguous::Fail,
                _ => Ambiguous::Repeat,
            },
            ack_timeout: millis("connector.ack.timeout.ms"),
            receipts: match text("connector.receipts") {
                "none" => Receipts::None,
                "read" => Receipts::Read,
                _ => Receipts::Accept,
            },
            foreign: yes("connector.foreign"),
            workers: number("connector.workers"),
            survey: yes("connector.survey"),
            listens: config.is_set("receiver.listen"),
            log: config.log.clone(),
        })
    }
}

/// There is no default: what is kept is the program's to choose.
fn store(config: &Config) -> Result<StoreSetting, Error> {
    let what = "memory keeps what is under way as long as the process lasts, sqlite: with the \
                name of a file also over its crash and a loss of power, and nats: for a fleet";
    let value = config.value("connector.store").ok_or_else(|| missing("connector.store", what))?;
    #[cfg(feature = "nats")]
    if value.starts_with("nats:") {
        return Ok(StoreSetting::Nats(Box::new(NatsSettings::of(config, value)?)));
    }
    Ok(match value.strip_prefix("sqlite:") {
        Some(file) => StoreSetting::Sqlite(file.to_owned()),
        None => StoreSetting::Memory,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: (&str, &str) = ("connector.store", "memory");

    fn refusal(pairs: &[(&str, &str)]) -> String {
        let error = ConnectorSettings::of(&Config::of(pairs)).err().expect("refused");
        assert_eq!(error.status(), Status::Config);
        error.message().to_owned()
    }

    #[test]
    fn what_is_kept_must_be_chosen() {
        let refused = refusal(&[]);
        for says in ["'connector.store' is missing", "memory", "sqlite:", "crash"] {
            assert!(refused.contains(says), "{refused}");
        }
        let pauses = [MEMORY, ("connector.pause.ms", "60001")];
        assert!(refusal(&pauses).contains("'connector.pause.max.ms' cannot be less"));
    }

    #[test]
    fn every_setting_reads_an_option_that_exists() {
        // A key that is not in the table would read as unset, and its number as u64::MAX.
        let settings = ConnectorSettings::of(&Config::of(&[MEMORY])).unwrap();
        assert!(matches!(settings.store, StoreSetting::Memory));
        assert_eq!(settings.queue_max, 1_000_000);
        assert_eq!(settings.key_window.as_millis(), 3_600_000);
        assert_eq!(settings.open, None);
        assert_eq!(settings.give_up.as_millis(), 86_400_000);
        assert_eq!(settings.pause.as_millis(), 1000);
        assert_eq!(settings.pause_max.as_millis(), 60_000);
        assert_eq!(settings.echo_wait.as_millis(), 35_000);
        assert_eq!(settings.ambiguous, Ambiguous::Repeat);
        assert_eq!(settings.ack_timeout.as_millis(), 30_000);
        assert_eq!(settings.receipts, Receipts::Accept);
        assert_eq!(settings.workers, 8);
        assert!(settings.external_id && settings.survey && !settings.foreign && !settings.listens);
    }

    #[test]
    fn what_is_set_counts() {
        let open = r#"{"skillId":"7"}"#;
        let settings = ConnectorSettings::of(&Config::of(&[
            ("connector.store", "sqlite:/tmp/queue.db"),
            ("connector.open", open),
            ("connector.external.id", "false"),
            ("connector.ambiguous", "fail"),
            ("connector.receipts", "read"),
            ("connector.foreign", "true"),
            ("connector.survey", "false"),
            ("receiver.listen", "127.0.0.1:0"),
        ]));
        let settings = settings.unwrap();
        assert!(matches!(settings.store, StoreSetting::Sqlite(file) if file == "/tmp/queue.db"));
        assert_eq!(settings.open.as_deref(), Some(open));
        assert_eq!(settings.ambiguous, Ambiguous::Fail);
        assert_eq!(settings.receipts, Receipts::Read);
        assert!(!settings.external_id && settings.foreign && !settings.survey);
        assert!(settings.listens, "set, although to what it is by default");
        let none = Config::of(&[MEMORY, ("connector.receipts", "none")]);
        assert_eq!(ConnectorSettings::of(&none).unwrap().receipts, Receipts::None);
    }

    #[test]
    #[cfg(feature = "nats")]
    fn a_store_of_a_fleet_has_settings_of_its_own() {
        let store = ("connector.store", "nats://h/sms");
        let settings = ConnectorSettings::of(&Config::of(&[store])).unwrap();
        assert!(matches!(settings.store, StoreSetting::Nats(nats) if nats.hosts == ["h:4222"]));
        let token = ("connector.nats.token", "t0k3n");
        let both = [store, token, ("connector.nats.creds.file", "/creds")];
        assert!(refusal(&both).contains("'connector.nats.creds.file' cannot be set together"));
        let memory = ConnectorSettings::of(&Config::of(&[MEMORY, both[1], both[2]]));
        assert!(memory.is_ok(), "what another store takes does not matter");
    }
}
