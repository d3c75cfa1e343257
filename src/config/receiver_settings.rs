//! What a receiver works with: its options, typed and checked against each other.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;

use crate::base::error::Error;
use crate::base::log::Log;
use crate::config::accounts::{Account, Accounts};
use crate::config::configuration::Config;
use crate::config::kind;
use crate::config::pair::{identity, missing};
use crate::net::tls::{Identity, TlsFile};

/// What a receiver works with.
pub(crate) struct ReceiverSettings {
    pub listen: SocketAddr,
    pub path: String,
    pub tls_identity: Option<Identity>,
    /// Whose certificates the service must show.
    pub tls_client_ca: Option<TlsFile>,
    pub accounts: Accounts,
    pub body_max_bytes: usize,
    pub ack_timeout: Duration,
    pub sqlite: Option<String>,
    pub inbox: InboxSettings,
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
        let secrets = match config.value("receiver.secret") {
            Some(several) => split_secrets(several),
            None => config.value("client.secret").map(SecretString::from).into_iter().collect(),
        };
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
            let what = "or client.secret or receiver.accounts, to check signatures with";
            return Err(missing("receiver.secret", what));
        }
        let tls_identity = identity(config, "receiver.tls.cert.file", "receiver.tls.key.file")?;
        let tls_client_ca = config.file("receiver.tls.client.ca.file");
        if tls_client_ca.is_some() && tls_identity.is_none() {
            let what = "it belongs to 'receiver.tls.client.ca.file'";
            return Err(missing("receiver.tls.cert.file", what));
        }
        Ok(ReceiverSettings {
            // Checked when it was set.
            listen: text("receiver.listen").parse().map_err(|_| missing("receiver.listen", ""))?,
            path: text("receiver.path").to_owned(),
            tls_identity,
            tls_client_ca,
            accounts,
            body_max_bytes: number("receiver.body.max.bytes"),
            ack_timeout: millis("receiver.ack.timeout.ms"),
            sqlite: text("receiver.store").strip_prefix("sqlite:").map(str::to_owned),
            inbox: InboxSettings {
                queue_max: number("receiver.queue.max"),
                duplicates_window: number("receiver.duplicates.window"),
                order: text("receiver.order") == "true",
                order_wait: millis("receiver.order.wait.ms"),
                manual_ack: text("receiver.ack") == "manual",
                ack_timeout: millis("receiver.ack.timeout.ms"),
            },
            log: config.log.clone(),
        })
    }
}

/// Several secrets, while one replaces another.
fn split_secrets(several: &str) -> Vec<SecretString> {
    let secrets = several.split(',').map(str::trim).filter(|one| !one.is_empty());
    secrets.map(SecretString::from).collect()
}
