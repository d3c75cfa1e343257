//! The client: one account, its connections and its token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use rustls::ClientConfig;
use rustls::client::Resumption;
use secrecy::ExposeSecret;
use ureq::http::HeaderValue;

use crate::base::deadline::Deadline;
use crate::base::error::{Error, Status};
use crate::base::process::PerProcess;
use crate::base::request_id::RequestIds;
use crate::base::secret::Token;
use crate::base::stats::{Counters, Stats};
use crate::base::turn::SingleFlight;
use crate::config::configuration::{Config, Credentials, Settings};
use crate::handles::consumer::Consumer;
use crate::net::tls;
use crate::net::transport::Transport;
use crate::service::auth::AppJwt;
use crate::service::call::Call;
use crate::service::domains::Domains;
use crate::service::request::Paths;
use crate::service::retry::{Brake, Pauses};
use crate::service::verify::KeySet;

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
    shared: Arc<Shared>,
}

/// What all handles of one client share.
pub(crate) struct Shared {
    pub settings: Settings,
    pub given_app_jwt: ArcSwapOption<Token>,
    pub credentials: ArcSwapOption<Credentials>,
    /// The Client-Properties header of raw requests.
    pub properties: Option<HeaderValue>,
    pub paths: Paths,
    tls: ClientConfig,
    shut_down: AtomicBool,
    local: PerProcess<Local>,
}

/// The part of a client that each process has for itself.
pub(crate) struct Local {
    pub process: u32,
    pub transport: Transport,
    pub domains: SingleFlight<Domains>,
    pub app_jwt: SingleFlight<AppJwt>,
    pub keys: SingleFlight<KeySet>,
    pub ids: RequestIds,
    pub brake: Brake,
    pub pauses: Pauses,
    pub counters: Arc<Counters>,
}

impl Client {
    /// Makes a client with a copy of the configuration. Sends nothing.
    ///
    /// # Errors
    /// [`Status::Config`] if an option is missing or options contradict each other,
    /// [`Status::Io`] if a certificate file cannot be read.
    pub fn new(config: &Config) -> Result<Client, Error> {
        let settings = Settings::of(config)?;
        let tls = tls::config(&settings)?;
        // Characters were checked when the option was set.
        let given = settings.app_jwt.as_ref().and_then(|jwt| Token::new(jwt.expose_secret()));
        let shared = Shared {
            given_app_jwt: ArcSwapOption::new(given.map(Arc::new)),
            credentials: ArcSwapOption::new(settings.credentials.clone().map(Arc::new)),
            properties: settings
                .client_properties
                .header()
                .map_err(|error| Error::new(Status::Config, error.message()))?,
            paths: Paths::of(&settings.account_id)?,
            settings,
            tls,
            shut_down: AtomicBool::new(false),
            local: PerProcess::new(),
        };
        Ok(Client { shared: Arc::new(shared) })
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
        self.shared.given_app_jwt.store(token);
        Ok(())
    }

    /// Uses these credentials for AppJWTs obtained from now on: a rotated secret, without a restart.
    /// The AppJWT in use stays until it ends or is refused.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if one is empty or has control characters; those in use stay.
    pub fn set_credentials(&self, client_id: &str, client_secret: &str) -> Result<(), Error> {
        let credentials = Credentials::new(client_id, client_secret)?;
        self.shared.credentials.store(Some(Arc::new(credentials)));
        Ok(())
    }

    /// The consumer whom the connector knows by this id. Sends nothing: the ConsumerJWS is
    /// fetched at the first use, once, and kept.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if the id is empty.
    pub fn consumer(&self, ext_consumer_id: &str) -> Result<Consumer, Error> {
        Consumer::new(self.shared.clone(), ext_consumer_id)
    }

    /// A consumer by a ConsumerJWS kept from earlier; it never expires. Sends nothing.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if it is not a ConsumerJWS.
    pub fn consumer_from_jws(&self, jws: &str) -> Result<Consumer, Error> {
        Consumer::from_jws(self.shared.clone(), jws)
    }

    /// Ends the client for good: calls in flight in other threads fail with [`Status::Closed`],
    /// whatever they wait for; later ones
    /// fail too.
    pub fn shutdown(&self) {
        self.shared.shut_down.store(true, Ordering::SeqCst);
        if let Some(local) = self.shared.local.peek() {
            local.pauses.end();
            local.transport.shutdown();
        }
    }

    /// What the client has done so far, in this process. Makes no request.
    pub fn stats(&self) -> Stats {
        self.shared.local.peek().map(|local| local.counters.read()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let account = &self.shared.settings.account_id;
        f.debug_struct("Client").field("account_id", account).finish_non_exhaustive()
    }
}

/// TLS sessions kept to be resumed: a few for each of the services.
const SESSIONS: usize = 32;

impl Shared {
    /// A call that begins now.
    pub(crate) fn call(&self) -> Call<'_> {
        let deadline = Deadline::after(self.settings.call_timeout);
        Call { client: self, local: self.local(), deadline }
    }

    fn local(&self) -> &Local {
        let process = std::process::id();
        self.local.get_as(process, || {
            let counters = Arc::new(Counters::default());
            let mut tls = self.tls.clone();
            // Its store of sessions is behind a lock, and a session belongs to one process.
            tls.resumption = Resumption::in_memory_sessions(SESSIONS);
            Local {
                process,
                transport: Transport::new(&self.settings, tls, counters.clone()),
                domains: SingleFlight::new(),
                app_jwt: SingleFlight::new(),
                keys: SingleFlight::new(),
                ids: RequestIds::new(),
                brake: Brake::new(),
                pauses: Pauses::new(),
                counters,
            }
        })
    }

    pub(crate) fn check_open(&self) -> Result<(), Error> {
        if self.shut_down.load(Ordering::SeqCst) {
            return Err(Error::new(Status::Closed, "the client was shut down"));
        }
        Ok(())
    }
}
