//! The start of a sandbox: its ports are bound, and whoever works in it begins.

use std::io;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use crate::base::key;
use crate::base::log::Logger;
use crate::base::options::Options;
use crate::base::tls::{Files, Identity};
use crate::cloud::accounts::Accounts;
use crate::cloud::shared::Shared;
use crate::cloud::variables::Variables;
use crate::console::pages::console;
use crate::control::router::control_api;
use crate::faults::fault_proxies::FaultProxies;
use crate::http::places::Places;
use crate::http::server::{self, Door};
use crate::services::router::{all_services, plain_domains};
use crate::workers::courier;

/// All of a sandbox that runs.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) control_url: String,
    pub(crate) domain_url: Option<String>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) files: Option<Files>,
    /// Dropping it ends its tasks, and with them the listeners.
    _runtime: Runtime,
}

impl Running {
    pub(crate) fn start(options: Options) -> io::Result<Running> {
        let logger = Arc::new(Logger::open(&options.log)?);
        if options.client_certificates && !options.tls {
            let reason = "client certificates need TLS";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let identity = if options.tls { Some(Identity::new(&options)?) } else { None };
        let (tls, files) =
            identity.map(|it| ((it.config.into(), it.client_config.into()), it.files)).unzip();
        let (acceptor, connector) = tls.unzip();
        // Now rather than at the first token.
        key::first();

        let services = server::bind(options.port)?;
        let control = server::bind(options.control_port)?;
        let authority = services.local_addr()?.to_string();
        let scheme = if options.tls { "https" } else { "http" };
        let url = format!("{scheme}://{authority}");
        let control_address = control.local_addr()?;
        let control_url = format!("http://{control_address}");
        let domains = if options.tls { Some(server::bind(options.domain_port)?) } else { None };
        let mut domain_url = None;
        if let Some(domains) = &domains {
            let url = format!("http://{}", domains.local_addr()?);
            logger.note(&format!("the Domain API without TLS is at {url}"));
            domain_url = Some(url);
        }

        let (courier, parcels) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            accounts: Accounts::new(options.token_lifetime, courier),
            options,
            logger: logger.clone(),
            authority,
            variables: Variables::new(&url, files.as_ref()),
            connector,
            followers: Places::default(),
            fault_proxies: FaultProxies::default(),
        });
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("lpc-sandbox")
            .enable_all()
            .build()?;
        // A listener registers with the runtime it is made in.
        let guard = runtime.enter();
        let door =
            |router, tls| Door { router, tls, connections: Arc::default(), logger: logger.clone() };
        let services_door = door(all_services(shared.clone()), acceptor);
        let connections = services_door.connections.clone();
        let domains_door = |listener| {
            let door = door(plain_domains(shared.clone()), None);
            (listener, Door { connections, ..door })
        };
        let pages = if shared.options.console { console() } else { Router::new() };
        let control_api = control_api(shared.clone(), control_address.port(), pages);
        let doors = [(services, services_door), (control, door(control_api, None))];
        for (listener, door) in doors.into_iter().chain(domains.map(domains_door)) {
            runtime.spawn(server::serve(TcpListener::from_std(listener)?, door));
        }
        runtime.spawn(courier::run(shared.clone(), parcels));
        drop(guard);
        Ok(Running { url, control_url, domain_url, shared, files, _runtime: runtime })
    }
}
