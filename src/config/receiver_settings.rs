//! What a receiver works with: its options, typed and checked against each other.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;

use crate::base::error::{Error, Status};
use crate::base::log::Log;
use crate::config::accounts::{Account, Accounts};
use crate::config::configuration::Config;
use crate::config::kind;
use crate::config::pair::{identity, missing};
use crate::net::tls::ServerFiles;

/// What a receiver works with.
pub(crate) struct ReceiverSettings {
    pub listener: ListenerSettings,
    pub sqlite: Option<String>,
    pub inbox: InboxSettings,
}

/// What its endpoint works with, whatever becomes of the notifications.
pub(crate) struct ListenerSettings {
    pub listen: SocketAddr,
    pub path: String,
    /// Where 200 says that notifications can be taken.
    pub health_path: Option<String>,
    pub tls: Option<ServerFiles>,
    pub accounts: Accounts,
    pub body_max_bytes: usize,
    pub ack_timeout: Duration,
    pub log: Log,
}

/// How an inbox works.
pub(crate) struct InboxSettings {
    pub queue_max: usize,
    pub duplicates_window: usize,
    pub order: bool,
    pub order_wait: Duration,
    /// The service is told once the program acknowledged.
    pub manual_ack: bool,
    /// How long the program has for that.
    pub ack_timeout: Duration,
}

impl ReceiverSettings {
    pub(crate) fn of(config: &Config) -> Result<ReceiverSettings, Error> {
        let text = |key| config.value(key).unwrap_or_default();
        let number = |key| kind::number(text(key)) as usize;
        let millis = |key| kind::millis(text(key));
        Ok(ReceiverSettings {
            listener: ListenerSettings::of(config)?,
            sqlite: text("receiver.store").strip_prefix("sqlite:").map(str::to_owned),
            inbox: InboxSettings {
                queue_max: number("receiver.queue.max"),
                duplicates_window: number("receiver.duplicates.window"),
                order: text("receiver.order") == "true",
                order_wait: millis("receiver.order.wait.ms"),
                manual_ack: text("receiver.ack") == "manual",
                ack_timeout: millis("receiver.ack.timeout.ms"),
            },
        })
    }
}

impl ListenerSettings {
    pub(crate) fn of(config: &Config) -> Result<ListenerSettings, Error> {
        let text = |key| config.value(key).unwrap_or_default();
        let secrets = signing_secrets(config);
        let own = |key| config.value(key).map(str::to_owned);
        let accounts = Accounts {
            own: Account { id: own("account.id"), client_id: own("client.id"), secrets },
            others: kind::accounts(text("receiver.accounts"))
                .map(|(id, secret)| Account {
                    id: Some(id.to_owned()),
                    client_id: None,
                    secrets: vec![secret.into()],
                })
                .collect(),
        };
        if accounts.own.secrets.is_empty() && accounts.others.is_empty() {
            let what = "or receiver.secret or receiver.accounts, to check signatures with";
            return Err(missing("client.secret", what));
        }
        let tls_identity = identity(config, "receiver.tls.cert.file", "receiver.tls.key.file")?;
        let tls_client_ca = config.file("receiver.tls.client.ca.file");
        if tls_client_ca.is_some() && tls_identity.is_none() {
            let what = "it belongs to 'receiver.tls.client.ca.file'";
            return Err(missing("receiver.tls.cert.file", what));
        }
        let tls =
            tls_identity.map(|identity| ServerFiles { identity, client_roots: tls_client_ca });
        Ok(ListenerSettings {
            // Checked when it was set.
            listen: text("receiver.listen").parse().map_err(|_| missing("receiver.listen", ""))?,
            path: text("receiver.path").to_owned(),
            health_path: health_path(config)?,
            tls,
            accounts,
            body_max_bytes: kind::number(text("receiver.body.max.bytes")) as usize,
            ack_timeout: kind::millis(text("receiver.ack.timeout.ms")),
            log: config.log.clone(),
        })
    }
}

/// The path of the checks of health, which must not be that of the notifications. Where only the
/// default is, who set the other path is not asked to know of it: then there are no checks.
fn health_path(config: &Config) -> Result<Option<String>, Error> {
    let key = "receiver.health.path";
    let path = config.value(key).filter(|path| *path != "none");
    if path.is_none() || path != config.value("receiver.path") {
        return Ok(path.map(str::to_owned));
    }
    if !config.is_set(key) {
        return Ok(None);
    }
    let message = format!("option '{key}' cannot be that of 'receiver.path'; 'none' turns it off");
    Err(Error::new(Status::Config, message))
}

/// What the service signs the notifications of the account with.
pub(crate) fn signing_secrets(config: &Config) -> Vec<SecretString> {
    match config.value("receiver.secret") {
        Some(several) => split_secrets(several),
        None => config.value("client.secret").map(SecretString::from).into_iter().collect(),
    }
}

/// Several secrets, while one replaces another.
fn split_secrets(several: &str) -> Vec<SecretString> {
    let secrets = several.split(',').map(str::trim).filter(|one| !one.is_empty());
    secrets.map(SecretString::from).collect()
}
