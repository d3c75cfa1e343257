//! A proxy that stands before a service, and writes down what passes.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::http::Uri;
use tokio::runtime::{Builder, Runtime};

use crate::base::log::Logger;
use crate::base::options::Log;
use crate::http::server;
use crate::recording::exchange::Side;
use crate::recording::gate::{Desk, Gate};
use crate::recording::tape::Tape;
use crate::recording::upstream::{self, Origin};

/// What a recorder needs to know.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The service's Domain API: `https://api.liveperson.net`, or the URL of a sandbox.
    pub to: String,
    /// The file to write. There must be none of this name.
    pub file: PathBuf,
    /// The CA to trust, and no other. None: the system's roots.
    pub ca_file: Option<PathBuf>,
    /// The port of 127.0.0.1 to listen on in the Domain API's place; 0 is a free one.
    pub port: u16,
    /// Where notifications go on to, which come to [`Recorder::webhook_url`].
    pub webhook: Option<String>,
    /// The port for those; 0 is a free one.
    pub webhook_port: u16,
    /// Write the consumers' texts, too, in place of stand-ins.
    pub keep_texts: bool,
    /// Where the log goes.
    pub log: Log,
}

impl Recording {
    /// Of this service, into this file.
    pub fn new(to: impl Into<String>, file: impl Into<PathBuf>) -> Recording {
        Recording {
            to: to.into(),
            file: file.into(),
            ca_file: None,
            port: 0,
            webhook: None,
            webhook_port: 0,
            keep_texts: false,
            log: Log::Off,
        }
    }
}

/// A proxy that writes down what passes, without secrets. Point a client at [`Recorder::url`]; the
/// services that it then finds are behind the recorder, too. Dropping it ends it.
pub struct Recorder {
    url: String,
    webhook_url: Option<String>,
    tape: Arc<Tape>,
    _runtime: Runtime,
}

impl Recorder {
    /// Starts one on threads of its own.
    pub fn start(recording: Recording) -> io::Result<Recorder> {
        let invalid = |reason| io::Error::new(io::ErrorKind::InvalidInput, reason);
        let origin = Origin::of(&recording.to).map_err(invalid)?;
        let told = recording.webhook.as_deref().map(Origin::of).transpose().map_err(invalid)?;
        let logger = Arc::new(Logger::open(&recording.log)?);
        let tls = upstream::connector(recording.ca_file.as_deref())?;
        let listener = server::bind(recording.port)?;
        let webhooks = server::bind(recording.webhook_port)?;
        let tape = Arc::new(Tape::new(&recording.file, recording.keep_texts, logger.clone())?);
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("lpc-recorder")
            .enable_all()
            .build()?;
        let (began, gates) = (Instant::now(), Mutex::default());
        let desk = Arc::new(Desk { tls, tape: tape.clone(), logger, began, gates });
        let guard = runtime.enter();
        let url = format!("http://{}", listener.local_addr()?);
        let gate = Gate { desk: desk.clone(), origin, side: Side::Client, path: None };
        gate.open(listener)?;
        let webhook_url = match (told, &recording.webhook) {
            (Some(origin), Some(webhook)) => {
                let url = format!("http://{}/", webhooks.local_addr()?);
                let uri: Uri = webhook.parse().unwrap_or_default();
                let path = uri.path_and_query().map(|path| path.as_str().to_owned());
                Gate { desk, origin, side: Side::Service, path }.open(webhooks)?;
                Some(url)
            }
            _ => None,
        };
        drop(guard);
        Ok(Recorder { url, webhook_url, tape, _runtime: runtime })
    }

    /// Where the Domain API is for the client.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where notifications are to be sent that are to be recorded.
    pub fn webhook_url(&self) -> Option<&str> {
        self.webhook_url.as_deref()
    }

    /// How many exchanges were written; and how many were left out, because they could not be
    /// cleaned or written.
    pub fn counts(&self) -> (usize, usize) {
        self.tape.counts()
    }

    /// The environment variables that point a client at the recorder, beside those of its account.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LPC_DOMAIN_API_URL", self.url.clone()),
            ("LPC_DOMAIN_ALLOWED_SUFFIXES", "127.0.0.1".to_owned()),
            ("LPC_PROXY_URL", "none".to_owned()),
            ("LPC_ALLOW_PLAINTEXT", "true".to_owned()),
        ]
    }
}
