//! The two tokens: the connector's AppJWT and a consumer's ConsumerJWS.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

// The service checks signatures; we only read what a token says about itself.
use jsonwebtoken::dangerous::insecure_decode_claims;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::value::RawValue;
use ureq::http::{HeaderValue, Method, header};
use zeroize::Zeroizing;

use crate::base::error::{Error, Status};
use crate::base::log::LogLevel;
use crate::base::secret::Token;
use crate::base::stats::{Operation, count};
use crate::config::configuration::Credentials;
use crate::handles::client::Shared;
use crate::net::transport::{Body, Outgoing};
use crate::protocol::json::text;
use crate::service::call::Call;
use crate::service::domains::Service;
use crate::service::request::{Answered, exchange, failed, json_headers, server_date};
use crate::service::verify::verify;

/// An AppJWT that the library obtained.
#[derive(Clone)]
pub(crate) struct AppJwt {
    token: Arc<Token>,
    expires: Instant,
}

/// Token requests are bounded more strictly than others: after a 429, nothing for so long.
const LEAST_PAUSE: Duration = Duration::from_secs(5);

impl Shared {
    /// Whether there is, or can be, an AppJWT.
    pub(crate) fn check_credentials(&self) -> Result<(), Error> {
        if self.given_app_jwt.load().is_some() {
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

impl Call<'_> {
    /// Does something with the AppJWT to use now: the caller's own, or one obtained and not yet
    /// within the refresh margin of its end. One of ours that the service refuses is replaced, and
    /// the thing done once more.
    pub(crate) fn with_app_jwt(
        self,
        is_refused: fn(&Error) -> bool,
        act: impl Fn(&Arc<Token>) -> Result<Answered, Error>,
    ) -> Result<Answered, Error> {
        // Of a token that is not replaced, exchange() left it to us to say that it failed.
        let for_good = |error| if is_refused(&error) { failed(self, error) } else { error };
        if let Some(given) = self.client.given_app_jwt.load_full() {
            return act(&given).map_err(for_good);
        }
        let token = self.app_jwt(None)?;
        let refused = match act(&token) {
            Err(error) if is_refused(&error) => error,
            outcome => return outcome,
        };
        self.settings().log.write(LogLevel::Warn, || {
            format!("{}; once more with another AppJWT", refused.message())
        });
        // Once it may have happened, nothing that comes after undoes it.
        let carry = |error: Error| {
            let maybe = error.maybe_delivered() || refused.maybe_delivered();
            error.with_maybe_delivered(maybe)
        };
        let token = self.app_jwt(Some(&token)).map_err(carry)?;
        count(&self.local.counters.retries);
        let before = refused.attempts();
        match act(&token) {
            Ok(answered) => Ok(Answered { attempts: before + answered.attempts, ..answered }),
            Err(error) => {
                let attempts = before + error.attempts();
                Err(for_good(carry(error)).with_attempts(attempts))
            }
        }
    }

    /// An AppJWT of ours, another than the one that was refused. Threads that need a new one at the
    /// same time share one request.
    fn app_jwt(self, refused: Option<&Arc<Token>>) -> Result<Arc<Token>, Error> {
        let margin = self.settings().token_refresh_margin;
        let is_usable = |jwt: &AppJwt| {
            Instant::now() < jwt.expires
                && !refused.is_some_and(|refused| Arc::ptr_eq(refused, &jwt.token))
        };
        let is_good = |jwt: &AppJwt| is_usable(jwt) && Instant::now() + margin < jwt.expires;
        let mut rounds = 0;
        loop {
            let credentials = self.client.credentials()?;
            let obtain = |deadline| {
                let obtained = obtain_app_jwt(self.by(deadline), &credentials);
                obtained.map_err(|failed| failed.with_credentials(credentials.number))
            };
            let outcome = self.local.app_jwt.get(self.deadline, is_good, is_usable, obtain);
            let failed = match outcome {
                Ok(jwt) => return Ok(jwt.token),
                Err(failed) => failed,
            };
            // What failed with credentials that were replaced meanwhile, for this thread or another,
            // says nothing about those of now.
            rounds += 1;
            let current = self.client.credentials()?.number;
            if rounds == MOST_CREDENTIALS || !failed.is_of_other_credentials(current) {
                return Err(failed);
            }
            self.deadline.remaining()?;
        }
    }
}

/// How many replaced credentials one call lives through.
const MOST_CREDENTIALS: u32 = 4;

/// Whether the messaging service refused the AppJWT itself: 40102, or a 401 that does not say why.
pub(crate) fn wants_another_token(error: &Error) -> bool {
    error.http_status() == 401 && matches!(error.service_code(), 40102 | 0)
}

/// Whether the IDP did: there it is the only token, so any 401 is about it.
fn idp_wants_another_token(error: &Error) -> bool {
    error.http_status() == 401
}

fn obtain_app_jwt(call: Call, credentials: &Credentials) -> Result<AppJwt, Error> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: Zeroizing<String>,
    }
    #[derive(Deserialize)]
    struct Claims {
        exp: Box<RawValue>,
    }
    const DOING: &str = "obtaining an AppJWT";

