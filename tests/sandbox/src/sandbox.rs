//! The sandbox as Rust tests use it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::account::{Account, Site};
use crate::answer::Answer;
use crate::log::Logger;
use crate::options::Options;
use crate::request::Request;
use crate::route::Route;
use crate::server::{self, Door};
use crate::shared::Shared;
use crate::tls::{CaFile, Identity};
use crate::{control, service, token, transcript};

/// A running sandbox. All its methods block, and all that take an account id panic if there is no
/// such account. Dropping it stops the server and closes every connection; drop it outside of
/// asynchronous code.
pub struct Sandbox {
    url: String,
    control_url: String,
    shared: Arc<Shared>,
    ca_file: Option<CaFile>,
    /// Dropping it ends its tasks, and with them the listeners.
    _runtime: Runtime,
}

impl Sandbox {
    /// Starts a sandbox on threads of its own. It answers as soon as this returns.
    pub fn start(options: Options) -> io::Result<Sandbox> {
        let logger = Logger::open(&options.log)?;
        let identity =
            if options.tls { Some(Identity::new(options.ca_file.as_deref())?) } else { None };
        let (tls, ca_file) =
            identity.map(|identity| (identity.config.into(), identity.ca_file)).unzip();
        token::prepare();

        let services = server::bind(options.port)?;
        let control = server::bind(options.control_port)?;
        let authority = services.local_addr()?.to_string();
        let scheme = if options.tls { "https" } else { "http" };
        let url = format!("{scheme}://{authority}");
        let control_url = format!("http://{}", control.local_addr()?);

        let variables = variables(&url, ca_file.as_ref());
        let shared = Arc::new(Shared::new(options, logger, authority, variables));
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("lpc-sandbox")
            .enable_all()
            .build()?;
        // A listener registers with the runtime it is made in.
        let guard = runtime.enter();
        let doors = [
            (services, Door { router: service::router(shared.clone()), tls }),
            (control, Door { router: control::router(shared.clone()), tls: None }),
        ];
        for (listener, door) in doors {
            runtime.spawn(server::serve(TcpListener::from_std(listener)?, door, shared.clone()));
        }
        drop(guard);
        Ok(Sandbox { url, control_url, shared, ca_file, _runtime: runtime })
    }

    /// Where the services are, for example `https://127.0.0.1:4711`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the control API is: plain HTTP on another port of 127.0.0.1.
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// The file with the CA certificate, with TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_ref().map(CaFile::path)
    }

    /// Makes an account of which nothing is known yet.
    pub fn new_account(&self) -> Account {
        self.shared.new_account(None)
    }

    /// The environment variables that point a client at this account.
    pub fn variables(&self, account: &Account) -> Vec<(&'static str, String)> {
        self.shared.variables_of(account)
    }

    /// Sets how long the AppJWTs are valid that the account gets from now on.
    pub fn set_token_lifetime(&self, account_id: &str, lifetime: Duration) {
        self.with_site(account_id, |site| site.token_lifetime = lifetime);
    }

    /// Puts `answer` in place of the real answer to the account's next request on `route` that has
    /// none yet. [`Route::Keys`] belongs to all accounts: a test that uses it wants a sandbox of
    /// its own.
    ///
    /// # Panics
    /// If the answer cannot be sent: its status is not 200 to 599, or a header is not allowed.
    pub fn answer_next(&self, account_id: &str, route: Route, answer: Answer) {
        if let Err(reason) = self.shared.queue(account_id, route, answer) {
            panic!("no such answer: {reason}");
        }
    }

    /// All conversations in the order in which they were opened, each in full.
    pub fn conversations(&self, account_id: &str) -> Vec<Value> {
        self.with_site(account_id, |site| site.view())
    }

    /// All requests of the account in the order in which they came in.
    pub fn requests(&self, account_id: &str) -> Vec<Request> {
        self.with_site(account_id, |site| site.traffic.requests.clone())
    }

    /// Closes a conversation, as an agent would. Panics if it is not open.
    pub fn close_conversation(&self, account_id: &str, conversation_id: &str) {
        let closed = self.with_site(account_id, |site| site.close_as_agent(conversation_id));
        closed.unwrap_or_else(|refusal| panic!("not closed: {}", refusal.body()));
    }

    /// Ends the MAIN dialog of a conversation and starts a survey, as the service does when an
    /// agent closes where surveys are on. Gives back the id of the survey's dialog. Panics if MAIN
    /// is not open.
    pub fn open_survey(&self, account_id: &str, conversation_id: &str) -> String {
        let opened = self.with_site(account_id, |site| site.open_survey(conversation_id));
        opened.unwrap_or_else(|refusal| panic!("no survey: {}", refusal.body()))
    }

    /// The bytes of a file that was uploaded.
    pub fn file(&self, account_id: &str, relative_path: &str) -> Option<Vec<u8>> {
        self.with_site(account_id, |site| site.storage.bytes(relative_path).map(|it| it.to_vec()))
    }

    /// Puts a file into the storage, as an agent would, and gives back its relativePath. The ending
    /// of its name is its type. Panics if that is not one of the types the storage takes.
    pub fn put_file(&self, account_id: &str, name: &str, bytes: impl Into<Vec<u8>>) -> String {
        let bytes = bytes.into().into();
        let put = self.with_site(account_id, |site| site.storage.put(account_id, name, bytes));
        put.unwrap_or_else(|refusal| panic!("not put: {}", refusal.body()))
    }

    /// Makes every upload and download URL invalid that was issued so far.
    pub fn expire_storage_urls(&self, account_id: &str) {
        self.with_site(account_id, |site| site.storage.expire_urls());
    }

    /// Makes every AppJWT invalid that was issued so far.
    pub fn revoke_tokens(&self, account_id: &str) {
        self.with_site(account_id, |site| site.app_tokens.clear());
    }

    /// Issues an AppJWT made to measure: it expires after so many seconds, or did before (a
    /// negative number), and has these claims in place of the usual ones; null leaves a claim out.
    pub fn issue_app_jwt(
        &self,
        account_id: &str,
        lifetime_seconds: i64,
        claims: &[(&str, Value)],
    ) -> String {
        let claims: Map<String, Value> =
            claims.iter().map(|(claim, value)| ((*claim).to_owned(), value.clone())).collect();
        self.shared
            .issue_app_jwt(account_id, lifetime_seconds, claims)
            .unwrap_or_else(|| panic!("there is no account {account_id:?}"))
    }

    /// All conversations of an account as text to read.
    pub fn transcript(&self, account_id: &str) -> String {
        transcript::of(account_id, &self.conversations(account_id))
    }

    fn with_site<T>(&self, account_id: &str, act: impl FnOnce(&mut Site) -> T) -> T {
        self.shared
            .with_site(account_id, act)
            .unwrap_or_else(|| panic!("there is no account {account_id:?}"))
    }
}

fn variables(url: &str, ca_file: Option<&CaFile>) -> Vec<(&'static str, String)> {
    let trust = match ca_file {
        Some(file) => ("LPC_TLS_CA_FILE", file.path().display().to_string()),
        None => ("LPC_ALLOW_PLAINTEXT", "true".to_owned()),
    };
    vec![
        ("LPC_DOMAIN_API_URL", url.to_owned()),
        ("LPC_DOMAIN_ALLOWED_SUFFIXES", "127.0.0.1,localhost".to_owned()),
        trust,
        ("LPC_PROXY_URL", "none".to_owned()),
    ]
}
