//! A server that answers as a recording says.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Request, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time;

use crate::base::lock::lock;
use crate::base::log::Logger;
use crate::base::options::Log;
use crate::http::answer::{self, Answer, Break};
use crate::http::request::Received;
use crate::http::routing::read;
use crate::http::server::{self, Door};
use crate::model::account::Account;
use crate::recording::player::{self, Player, Reply};
use crate::recording::upstream::MAX_BODY;
use crate::webhooks::delivery::Failure;
use crate::webhooks::post;
use crate::webhooks::receiver::Receiver;
use crate::webhooks::signature::Signature;
use crate::webhooks::webhook::Webhook;

/// Whoever replays is this account; any other that a client uses is as good.
const ACCOUNT: [&str; 3] = ["account1", "00000000-0000-4000-8000-000000000001", "replayed"];
/// Between two looks whether a receiver listens.
const LOOK: Duration = Duration::from_millis(50);

/// How often a notification is sent to somebody who listens and does not take it.
const MOST_ATTEMPTS: u32 = 20;

/// Plays a recording: it answers what was answered, apart from ids and times. Dropping it ends it.
pub struct Replay {
    url: String,
    receiver: Receiver,
    player: Arc<Mutex<Player>>,
    _runtime: Runtime,
}

#[derive(Clone)]
struct Stage {
    player: Arc<Mutex<Player>>,
    told: UnboundedSender<(usize, Vec<u8>)>,
    logger: Arc<Logger>,
}

impl Replay {
    /// Plays this file on a port of 127.0.0.1, 0 for a free one. The notifications in it go to the
    /// receiver that [`Replay::variables`] name, each as soon as all was asked that came before it.
    pub fn start(file: &Path, port: u16, log: &Log) -> io::Result<Replay> {
        let exchanges = player::read(file)?;
        let logger = Arc::new(Logger::open(log)?);
        let listener = server::bind(port)?;
        let authority = listener.local_addr()?.to_string();
        let url = format!("http://{authority}");
        let player = Arc::new(Mutex::new(Player::new(exchanges, authority, ACCOUNT[0])));
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("lpc-replay")
            .enable_all()
            .build()?;
        let guard = runtime.enter();
        let receiver = Receiver::reserve()?;
        let (told, tales) = unbounded_channel();
        let stage = Stage { player: player.clone(), told, logger: logger.clone() };
        runtime.spawn(tell(receiver.url(false), tales, stage.clone()));
        let router = Router::new()
            .fallback(play)
            .layer(from_fn_with_state(MAX_BODY, read))
            .with_state(stage);
        let connections = Arc::default();
        let door = Door { router, tls: None, connections, logger, conditions: None };
        runtime.spawn(server::serve(TcpListener::from_std(listener)?, door));
        drop(guard);
        Ok(Replay { url, receiver, player, _runtime: runtime })
    }

    /// Where the services are.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The account that the client is.
    pub fn account(&self) -> Account {
        let [id, client_id, client_secret] = ACCOUNT;
        Account::new(id, client_id, client_secret)
    }

    /// The environment variables that point a client here.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let account = self.account();
        vec![
            ("LPC_ACCOUNT_ID", account.id),
            ("LPC_CLIENT_ID", account.client_id),
            ("LPC_CLIENT_SECRET", account.client_secret),
            ("LPC_DOMAIN_API_URL", self.url.clone()),
            ("LPC_DOMAIN_ALLOWED_SUFFIXES", "127.0.0.1".to_owned()),
            ("LPC_PROXY_URL", "none".to_owned()),
            ("LPC_ALLOW_PLAINTEXT", "true".to_owned()),
            ("LPC_RECEIVER_LISTEN", self.receiver_address().to_string()),
        ]
    }

    /// Where notifications go. Whoever listens there binds with SO_REUSEADDR.
    pub fn receiver_address(&self) -> SocketAddr {
        self.receiver.address
    }

    /// What was asked for and is not in the recording, in words.
    pub fn unanswered(&self) -> Vec<String> {
        lock(&self.player).unanswered.clone()
    }

    /// What is in the recording and was not asked for, or not told.
    pub fn unasked(&self) -> Vec<String> {
        lock(&self.player).unasked()
    }
}

async fn play(State(stage): State<Stage>, received: Received) -> Response {
    let (reply, unanswered) = {
        let mut player = lock(&stage.player);
        let before = player.unanswered.len();
        let reply = player.answer(&received);
        // In the order in which they were recorded, whoever asks at the same time.
        for told in player.due() {
            // It ends with the replay.
            let _ = stage.told.send(told);
        }
        (reply, player.unanswered.get(before).cloned())
    };
    if let Some(asked) = unanswered {
        stage.logger.note(&format!("not in the recording: {asked}"));
    }
    match reply {
        None => Break::Close.into_response(),
        // What cannot be sent was not written by a recorder.
        Some(Reply { status, headers, body }) => {
            let canned = Answer::Status { status, headers: headers.clone(), body: Vec::new() };
            match canned.check() {
                Ok(()) => answer::canned(status, headers, body),
                Err(_) => Break::Close.into_response(),
            }
        }
    }
}

/// Tells a receiver what was told, one after the other.
async fn tell(url: String, mut tales: UnboundedReceiver<(usize, Vec<u8>)>, stage: Stage) {
    let webhook = Webhook::to(url);
    while let Some((number, body)) = tales.recv().await {
        let mut left = MOST_ATTEMPTS;
        loop {
            let why = match post_one(&webhook, &body).await {
                Ok(200 | 201) => {
                    lock(&stage.player).told(number);
                    break;
                }
                Ok(status) => format!("the answer is {status}"),
                // Until somebody listens there.
                Err(failure) if failure.refused => {
                    time::sleep(LOOK).await;
                    continue;
                }
                Err(failure) => failure.reason,
            };
            left -= 1;
            if left == 0 {
                stage.logger.note(&format!("a notification was not taken: {why}"));
                break;
            }
            time::sleep(LOOK).await;
        }
    }
}

async fn post_one(webhook: &Webhook, body: &[u8]) -> Result<u16, Failure> {
    let uri: Uri = webhook.url.parse().map_err(Failure::new)?;
    let [id, client_id, secret] = ACCOUNT;
    let request = Request::post("/")
        .header(HOST, uri.authority().map_or("", |authority| authority.as_str()))
        .header(CONTENT_TYPE, "application/json")
        .header("x-liveperson-account-id", id)
        .header("x-liveperson-client-id", client_id)
        .header("x-liveperson-signature", Signature::default().of(secret, body))
        .body(Body::from(body.to_vec()))
        .map_err(Failure::new)?;
    post::send(request, webhook, None).await
}
