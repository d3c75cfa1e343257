//! All of a client that belongs to one process: connections, tokens, waits, counters.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustls::ClientConfig;
use rustls::client::Resumption;

use crate::base::request_id::RequestIds;
use crate::base::shutdown::Shutdown;
use crate::base::stats::Counters;
use crate::config::settings::Settings;
use crate::net::transport::Transport;
use crate::service::app_jwts::{AppAuth, AppJwts};
use crate::service::directory::Directory;
use crate::service::exchange::Exchange;
use crate::service::messaging::{Messaging, Paths};
use crate::service::sentinel::Sentinel;
use crate::service::storage::Storage;

/// TLS sessions kept to be resumed: a few for each of the services.
const TLS_SESSIONS: usize = 32;

/// What is the same in all processes of a client.
pub(crate) struct SessionParts {
    pub settings: Arc<Settings>,
    pub auth: Arc<AppAuth>,
    pub paths: Arc<Paths>,
    pub tls: ClientConfig,
    pub shut_down: Arc<AtomicBool>,
}

pub(crate) struct Session {
    pub ids: RequestIds,
    pub messaging: Messaging,
    pub storage: Storage,
    pub exchange: Arc<Exchange>,
}

impl Session {
    pub(crate) fn new(parts: &SessionParts) -> Session {
        let settings = parts.settings.clone();
        let counters = Arc::new(Counters::default());
        let mut tls = parts.tls.clone();
        // Its store of sessions is behind a lock, and a session belongs to one process.
        tls.resumption = Resumption::in_memory_sessions(TLS_SESSIONS);
        let transport = Transport::new(&settings.http, tls, counters.clone());
        let shutdown = Shutdown::new(parts.shut_down.clone());
        let exchange = Arc::new(Exchange::new(settings, transport, shutdown, counters));
        let directory = Arc::new(Directory::new(exchange.clone()));
        let sentinel = Sentinel::new(exchange.clone(), directory.clone());
        let app_jwts = Arc::new(AppJwts::new(parts.auth.clone(), exchange.clone(), sentinel));
        let storage = Storage::new(exchange.clone(), directory.clone());
        let paths = parts.paths.clone();
        let messaging = Messaging::new(exchange.clone(), directory, app_jwts, paths);
        Session { ids: RequestIds::new(), messaging, storage, exchange }
    }

    /// Ends what is under way in this process, once `shut_down` is set.
    pub(crate) fn shutdown(&self) {
        self.exchange.shutdown.wake();
        self.exchange.transport.shutdown();
    }
}