    let base = call.base_url(Service::Sentinel)?;
    let account = &call.settings().account_id;
    let secret = credentials.client_secret.expose_secret();
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("client_id", &credentials.client_id);
    form.append_pair("client_secret", secret);
    let path = if call.settings().token_api_version == 2 {
        form.append_pair("grant_type", "client_credentials");
        format!("/sentinel/api/v2/account/{account}/app/token")
    } else {
        format!("/sentinel/api/account/{account}/app/token?v=1.0&grant_type=client_credentials")
    };
    let form = Zeroizing::new(form.finish());
    let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let encoded = Zeroizing::new(encoded);

    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    let request = Outgoing {
        headers: vec![(header::CONTENT_TYPE, form_type)],
        body: Body::Bytes(form.as_bytes()),
        secrets: &[secret.as_bytes(), encoded.as_bytes()],
        least_pause: LEAST_PAUSE,
        ..Outgoing::new(DOING, Operation::Token, Method::POST, base.join(&path)?)
    };
    let answer = exchange(call, &request)?;
    let (now, date) = (Instant::now(), server_date(&answer.headers));

    // The answer holds a token, so no error carries it or any part of it.
    let body = Zeroizing::new(answer.body);
    let broken = |why: &str| Error::new(Status::Protocol, format!("{DOING}: {why}"));
    let granted: Granted = serde_json::from_slice(&body)
        .map_err(|_| broken("the answer is not JSON with an access_token"))?;
    let claims: Claims = insecure_decode_claims(granted.access_token.as_bytes())
        .map_err(|_| broken("the access_token is not a JWT with an exp claim"))?;
    let token = Token::new(&granted.access_token)
        .ok_or_else(|| broken("the access_token has characters that no token has"))?;
    // Whole seconds; a part of one is none too many.
    let exp = text(Some(&claims.exp)).parse::<f64>().ok().filter(|exp| *exp >= 0.0);
    let end = exp
        .and_then(|exp| UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(exp.floor()).ok()?))
        .ok_or_else(|| broken("the access_token's exp is no date"))?;
    // By the clock of the service, which may be off from ours, and from then on by one that nobody
    // sets.
    let left = end.duration_since(date.unwrap_or_else(SystemTime::now)).unwrap_or_default();
    let expires = now + left.min(LONGEST);
    if call.settings().token_verify {
        verify(call, &granted.access_token).map_err(|error| error.context(DOING))?;
    }
    count(&call.local.counters.token_refreshes);
    let log = &call.settings().log;
    log.write(LogLevel::Info, || format!("{DOING}: it is valid for {} s", left.as_secs()));
    Ok(AppJwt { token: Arc::new(token), expires })
}

/// Longer than any token lives, and short enough to be added to a time.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// A ConsumerJWS and who it says the consumer is.
#[derive(Debug)]
pub(crate) struct ConsumerJws {
    pub token: Token,
    pub lp_consumer_id: String,
}

impl ConsumerJws {
    /// Reads a ConsumerJWS; the error says what is wrong with it, without showing it.
    pub(crate) fn read(jws: &str) -> Result<ConsumerJws, &'static str> {
        #[derive(Deserialize)]
        struct Claims {
            lp_consumer_id: Box<RawValue>,
        }
        let token = Token::new(jws).ok_or("it is empty or has characters that no token has")?;
        let claims: Claims =
            insecure_decode_claims(jws).map_err(|_| "it is not a JWS with an lp_consumer_id")?;
        Ok(ConsumerJws { token, lp_consumer_id: text(Some(&claims.lp_consumer_id)) })
    }
}

/// Asks the IDP who a consumer is.
pub(crate) fn obtain_consumer_jws(call: Call, ext_consumer_id: &str) -> Result<ConsumerJws, Error> {
    #[derive(Deserialize)]
    struct Identified {
        token: Zeroizing<String>,
    }
    const DOING: &str = "identifying the consumer";

    call.client.check_credentials()?;
    let base = call.base_url(Service::Idp)?;
    let account = &call.settings().account_id;
    let url = base.join(&format!("/api/account/{account}/consumer?v=1.0"))?;
    let body = serde_json::json!({ "ext_consumer_id": ext_consumer_id }).to_string();
    let answer = call.with_app_jwt(idp_wants_another_token, |app_jwt| {
        let request = Outgoing {
            headers: json_headers(app_jwt),
            body: Body::Bytes(body.as_bytes()),
            secrets: &[app_jwt.as_bytes()],
            least_pause: LEAST_PAUSE,
            refuses_app_jwt: idp_wants_another_token,
            ..Outgoing::new(DOING, Operation::Consumer, Method::POST, url.clone())
        };
        exchange(call, &request)
    })?;

    let body = Zeroizing::new(answer.body);
    let broken = |why: &str| Error::new(Status::Protocol, format!("{DOING}: {why}"));
    let identified: Identified =
        serde_json::from_slice(&body).map_err(|_| broken("the answer is not JSON with a token"))?;
    ConsumerJws::read(&identified.token)
        .map_err(|why| broken(&format!("the token is no ConsumerJWS: {why}")))
}
