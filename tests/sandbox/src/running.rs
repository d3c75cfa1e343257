//! The start of a sandbox: its ports are bound, and whoever works in it begins.

use std::io;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use crate::base::log::Logger;
use crate::base::options::Options;
use crate::base::pem::Vault;
use crate::base::state::State;
use crate::base::tls::{Files, Identity};
use crate::cloud::accounts::Accounts;
use crate::cloud::kept::Kept;
use crate::cloud::ports;
use crate::cloud::shared::Shared;
use crate::cloud::variables::Variables;
use crate::console::pages::console;
use crate::control::router::control_api;
use crate::faults::fault_proxies::FaultProxies;
use crate::http::conditions::{Conditions, Latency};
use crate::http::places::Places;
use crate::http::server::{self, Door};
use crate::services::router::{all_services, plain_domains};
use crate::workers::{courier, desk};

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
        let state = options.state.as_deref().map(State::open).transpose()?;
        let vault = Vault(state.as_ref().map(State::directory));
        let identity = if options.tls { Some(Identity::new(&options, vault)?) } else { None };
        let (tls, files) =
            identity.map(|it| ((it.config.into(), it.client_config.into()), it.files)).unzip();
        let (acceptor, connector) = tls.unzip();
        let bind = |name, port| ports::bind(name, port, state.as_ref());
        let services = bind("services", options.port)?;
        let control = bind("control API", options.control_port)?;
        let authority = services.local_addr()?.to_string();
        let scheme = if options.tls { "https" } else { "http" };
        let url = format!("{scheme}://{authority}");
        let control_address = control.local_addr()?;
        let control_url = format!("http://{control_address}");
        let domains =
            if options.tls { Some(bind("Domain API", options.domain_port)?) } else { None };
        let mut domain_url = None;
        if let Some(domains) = &domains {
            let url = format!("http://{}", domains.local_addr()?);
            logger.note(&format!("the Domain API without TLS is at {url}"));
            domain_url = Some(url);
        }

        let (courier, parcels) = mpsc::unbounded_channel();
        let latency = Latency { least: options.latency, jitter: options.jitter };
        let conditions = Arc::new(Conditions::new(latency));
        let kept = Kept::new(state, logger.clone());
        let shared = Arc::new(Shared {
            // The first key is made here rather than at the first token.
            accounts: Accounts::new(options.token_lifetime, courier, kept)?,
            options,
            logger: logger.clone(),
            authority,
            variables: Variables::new(&url, files.as_ref()),
            connector,
            conditions: conditions.clone(),
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
        let door = |router, tls, conditions| {
            let (connections, logger) = (Arc::default(), logger.clone());
            Door { router, tls, connections, logger, conditions }
        };
        let of_service = Some(conditions);
        let services_door = door(all_services(shared.clone()), acceptor, of_service.clone());
        let connections = services_door.connections.clone();
        let domains_door = |listener| {
            let door = door(plain_domains(shared.clone()), None, of_service);
            (listener, Door { connections, ..door })
        };
        let pages = if shared.options.console { console() } else { Router::new() };
        let control_api = control_api(shared.clone(), control_address.port(), pages);
        let doors = [(services, services_door), (control, door(control_api, None, None))];
        for (listener, door) in doors.into_iter().chain(domains.map(domains_door)) {
            runtime.spawn(server::serve(TcpListener::from_std(listener)?, door));
        }
        runtime.spawn(courier::run(shared.clone(), parcels));
        go_on(&shared, &runtime);
        drop(guard);
        Ok(Running { url, control_url, domain_url, shared, files, _runtime: runtime })
    }
}

/// Goes on with what an earlier sandbox left: agents at their desks, notifications on their way.
fn go_on(shared: &Arc<Shared>, runtime: &Runtime) {
    for account in shared.accounts.left() {
        let attended = shared.accounts.with_site(&account.id, |site| {
            site.outbox.send_pending();
            site.attendances.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>()
        });
        for conversation_id in attended.into_iter().flatten() {
            runtime.spawn(desk::attend(shared.clone(), account.id.clone(), conversation_id));
        }
    }
}
