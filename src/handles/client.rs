//! The client: one account, its connections and its token.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arc_swap::ArcSwapOption;
use secrecy::ExposeSecret;

use crate::base::error::{Error, Status};
use crate::base::secret::Token;
use crate::base::stats::Stats;
use crate::config::configuration::Config;
use crate::config::credentials::Credentials;
use crate::config::settings::Settings;
#[cfg(feature = "connector")]
use crate::handles::attachment::Attachment;
use crate::handles::client_state::ClientState;
use crate::handles::consumer::Consumer;
use crate::net::tls;
use crate::service::app_jwts::AppAuth;
use crate::service::messaging::Paths;
use crate::service::session::SessionParts;

/// An account's connector.
///
/// Clones are the same client. It may be used from any number of threads at once, and after a
/// `fork()` in parent and child: the child makes connections of its own.
///
/// ```no_run
/// use lpconnector::{Client, Config, OpenOptions};
///
/// let mut config = Config::new();
/// config.load_env()?;
/// let client = Client::new(&config)?;
/// let consumer = client.consumer("John_Doe_facebook12345")?;
/// let conversation = consumer.open(&OpenOptions::new().first_message("Hi"))?;
/// conversation.send_text("I need a hand")?;
/// conversation.close()?;
/// # Ok::<(), lpconnector::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    state: Arc<ClientState>,
}

impl Client {
    /// Makes a client with a copy of the configuration. Sends nothing.
    ///
    /// # Errors
    /// [`Status::Config`] if an option is missing or options contradict each other,
    /// [`Status::Io`] if a certificate file cannot be read.
    pub fn new(config: &Config) -> Result<Client, Error> {
        config.tell_odd_variables();
        Client::with(Settings::of(config)?)
    }

    /// One whose calls do not wait for what may pass: see [`Settings::for_connector`].
    #[cfg(feature = "connector")]
    pub(crate) fn for_connector(config: &Config) -> Result<Client, Error> {
        Client::with(Settings::for_connector(config)?)
    }

    /// Whose consumers they are.
    #[cfg(feature = "connector")]
    pub(crate) fn account_id(&self) -> &str {
        &self.state.settings().account_id
    }

    /// Checks a file as it is checked when it is sent. Sends nothing.
    #[cfg(feature = "connector")]
    pub(crate) fn check_file(&self, file: &Attachment) -> Result<(), Error> {
        let settings = self.state.settings();
        file.check(settings.file_max_bytes, settings.file_preview_max_bytes).map(drop)
    }

    fn with(settings: Settings) -> Result<Client, Error> {
        let tls = tls::client_config(settings.tls_roots.as_ref(), settings.tls_identity.as_ref())?;
        // Characters were checked when the option was set.
        let given = settings.app_jwt.as_ref().and_then(|jwt| Token::new(jwt.expose_secret()));
        let properties = settings.client_properties.header();
        let auth = AppAuth {
            given: ArcSwapOption::new(given.map(Arc::new)),
            credentials: ArcSwapOption::new(settings.credentials.clone().map(Arc::new)),
        };
        let parts = SessionParts {
            auth: Arc::new(auth),
            paths: Arc::new(Paths::of(&settings.account_id)?),
            settings: Arc::new(settings),
            tls,
            shut_down: Arc::default(),
        };
        let properties = properties.map_err(|error| Error::new(Status::Config, error.message()))?;
        Ok(Client { state: Arc::new(ClientState::new(parts, properties)) })
    }

    /// Uses this AppJWT for all later calls, or with `None` none of the caller's.
    ///
    /// Without one, AppJWTs are obtained with `client.id` and `client.secret`.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if it is empty or has characters that no token has; the token
    /// in use stays.
    pub fn set_app_jwt(&self, jwt: Option<&str>) -> Result<(), Error> {
        let token = match jwt {
            None => None,
            Some(jwt) => Some(Arc::new(Token::new(jwt).ok_or_else(|| {
                Error::invalid("jwt is not a token: it takes up to 16384 visible ASCII characters")
            })?)),
        };
        self.state.parts().auth.given.store(token);
        Ok(())
    }

    /// Uses these credentials for AppJWTs obtained from now on: a rotated secret, without a restart.
    /// The AppJWT in use stays until it ends or is refused.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if one is empty or has control characters; those in use stay.
    pub fn set_credentials(&self, client_id: &str, client_secret: &str) -> Result<(), Error> {
        let credentials = Credentials::new(client_id, client_secret)?;
        self.state.parts().auth.credentials.store(Some(Arc::new(credentials)));
        if let Some(session) = self.state.session() {
            session.messaging.app_jwts.credentials_changed();
        }
        Ok(())
    }

