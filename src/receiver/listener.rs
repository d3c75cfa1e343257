//! The endpoint with the thread that listens for it.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use tokio::sync::oneshot;

use crate::base::callback;
use crate::base::error::{Error, Status};
use crate::base::fork::generation;
use crate::base::lock::lock;
use crate::base::thread;
use crate::config::accounts::Accounts;
use crate::config::receiver_settings::ListenerSettings;
use crate::receiver::body_budget::{BodyBudget, MOST_BYTES};
use crate::receiver::certificates::Certificates;
use crate::receiver::endpoint::Endpoint;
use crate::receiver::line_limit::LineLimit;
use crate::receiver::server::Server;
use crate::receiver::sink::Sink;

/// Listens, until it is stopped or dropped, and hands what it takes to a sink.
pub(crate) struct Listener {
    url: String,
    accounts: Arc<ArcSwap<Accounts>>,
    /// The process in which it listens.
    generation: u64,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Listener {
    /// Begins to listen.
    pub(crate) fn start(
        settings: ListenerSettings,
        sink: Arc<dyn Sink>,
    ) -> Result<Listener, Error> {
        let log = settings.log;
        let demands_certificate =
            settings.tls.as_ref().is_some_and(|files| files.client_roots.is_some());
        let certificates = settings.tls.map(|files| Certificates::read(files, log.clone()));
        let certificates = certificates.transpose()?;

        let there = settings.listen;
        let cannot = |why| Error::new(Status::Io, format!("cannot listen at {there}: {why}"));
        let listener = TcpListener::bind(there).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let scheme = if certificates.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{address}{}", settings.path);

        let accounts = Arc::new(ArcSwap::from_pointee(settings.accounts));
        let endpoint = Endpoint {
            path: settings.path,
            health_path: settings.health_path,
            accounts: accounts.clone(),
            body_max_bytes: settings.body_max_bytes,
            bodies: BodyBudget::new(MOST_BYTES),
            ack_timeout: settings.ack_timeout,
            sink: sink.clone(),
            unsigned: LineLimit::default(),
            log: log.clone(),
        };
        let counters = sink.counters().clone();
        let no_tls = LineLimit::default();
        let server = Server { certificates, demands_certificate, endpoint, counters, no_tls, log };
        let (stop, stopped) = oneshot::channel();
        let (tell, began) = mpsc::channel();
        let run = move || {
            server.run(listener, tell, stopped);
            // Nothing comes any more: who polls must learn of it.
            sink.close();
        };
        let thread = thread::start("lpc-receiver", run)
            .map_err(|why| Error::new(Status::Io, format!("cannot start a thread: {why}")))?;
        match began.recv() {
            Ok(began) => began.map_err(cannot)?,
            Err(_) => return Err(Error::new(Status::Internal, "the receiver's thread broke")),
        }
        let generation = generation();
        let (stop, thread) = (Mutex::new(Some(stop)), Mutex::new(Some(thread)));
        Ok(Listener { url, accounts, generation, stop, thread })
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Takes notifications for this app install and with these secrets from now on; those of further
    /// accounts stay.
    pub(crate) fn set_credentials(
        &self,
        client_id: &str,
        client_secrets: &[&str],
    ) -> Result<(), Error> {
        let secrets = Accounts::check_credentials(client_id, client_secrets)?;
        self.accounts.rcu(|accounts| accounts.with_credentials(client_id, &secrets));
        Ok(())
    }

    /// Whether it listens in this process, and not in one that forked it.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.generation == generation()
    }

    /// Stops it, and waits for its thread, but not inside a log function.
    pub(crate) fn stop(&self) {
        if !self.is_of_this_process() {
            return;
        }
        if let Some(stop) = lock(&self.stop).take() {
            let _ = stop.send(());
        }
        // Inside a log function the thread may be waiting for what this one holds, or be this one. Who
        // stops it again elsewhere waits for it then.
        if callback::is_inside() {
            return;
        }
        // With the lock: others who stop it wait, too.
        let mut thread = lock(&self.thread);
        if let Some(thread) = thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
        if !self.is_of_this_process() {
            // In a child after a fork, the thread and the locks are those of the parent.
            let (stop, thread) = (std::mem::take(&mut self.stop), std::mem::take(&mut self.thread));
            std::mem::forget((stop, thread));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use ring::hmac;

    use super::*;
    use crate::config::configuration::Config;
    use crate::protocol::notification::Notification;
    use crate::receiver::counters::Counters;
    use crate::receiver::sink::{Admission, Admitted};

    /// Another sink than an inbox: what becomes of a notification stands in it.
    #[derive(Default)]
    struct Words {
        heard: Mutex<Vec<String>>,
        /// Of those who must still be told.
        waiting: Mutex<Vec<oneshot::Sender<()>>>,
        is_full: AtomicBool,
        counters: Arc<Counters>,
    }

    impl Words {
        fn note(&self, what: String) {
            lock(&self.heard).push(what);
        }

        fn heard(&self) -> Vec<String> {
            std::mem::take(&mut lock(&self.heard))
        }
    }

    impl Sink for Words {
        fn offer(&self, notification: Notification) -> Admitted<'_> {
            let text = notification.events()[0].text().to_owned();
            self.note(format!("{} {text}", notification.account_id()));
            Box::pin(async move {
                // Not at once, as where something is written first.
                tokio::task::yield_now().await;
                match text.as_str() {
                    "full" => Admission::QueueFull,
                    "broken" => Admission::StoreFailed(Error::new(Status::Io, "no disk")),
                    "dropped" => Admission::Pending { id: 7, acknowledged: oneshot::channel().1 },
                    "pending" => {
                        let (tell, acknowledged) = oneshot::channel();
                        lock(&self.waiting).push(tell);
                        Admission::Pending { id: 8, acknowledged }
                    }
                    _ => Admission::Accepted,
                }
            })
        }

        fn give_up(&self, id: u64) {
            self.note(format!("gave up {id}"));
        }

        fn can_take(&self) -> bool {
            !self.is_full.load(SeqCst)
        }

        fn counters(&self) -> &Arc<Counters> {
            &self.counters
        }

        fn close(&self) {
            self.note("closed".to_owned());
        }
    }

    fn start(words: &Arc<Words>) -> Listener {
        let config = Config::of(&[
            ("account.id", "le1"),
            ("receiver.secret", "s1"),
            ("receiver.ack.timeout.ms", "1"),
        ]);
        Listener::start(ListenerSettings::of(&config).unwrap(), words.clone()).unwrap()
    }

    fn ask(listener: &Listener, request: &str) -> String {
        let address = listener.url().trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    }

    fn post(listener: &Listener, secret: &str, text: &str) -> String {
        let body = format!(
            r#"{{"body":{{"changes":[{{"event":{{"type":"ContentEvent","message":"{text}"}}}}]}}}}"#
        );
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let signature = STANDARD.encode(hmac::sign(&key, body.as_bytes()));
        let length = body.len();
        ask(
            listener,
            &format!(
                "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {length}\r\n\
                 x-liveperson-account-id: le1\r\nx-liveperson-signature: sha1={signature}\r\n\r\n{body}"
            ),
        )
    }

    #[test]
    fn what_becomes_of_a_notification_is_any_sinks_to_say() {
        let words = Arc::<Words>::default();
        let listener = start(&words);
        for (text, status, heard) in [
            ("good", "200", &["le1 good"][..]),
            ("full", "503", &["le1 full"]),
            ("broken", "503", &["le1 broken"]),
            ("dropped", "503", &["le1 dropped", "gave up 7"]),
            ("pending", "503", &["le1 pending", "gave up 8"]),
        ] {
            assert_eq!(post(&listener, "s1", text), status, "{text}");
            assert_eq!(words.heard(), heard);
        }
        assert_eq!(post(&listener, "other", "good"), "401");
        assert!(words.heard().is_empty(), "it is told nothing that is not signed");
        assert_eq!(words.counters.refused().into_iter().collect::<Vec<_>>(), [(401, 1), (503, 4)]);
        listener.set_credentials("app", &["s2"]).unwrap();
        assert_eq!([post(&listener, "s1", "good"), post(&listener, "s2", "good")], ["401", "200"]);
    }

    #[test]
    fn a_sink_says_whether_it_is_healthy_and_learns_of_the_end() {
        let words = Arc::<Words>::default();
        let listener = start(&words);
        let check = "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        assert_eq!(ask(&listener, check), "200");
        words.is_full.store(true, SeqCst);
        assert_eq!(ask(&listener, check), "503");
        listener.stop();
        assert_eq!(words.heard(), ["closed"]);
        listener.stop();
        drop(listener);
        assert!(words.heard().is_empty(), "once");
        assert_eq!(Arc::strong_count(&words), 1, "nothing of it is left");
    }
}
