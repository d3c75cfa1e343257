//! The AppJWT in use: the caller's own, or one that is obtained, kept, and replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use ureq::http::{HeaderName, HeaderValue, header};

use crate::base::cached::{Cached, Fetched};
use crate::base::deadline::Deadline;
use crate::base::error::{Error, Status};
use crate::base::log::LogLevel;
use crate::base::secret::Token;
use crate::base::stats::count;
use crate::config::credentials::Credentials;
use crate::service::exchange::Exchange;
use crate::service::sentinel::{LEAST_PAUSE, Sentinel};

/// What AppJWTs come from: one of the caller's, or credentials. The same in all processes of a
/// client, and replaced at any time.
pub(crate) struct AppAuth {
    pub given: ArcSwapOption<Token>,
    pub credentials: ArcSwapOption<Credentials>,
}

impl AppAuth {
    /// Whether there is, or can be, an AppJWT.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.given.load().is_some() {
            return Ok(());
        }
        self.credentials().map(drop)
    }

    fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        self.credentials.load_full().ok_or_else(|| {
            let message = "no AppJWT: set the options client.id and client.secret, or app.jwt";
            Error::new(Status::Config, message)
        })
    }
}

/// Where the service refuses one AppJWT after the other: short, because those whom it refuses may be
/// few, and a new one may be due for the others.
const REPLACEMENT_PAUSE: Duration = Duration::from_secs(1);

/// The AppJWTs of one process.
pub(crate) struct AppJwts {
    pub auth: Arc<AppAuth>,
    exchange: Arc<Exchange>,
    sentinel: Sentinel,
    obtained: Cached<Arc<Obtained>>,
}

struct Obtained {
    token: Arc<Token>,
    asked_at: Instant,
}

impl AppJwts {
    pub(crate) fn new(auth: Arc<AppAuth>, exchange: Arc<Exchange>, sentinel: Sentinel) -> AppJwts {
        let obtained = Cached::new(LEAST_PAUSE, REPLACEMENT_PAUSE);
        AppJwts { auth, exchange, sentinel, obtained }
    }

    /// Does something with the AppJWT to use now. One of ours that the service refuses is replaced, and
    /// the thing done once more; again only where what came had been asked for before the refusal, and so
    /// may have been revoked with the other.
    ///
    /// `hopeless`, kept for whom it is done: the last time, no other was of help. Such a call fails at
    /// once where it is too soon for another; others wait.
    pub(crate) fn with_app_jwt<T>(
        &self,
        deadline: Deadline,
        hopeless: &AtomicBool,
        is_refused: fn(&Error) -> bool,
        mut act: impl FnMut(&Arc<Token>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let for_good = |error| self.exchange.count_failure(error);
        if let Some(given) = self.auth.given.load_full() {
            return act(&given).map_err(for_good);
        }
        let mut jwt = self.obtained(deadline, None)?;
        let mut first_refusal = None;
        loop {
            let refused = match act(&jwt.token) {
                Err(error) if is_refused(&error) => error,
                outcome => {
                    if outcome.is_ok() {
                        hopeless.store(false, Relaxed);
                    }
                    return outcome.map_err(for_good);
                }
            };
            if jwt.asked_at >= *first_refusal.get_or_insert_with(Instant::now) {
                hopeless.store(true, Relaxed);
                return Err(for_good(refused));
            }
            if !hopeless.load(Relaxed) {
                self.wait_for_another(deadline, &jwt).map_err(for_good)?;
            }
            let another = self.obtained(deadline, Some(&jwt));
            if another.as_ref().is_ok_and(|another| Arc::ptr_eq(another, &jwt)) {
                // It replaced one that was refused a moment ago, and there is no time to wait, or no use.
                return Err(for_good(refused));
            }
            self.exchange.log().write(LogLevel::Warn, || {
                let then = if another.is_ok() {
                    "once more with another AppJWT"
                } else {
                    "no other AppJWT"
                };
                format!("{}; {then}", refused.message())
            });
            jwt = another?;
            count(&self.exchange.counters.retries);
        }
    }

    /// Waits until another AppJWT than the refused one is there or may be asked for, if there is time for
    /// that: where some are refused whatever they come with, it is too soon for the others as well.
    fn wait_for_another(&self, deadline: Deadline, refused: &Arc<Obtained>) -> Result<(), Error> {
        let pause = || self.obtained.pause(|jwt| !Arc::ptr_eq(refused, jwt));
        let left = pause();
        if left.is_zero() || deadline.remaining().map_or(true, |remaining| remaining <= left) {
            return Ok(());
        }
        self.exchange.log().write(LogLevel::Trace, || {
            format!("waiting {} ms before another AppJWT is asked for", left.as_millis())
        });
        self.exchange.shutdown.sleep_unless(left, || pause().is_zero());
        self.exchange.shutdown.check()
    }

    /// An AppJWT of ours, another than the one that was refused if it is not too soon for that.
    fn obtained(
        &self,
        deadline: Deadline,
        refused: Option<&Arc<Obtained>>,
    ) -> Result<Arc<Obtained>, Error> {
        let is_other = |jwt: &Arc<Obtained>| !refused.is_some_and(|it| Arc::ptr_eq(it, jwt));
        let obtain = |by| {
            let asked_at = Instant::now();
            let Fetched { value: token, renew_at, expires_at } =
                self.sentinel.obtain(&*self.auth.credentials()?, by)?;
            Ok(Fetched { value: Arc::new(Obtained { token, asked_at }), renew_at, expires_at })
        };
        self.exchange.kept(&self.obtained, deadline, is_other, obtain)
    }

    /// There are other credentials: what failed with the old ones says nothing about them.
    pub(crate) fn credentials_changed(&self) {
        self.obtained.restart();
        self.exchange.shutdown.wake();
    }
}

/// The headers of a JSON request that the connector's token authorizes.
pub(crate) fn json_headers(app_jwt: &Arc<Token>) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::with_capacity(4);
    headers.push((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    headers.push((header::AUTHORIZATION, app_jwt.header()));
    headers
}
