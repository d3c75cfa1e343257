//! The keys with which Sentinel v2 signs AppJWTs (`token.verify`).

use std::sync::Arc;
use std::time::Duration;

use ureq::http::Method;

use crate::base::cached::{Cached, Fetched};
use crate::base::deadline::Deadline;
use crate::base::error::{Error, Status};
use crate::base::stats::Operation;
use crate::net::transport::HttpRequest;
use crate::protocol::app_jwt::{self, KeySet};
use crate::service::directory::{Directory, Service};
use crate::service::exchange::{Exchange, ServiceRequest};

/// A token signed with an unknown key may mean that there is a new one; it may as well be forged.
const LEAST_PAUSE: Duration = Duration::from_secs(60);

pub(crate) struct Keys {
    exchange: Arc<Exchange>,
    directory: Arc<Directory>,
    set: Cached<Arc<KeySet>>,
}

impl Keys {
    pub(crate) fn new(exchange: Arc<Exchange>, directory: Arc<Directory>) -> Keys {
        Keys { exchange, directory, set: Cached::new(LEAST_PAUSE, LEAST_PAUSE) }
    }

    /// Checks signature, `aud` and `iss` of an AppJWT that Sentinel gave.
    ///
    /// # Errors
    /// [`Status::Unauthorized`] with what is wrong; others where the key set cannot be had.
    pub(crate) fn verify(&self, jwt: &str, deadline: Deadline) -> Result<(), Error> {
        let settings = &self.exchange.settings;
        let account = &settings.account_id;
        let wrong = |error| self.exchange.count_failure(error);
        if settings.token_api_version != 2 {
            let key = settings.token_public_key.as_deref();
            return app_jwt::verify_v1(jwt, key, account).map_err(wrong);
        }
        let kid = app_jwt::kid_of_v2(jwt).map_err(wrong)?;
        let has_it = |set: &Arc<KeySet>| set.has(&kid);
        let set = self.exchange.kept(&self.set, deadline, has_it, |by| self.fetch(by))?;
        app_jwt::verify_v2(jwt, &set, account).map_err(wrong)
    }

    fn fetch(&self, deadline: Deadline) -> Result<Fetched<Arc<KeySet>>, Error> {
        const DOING: &str = "fetching Sentinel's key set";

        let base = self.directory.base_url(Service::Sentinel, deadline)?;
        let http = HttpRequest::new(Method::GET, base.join("/sentinel/well-known/jwks")?);
        let request = ServiceRequest::new(DOING, Operation::Keys, http);
        let answer = self.exchange.send(&request, deadline)?;
        let set = KeySet::read(&answer.body).ok_or_else(|| {
            let message = format!("{DOING}: the answer is not a JSON Web Key Set");
            self.exchange.count_failure(Error::new(Status::Protocol, message))
        })?;
        // Until a token names a key that it lacks.
        Ok(Fetched::for_ever(Arc::new(set)))
    }
}
