//! A client of an account that only one test uses.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use lpc_sandbox::{Account, Answer, Options, Request, Route, Sandbox};
use lpconnector::{Client, Config, Consumer, Conversation, Error, OpenOptions};
use serde_json::Value;

/// An account of the shared sandbox, and a client for it.
pub struct Scene {
    pub sandbox: &'static Sandbox,
    pub account: Account,
    pub client: Client,
}

impl Scene {
    /// A client as the sandbox suggests it, over plain HTTP.
    pub fn new() -> Scene {
        Scene::with(&[])
    }

    /// The same with options of the test's own; an empty value unsets one.
    pub fn with(options: &[(&str, &str)]) -> Scene {
        static PLAIN: OnceLock<Sandbox> = OnceLock::new();
        Scene::of(PLAIN.get_or_init(|| start(false)), options)
    }

    /// The same over HTTPS.
    pub fn over_tls(options: &[(&str, &str)]) -> Scene {
        static TLS: OnceLock<Sandbox> = OnceLock::new();
        Scene::of(TLS.get_or_init(|| start(true)), options)
    }

    /// The same in a sandbox of the test's own.
    pub fn of(sandbox: &'static Sandbox, options: &[(&str, &str)]) -> Scene {
        let account = sandbox.new_account();
        let client = Client::new(&config(sandbox, &account, options)).unwrap();
        Scene { sandbox, account, client }
    }

    /// The same account with a service that knows nothing of it, as after a restart of the sandbox.
    pub fn anew(&self) -> Scene {
        let sandbox: &'static Sandbox = Box::leak(Box::new(start(false)));
        sandbox.add_account(&self.account);
        let client = Client::new(&config(sandbox, &self.account, &[])).unwrap();
        Scene { sandbox, account: self.account.clone(), client }
    }

    pub fn config(&self, options: &[(&str, &str)]) -> Config {
        config(self.sandbox, &self.account, options)
    }

    pub fn consumer(&self) -> Consumer {
        self.client.consumer("John_Doe_facebook12345").unwrap()
    }

    pub fn open(&self) -> Result<Conversation, Error> {
        self.consumer().open(&OpenOptions::new())
    }

    pub fn conversation(&self) -> Conversation {
        self.open().unwrap()
    }

    /// A conversation of a consumer of its own: nobody has two at a time.
    pub fn another_conversation(&self) -> Conversation {
        let name = format!("consumer {}", self.sandbox.conversations(&self.account.id).len());
        self.client.consumer(&name).unwrap().open(&OpenOptions::new()).unwrap()
    }

    /// Lets the next call ask Sentinel at once, although it refused or failed a moment ago.
    pub fn ask_again(&self) {
        let (id, secret) = (&self.account.client_id, &self.account.client_secret);
        self.client.set_credentials(id, secret).unwrap();
    }

    pub fn answer(&self, route: Route, answer: Answer) {
        self.sandbox.answer_next(&self.account.id, route, answer);
    }

    pub fn answer_with(&self, route: Route, status: u16, body: &str) {
        self.answer(route, status_answer(status, &[], body));
    }

    pub fn requests(&self) -> Vec<Request> {
        self.sandbox.requests(&self.account.id)
    }

    pub fn requests_on(&self, route: Route) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.route == route).collect()
    }

    /// The texts that arrived, over all conversations, in order.
    pub fn texts(&self) -> Vec<String> {
        let conversations = self.sandbox.conversations(&self.account.id);
        let events = conversations.iter().flat_map(|c| c["events"].as_array().unwrap());
        events.filter_map(|e| e["event"]["message"].as_str().map(str::to_owned)).collect()
    }
}

/// Does something until it has the outcome that only time brings.
pub fn until<T>(mut act: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(outcome) = act() {
            return outcome;
        }
        assert!(Instant::now() < end, "it never came");
        std::thread::yield_now();
    }
}

fn start(tls: bool) -> Sandbox {
    Sandbox::start(Options { tls, ..Options::default() }).unwrap()
}

pub fn config(sandbox: &Sandbox, account: &Account, options: &[(&str, &str)]) -> Config {
    let mut config = Config::new();
    for (name, value) in sandbox.variables(account) {
        let key = name.trim_start_matches("LPC_").to_lowercase().replace('_', ".");
        config.set(&key, &value).unwrap();
    }
    // A failure is seen at once; tests of retries say how often and after which waits.
    config.set("retry.max.attempts", "1").unwrap();
    for (key, value) in options {
        config.set(key, value).unwrap();
    }
    config
}

pub fn status_answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Answer::Status { status, headers: headers.collect(), body: body.as_bytes().to_vec() }
}

/// The JSON body of a request.
pub fn json(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}
