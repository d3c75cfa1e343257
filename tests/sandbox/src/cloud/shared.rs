//! What all connections of a sandbox share.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio_rustls::TlsConnector;

use crate::base::log::Logger;
use crate::base::options::Options;
use crate::cloud::accounts::Accounts;
use crate::cloud::variables::Variables;
use crate::faults::fault_proxies::FaultProxies;
use crate::http::conditions::Conditions;
use crate::http::places::Places;
use crate::model::account::Account;
use crate::webhooks::event_type::EventType;
use crate::webhooks::receiver::Receiver;
use crate::webhooks::webhook::Webhook;

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) logger: Arc<Logger>,
    /// Host and port of the services, for a request without the header Host.
    pub(crate) authority: String,
    pub(crate) variables: Variables,
    /// Connects to endpoints with https; None: without TLS.
    pub(crate) connector: Option<TlsConnector>,
    pub(crate) accounts: Accounts,
    pub(crate) conditions: Arc<Conditions>,
    /// For those who follow an account.
    pub(crate) followers: Places,
    /// Those of the control API.
    pub(crate) fault_proxies: FaultProxies,
}

impl Shared {
    /// The variables that point a client at this account.
    pub(crate) fn variables_of(&self, account: &Account) -> Vec<(&'static str, String)> {
        let receiver =
            self.accounts.with_site(&account.id, |site| site.outbox.receiver_address()).flatten();
        self.variables.of(account, receiver)
    }

    /// Sets where the notifications of an account go, or those of one type; says no to what makes
    /// no sense.
    pub(crate) fn set_webhook(
        &self,
        account_id: &str,
        kind: Option<EventType>,
        webhook: Webhook,
    ) -> Result<(), String> {
        webhook.check(self.connector.is_some())?;
        self.accounts
            .with_site(account_id, |site| site.outbox.set_webhook(kind, webhook))
            .ok_or_else(|| format!("there is no account {account_id:?}"))
    }

    /// Reserves a port for a program that receives the notifications of an account, and sends them
    /// there. An account has one such port. None: there is no such account.
    pub(crate) fn reserve_receiver(&self, account_id: &str) -> Option<io::Result<SocketAddr>> {
        self.accounts.with_site(account_id, |site| match site.outbox.receiver_address() {
            Some(address) => Ok(address),
            None => {
                let receiver = Receiver::reserve()?;
                Ok(site.outbox.set_receiver(receiver, self.connector.is_some()))
            }
        })
    }
}
