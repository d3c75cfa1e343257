//! The IDP, which says who a consumer is: ConsumerJWSs, fetched once and kept.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use once_cell::race::OnceBox;
use serde::Deserialize;
use ureq::http::Method;
use zeroize::Zeroizing;

use crate::base::cached::{Cached, Fetched};
use crate::base::deadline::Deadline;
use crate::base::delivery::Delivery;
use crate::base::error::{Error, Status};
use crate::base::process::PerProcess;
use crate::base::stats::Operation;
use crate::net::transport::{Body, HttpRequest};
use crate::protocol::consumer_jws::ConsumerJws;
use crate::service::app_jwts::{AppJwts, json_headers};
use crate::service::directory::{Directory, Service};
use crate::service::exchange::{Exchange, ServiceRequest};
use crate::service::sentinel::LEAST_PAUSE;

/// Who a consumer is: known, or to be asked for. A ConsumerJWS never expires.
pub(crate) struct ConsumerIdentity {
    ext_consumer_id: Box<str>,
    jws: OnceBox<ConsumerJws>,
    fetch: PerProcess<Cached<()>>,
    /// AppJWTs are refused one after the other for this one's requests.
    pub hopeless: AtomicBool,
}

impl ConsumerIdentity {
    pub(crate) fn of(ext_consumer_id: &str) -> ConsumerIdentity {
        ConsumerIdentity::with(ext_consumer_id, OnceBox::new())
    }

    pub(crate) fn known(jws: ConsumerJws) -> ConsumerIdentity {
        ConsumerIdentity::with("", OnceBox::with_value(Box::new(jws)))
    }

    fn with(ext_consumer_id: &str, jws: OnceBox<ConsumerJws>) -> ConsumerIdentity {
        let (ext_consumer_id, hopeless) = (ext_consumer_id.into(), AtomicBool::new(false));
        ConsumerIdentity { ext_consumer_id, jws, fetch: PerProcess::new(), hopeless }
    }

    pub(crate) fn ext_consumer_id(&self) -> &str {
        &self.ext_consumer_id
    }

    /// The ConsumerJWS, if the IDP was asked already.
    pub(crate) fn known_jws(&self) -> Option<&ConsumerJws> {
        self.jws.get()
    }

    /// The ConsumerJWS; asks the IDP at the first use.
    pub(crate) fn jws(&self, idp: &Idp, deadline: Deadline) -> Result<&ConsumerJws, Error> {
        if let Some(jws) = self.jws.get() {
            return Ok(jws);
        }
        let known = |(): &()| self.jws.get().is_some();
        let fetch = self.fetch.get(|| Cached::new(Duration::ZERO, Duration::ZERO));
        idp.exchange.kept(&fetch, deadline, known, |by| {
            let jws = idp.identify(self, by)?;
            // Only the thread that fetches sets it, so the place is free.
            let _ = self.jws.set(Box::new(jws));
            Ok(Fetched::for_ever(()))
        })?;
        self.jws.get().ok_or_else(|| Error::new(Status::Internal, "no ConsumerJWS after its fetch"))
    }
}

pub(crate) struct Idp {
    exchange: Arc<Exchange>,
    directory: Arc<Directory>,
    app_jwts: Arc<AppJwts>,
}

impl Idp {
    pub(crate) fn new(
        exchange: Arc<Exchange>,
        directory: Arc<Directory>,
        app_jwts: Arc<AppJwts>,
    ) -> Idp {
        Idp { exchange, directory, app_jwts }
    }

    /// Asks who a consumer is.
    fn identify(&self, who: &ConsumerIdentity, deadline: Deadline) -> Result<ConsumerJws, Error> {
        #[derive(Deserialize)]
        struct Identified {
            token: Zeroizing<String>,
        }
        const DOING: &str = "identifying the consumer";

        self.app_jwts.auth.check()?;
        let base = self.directory.base_url(Service::Idp, deadline)?;
        let account = &self.exchange.settings.account_id;
        let url = base.join(&format!("/api/account/{account}/consumer?v=1.0"))?;
        let body = serde_json::json!({ "ext_consumer_id": who.ext_consumer_id }).to_string();
        let mut delivery = Delivery::default();
        let hopeless = &who.hopeless;
        let answer = self.app_jwts.with_app_jwt(deadline, hopeless, refuses_app_jwt, |app_jwt| {
            let http = HttpRequest {
                headers: json_headers(app_jwt),
                body: Body::Bytes(body.as_bytes()),
                ..HttpRequest::new(Method::POST, url.clone())
            };
            let request = ServiceRequest {
                secrets: &[app_jwt.as_bytes()],
                least_pause: LEAST_PAUSE,
                ..ServiceRequest::new(DOING, Operation::Consumer, http)
            };
            self.exchange.deliver(&request, deadline, &mut delivery)
        });

        let body = Zeroizing::new(answer?.body);
        let broken = |why: &str| {
            let error = Error::new(Status::Protocol, format!("{DOING}: {why}"));
            self.exchange.count_failure(error)
        };
        let identified: Identified = serde_json::from_slice(&body)
            .map_err(|_| broken("the answer is not JSON with a token"))?;
        ConsumerJws::read(&identified.token)
            .map_err(|why| broken(&format!("the token is no ConsumerJWS: {why}")))
    }
}

/// Whether the IDP refused the AppJWT: there it is the only token, so any 401 is about it.
fn refuses_app_jwt(error: &Error) -> bool {
    error.http_status() == 401
}