    /// The consumer whom the connector knows by this id. Sends nothing: the ConsumerJWS is
    /// fetched at the first use, once, and kept.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if the id is empty.
    pub fn consumer(&self, ext_consumer_id: &str) -> Result<Consumer, Error> {
        Consumer::new(self.state.clone(), ext_consumer_id)
    }

    /// A consumer by a ConsumerJWS kept from earlier; it never expires. Sends nothing.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if it is not a ConsumerJWS.
    pub fn consumer_from_jws(&self, jws: &str) -> Result<Consumer, Error> {
        Consumer::from_jws(self.state.clone(), jws)
    }

    /// Ends the client for good: calls in flight in other threads fail with [`Status::Closed`],
    /// whatever they wait for; later ones
    /// fail too.
    pub fn shutdown(&self) {
        self.state.parts().shut_down.store(true, Ordering::SeqCst);
        if let Some(session) = self.state.session() {
            session.shutdown();
        }
    }

    /// What the client has done so far, in this process. Makes no request.
    pub fn stats(&self) -> Stats {
        let session = self.state.session();
        session.map(|session| session.exchange.stats()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let account = &self.state.settings().account_id;
        f.debug_struct("Client").field("account_id", account).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "connector")]
mod tests {
    use std::time::Duration;

    use lpc_sandbox::{Answer, Options, Route, Sandbox};

    use super::*;
    use crate::protocol::event::{Event, Metadata};
    use crate::protocol::open::OpenOptions;

    /// A connector's own client at a sandbox, with the account's id.
    fn connector(sandbox: &Sandbox) -> (Client, String) {
        let account = sandbox.new_account();
        let mut config = Config::new();
        for (name, value) in sandbox.variables(&account) {
            let key = name.trim_start_matches("LPC_").to_lowercase().replace('_', ".");
            config.set(&key, &value).unwrap();
        }
        // What would have any other client try again, and wait.
        for (key, value) in [
            ("retry.max.attempts", "4"),
            ("retry.backoff.ms", "0"),
            ("rate.limit.max.wait.ms", "86400000"),
        ] {
            config.set(key, value).unwrap();
        }
        (Client::for_connector(&config).unwrap(), account.id)
    }

    fn refuses(status: u16, headers: &[(&str, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Answer::Status { status, headers: headers.collect(), body: Vec::new() }
    }

    #[test]
    fn a_connectors_request_is_tried_once() {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let (client, account) = connector(&sandbox);
        let conversation = client.consumer("a").unwrap().open(&OpenOptions::new()).unwrap();
        sandbox.answer_next(&account, Route::Send, refuses(503, &[]));
        let failed = conversation.send_text("Hi").unwrap_err();
        assert_eq!((failed.status(), failed.attempts()), (Status::Server, 1));
        assert_eq!(client.stats().retries, 0);
        conversation.send_text("Hi").unwrap();
    }

    #[test]
    fn what_opens_a_conversation_carries_its_external_id() {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let (client, account) = connector(&sandbox);
        let metadata = Metadata::new().external_id("x-1");
        let options = OpenOptions::new().first_event(&Event::text("Hi"), Some(metadata));
        client.consumer("a").unwrap().open(&options).unwrap();
        let requests = sandbox.requests(&account);
        let opened = requests.iter().find(|it| it.route == Route::Conversation).unwrap();
        let batch: serde_json::Value = serde_json::from_slice(&opened.body).unwrap();
        assert_eq!(batch[2]["body"]["event"]["message"], "Hi");
        assert_eq!(batch[2]["metadata"], serde_json::json!([{"type":"ExternalId","id":"x-1"}]));
        assert!(batch[0].get("metadata").is_none() && batch[1].get("metadata").is_none());
    }

    #[test]
    fn a_pause_is_an_error_for_a_connector_and_tells_how_long_it_lasts() {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let (client, account) = connector(&sandbox);
        let conversation = client.consumer("a").unwrap().open(&OpenOptions::new()).unwrap();
        sandbox.answer_next(&account, Route::Send, refuses(429, &[("Retry-After", "50")]));
        let limited = conversation.send_text("Hi").unwrap_err();
        assert_eq!((limited.status(), limited.attempts()), (Status::RateLimited, 1));
        assert_eq!(limited.retry_after_ms(), Some(50_000));

        let sent = sandbox.requests(&account).len();
        let paused = conversation.send_text("Hi").unwrap_err();
        assert_eq!((paused.status(), paused.attempts()), (Status::RateLimited, 0));
        assert!(!paused.message().contains("rate.limit"), "no option has it wait: {paused}");
        let left = Duration::from_millis(paused.retry_after_ms().unwrap());
        assert!(!left.is_zero() && left <= Duration::from_secs(50), "{left:?}");
        assert_eq!(sandbox.requests(&account).len(), sent, "nothing went out");
    }
}
