//! The receiver's certificates: read again when their files change, so that a renewed one needs no
//! restart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::base::error::Error;
use crate::base::log::{Log, LogLevel};
use crate::base::thread;
use crate::net::tls::{ServerFiles, Stamps};

/// A handshake looks at the files if nobody did for so long.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// So long that handshake waits for what is found; a file system that hangs holds up nothing else.
const LONGEST_LOOK: Duration = Duration::from_millis(500);

/// What handshakes are made with.
pub(crate) struct Certificates {
    files: Arc<ServerFiles>,
    state: Mutex<State>,
    log: Log,
}

struct State {
    acceptor: TlsAcceptor,
    /// Those of the files that are in use.
    stamps: Stamps,
    looked: Instant,
    /// One that is under way.
    look: Option<oneshot::Receiver<Found>>,
    /// What is wrong with the files, once it was logged.
    warned: Option<Error>,
}

/// What a look found; nothing was read where nothing changed.
type Found = Option<(Stamps, Result<TlsAcceptor, Error>)>;

impl Certificates {
    /// Reads them for the first time: here, what is broken is an error.
    pub(crate) fn read(files: ServerFiles, log: Log) -> Result<Certificates, Error> {
        let stamps = files.stamps();
        let acceptor = files.acceptor()?;
        let looked = Instant::now();
        let state = Mutex::new(State { acceptor, stamps, looked, look: None, warned: None });
        Ok(Certificates { files: Arc::new(files), state, log })
    }

    /// What to make a handshake with now.
    pub(crate) async fn acceptor(&self) -> TlsAcceptor {
        let mut state = self.state.lock().await;
        let is_due = state.look.is_none() && state.looked.elapsed() >= BETWEEN_LOOKS;
        if is_due {
            state.looked = Instant::now();
            state.look = self.look(state.stamps.clone());
        }
        let patience = if is_due { LONGEST_LOOK } else { Duration::ZERO };
        let mut line = None;
        if let Some(look) = &mut state.look
            && let Ok(found) = timeout(patience, look).await
        {
            state.look = None;
            line = found.ok().and_then(|found| state.apply(found));
        }
        let acceptor = state.acceptor.clone();
        drop(state);
        if let Some((level, line)) = line {
            self.log.write(level, || line);
        }
        acceptor
    }

    /// Begins a look, on a thread that ends with it: files may be far away. None if there is no thread
    /// to be had; then a later handshake looks.
    fn look(&self, in_use: Stamps) -> Option<oneshot::Receiver<Found>> {
        let (tell, found) = oneshot::channel();
        let files = self.files.clone();
        let look = move || {
            let stamps = files.stamps();
            // Who left needs no answer.
            let _ = tell.send((stamps != in_use).then(|| (stamps, files.acceptor())));
        };
        thread::start("lpc-certificates", look).ok().map(|_| found)
    }
}

impl State {
    /// Uses what was found if it is whole; gives what there is to log about it. What is broken may be
    /// half written, and is read again with the next look.
    fn apply(&mut self, found: Found) -> Option<(LogLevel, String)> {
        match found {
            None => {
                self.warned = None;
                None
            }
            Some((stamps, Ok(acceptor))) => {
                (self.acceptor, self.stamps, self.warned) = (acceptor, stamps, None);
                Some((LogLevel::Info, "receiver: its certificates were read again".to_owned()))
            }
            Some((_, Err(error))) => {
                let is_known =
                    self.warned.as_ref().is_some_and(|it| it.message() == error.message());
                let line = format!("receiver: its certificates stay as they were: {error}");
                self.warned = Some(error);
                (!is_known).then_some((LogLevel::Warn, line))
            }
        }
    }
}
