//! The sandbox that a client finds.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lpc_sandbox::{Account, EventType, Options, Retry, Sandbox, Survey, Webhook};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::values::Values;

/// An account for one client, in a sandbox that others share.
pub struct Scene {
    pub sandbox: &'static Sandbox,
    pub tls: Option<Arc<ClientConfig>>,
    pub account: Account,
    pub endpoint: Option<Endpoint>,
}

impl Scene {
    pub fn new(client: &Client) -> Result<Scene, String> {
        let sandbox = sandbox(client.tls);
        let account = match &client.account {
            None => sandbox.new_account(),
            Some(own) => {
                let account = Account::new(&own.id, &own.client_id, &own.client_secret);
                sandbox.add_account(&account);
                account
            }
        };
        if !client.survey.is_null() {
            sandbox.set_survey(&account.id, Some(Survey::new(&client.survey)?));
        }
        let tls = if client.tls { Some(trust(sandbox)?) } else { None };
        let mut scene = Scene { sandbox, tls, account, endpoint: None };
        scene.register(client)?;
        Ok(scene)
    }

    /// Points the account's webhooks at an endpoint, where the client has some.
    fn register(&mut self, client: &Client) -> Result<(), String> {
        let Some(webhooks) = &client.webhooks else { return Ok(()) };
        let endpoint = Endpoint::new().map_err(|error| error.to_string())?;
        for (kind, path) in &webhooks.paths {
            // In order, as the steps are.
            let retry = Retry::Retention { time: Duration::from_secs(60) };
            let webhook = Webhook { retry, ..Webhook::to(endpoint.url(path)) };
            match kind.as_str() {
                "all" => self.sandbox.set_webhook(&self.account.id, webhook),
                kind => self.sandbox.set_webhook_for(&self.account.id, event_type(kind)?, webhook),
            }
        }
        self.endpoint = Some(endpoint);
        Ok(())
    }

    /// What a client knows before it asks anybody.
    pub fn values(&self) -> Values {
        let authority = |url: &str| url.split_once("://").map_or(url, |(_, it)| it).to_owned();
        let services = authority(self.sandbox.url());
        let plain = self.sandbox.domain_url().map_or(services.clone(), authority);
        let mut values = Values::default();
        values.set("account", &*self.account.id);
        values.set("client_id", &*self.account.client_id);
        values.set("client_secret", &*self.account.client_secret);
        values.set("domain_api", &*services);
        values.set("plain_domain_api", plain);
        values.set("services", services);
        values
    }
}

/// With TLS or without.
fn sandbox(tls: bool) -> &'static Sandbox {
    static SANDBOXES: [OnceLock<Sandbox>; 2] = [const { OnceLock::new() }; 2];
    SANDBOXES[usize::from(tls)].get_or_init(|| {
        Sandbox::start(Options { tls, ..Options::default() }).expect("the sandbox starts")
    })
}

fn trust(sandbox: &Sandbox) -> Result<Arc<ClientConfig>, String> {
    let file = sandbox.ca_file().ok_or("there is no CA")?;
    let certificate = CertificateDer::from_pem_file(file).map_err(|error| error.to_string())?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate).map_err(|error| error.to_string())?;
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth().into())
}

fn event_type(name: &str) -> Result<EventType, String> {
    Ok(match name {
        "cqm.ExConversationChangeNotification" => EventType::ConversationChange,
        "ms.MessagingEventNotification.ContentEvent" => EventType::Content,
        "ms.MessagingEventNotification.RichContentEvent" => EventType::RichContent,
        "ms.MessagingEventNotification.AcceptStatusEvent" => EventType::AcceptStatus,
        "ms.MessagingEventNotification.ChatStateEvent" => EventType::ChatState,
        _ => return Err(format!("{name:?} is no type of notification")),
    })
}
