//! Sentinel, which gives AppJWTs for the app install's credentials.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::ExposeSecret;
use serde::Deserialize;
use ureq::http::{HeaderValue, Method, header};
use zeroize::Zeroizing;

use crate::base::cached::Fetched;
use crate::base::clock::Moment;
use crate::base::deadline::Deadline;
use crate::base::error::{Error, Status};
use crate::base::log::LogLevel;
use crate::base::secret::Token;
use crate::base::stats::{Operation, count};
use crate::config::credentials::Credentials;
use crate::net::transport::{Body, HttpRequest};
use crate::protocol::app_jwt::expiry;
use crate::service::dates::server_date;
use crate::service::directory::{Directory, Service};
use crate::service::exchange::{Exchange, ServiceRequest};
use crate::service::key_set::Keys;

/// Token requests are bounded more strictly than others: after a 429, nothing for so long.
pub(crate) const LEAST_PAUSE: Duration = Duration::from_secs(5);

/// Longer than any token lives, and short enough to be added to a time.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

pub(crate) struct Sentinel {
    exchange: Arc<Exchange>,
    directory: Arc<Directory>,
    keys: Keys,
}

impl Sentinel {
    pub(crate) fn new(exchange: Arc<Exchange>, directory: Arc<Directory>) -> Sentinel {
        let keys = Keys::new(exchange.clone(), directory.clone());
        Sentinel { exchange, directory, keys }
    }

    /// Obtains an AppJWT, and checks it where `token.verify` is set.
    pub(crate) fn obtain(
        &self,
        credentials: &Credentials,
        deadline: Deadline,
    ) -> Result<Fetched<Arc<Token>>, Error> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: Zeroizing<String>,
        }
        const DOING: &str = "obtaining an AppJWT";

        let settings = &self.exchange.settings;
        let base = self.directory.base_url(Service::Sentinel, deadline)?;
        let account = &settings.account_id;
        let secret = credentials.client_secret.expose_secret();
        // Room for all of it, so that no part of the secret is left where it grew out of.
        let room = 3 * (credentials.client_id.len() + secret.len()) + 100;
        let mut form = form_urlencoded::Serializer::new(String::with_capacity(room));
        form.append_pair("client_id", &credentials.client_id);
        form.append_pair("client_secret", secret);
        let path = if settings.token_api_version == 2 {
            form.append_pair("grant_type", "client_credentials");
            format!("/sentinel/api/v2/account/{account}/app/token")
        } else {
            format!("/sentinel/api/account/{account}/app/token?v=1.0&grant_type=client_credentials")
        };
        let form = Zeroizing::new(form.finish());
        let mut encoded = Zeroizing::new(String::with_capacity(3 * secret.len()));
        encoded.extend(form_urlencoded::byte_serialize(secret.as_bytes()));

        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let http = HttpRequest {
            headers: vec![(header::CONTENT_TYPE, form_type)],
            body: Body::Bytes(form.as_bytes()),
            ..HttpRequest::new(Method::POST, base.join(&path)?)
        };
        let request = ServiceRequest {
            secrets: &[secret.as_bytes(), encoded.as_bytes()],
            least_pause: LEAST_PAUSE,
            ..ServiceRequest::new(DOING, Operation::Token, http)
        };
        let answer = self.exchange.send(&request, deadline)?;
        let (now, date) = (Moment::now(), server_date(&answer.headers));

        // The answer holds a token, so no error carries it or any part of it.
        let body = Zeroizing::new(answer.body);
        let broken = |why: &str| {
            let error = Error::new(Status::Protocol, format!("{DOING}: {why}"));
            self.exchange.count_failure(error)
        };
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|_| broken("the answer is not JSON with an access_token"))?;
        let exp = expiry(&granted.access_token)
            .map_err(|why| broken(&format!("the access_token {why}")))?;
        let token = Token::new(&granted.access_token)
            .ok_or_else(|| broken("the access_token has characters that no token has"))?;
        // Whole seconds; a part of one is none too many.
        let end = exp
            .filter(|exp| *exp >= 0.0)
            .and_then(|exp| UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(exp.floor()).ok()?))
            .ok_or_else(|| broken("the access_token's exp is no date"))?;
        // By the clock of the service, which may be off from ours, and from then on by one that
        // nobody sets.
        let left = end.duration_since(date.unwrap_or_else(SystemTime::now)).unwrap_or_default();
        let life = left.min(LONGEST);
        if settings.token_verify {
            let verified = self.keys.verify(&granted.access_token, deadline);
            verified.map_err(|error| error.context(DOING))?;
        }
        count(&self.exchange.counters.token_refreshes);
        let log = self.exchange.log();
        log.write(LogLevel::Info, || format!("{DOING}: it is valid for {} s", left.as_secs()));
        let renew_at = now + good_for(life, settings.token_refresh_margin);
        Ok(Fetched { value: Arc::new(token), renew_at, expires_at: now + life })
    }
}

/// How long a token of this life is used before it is replaced: one that lives hardly longer than the
/// margin would be due as it comes.
fn good_for(life: Duration, margin: Duration) -> Duration {
    life - margin.min(life / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_replaced_before_its_end_and_not_as_it_comes() {
        let seconds = Duration::from_secs;
        assert_eq!(good_for(seconds(3600), seconds(60)), seconds(3540));
        assert_eq!(good_for(seconds(60), seconds(60)), seconds(30));
        assert_eq!(good_for(seconds(60), seconds(3600)), seconds(30));
        assert_eq!(good_for(seconds(60), Duration::ZERO), seconds(60));
        assert_eq!(good_for(Duration::ZERO, seconds(60)), Duration::ZERO);
    }
}
