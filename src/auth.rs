//! The two tokens: the connector's AppJWT and a consumer's ConsumerJWS.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

// The service checks signatures; we only read what a token says about itself.
use jsonwebtoken::dangerous::insecure_decode_claims;
use secrecy::ExposeSecret;
use serde::Deserialize;
use ureq::http::{HeaderMap, HeaderValue, Method, header};
use zeroize::Zeroizing;

use crate::client::Shared;
use crate::config::Credentials;
use crate::deadline::Deadline;
use crate::domains::Service;
use crate::error::{Error, Status};
use crate::request::{exchange, json_headers};
use crate::secret::Token;
use crate::transport::{Body, Outgoing};

/// An AppJWT that the library obtained.
#[derive(Clone)]
pub(crate) struct AppJwt {
    token: Arc<Token>,
    expires: SystemTime,
}

impl Shared {
    /// The AppJWT to use now: the caller's own, or one obtained and not yet within the refresh
    /// margin of its end.
    ///
    /// Threads that need a new one at the same time share one request. Checking its signature and
    /// renewing it when the service refuses it belong here too, once they are built.
    pub(crate) fn app_jwt(&self, deadline: Deadline) -> Result<Arc<Token>, Error> {
        if let Some(given) = self.given_app_jwt.load_full() {
            return Ok(given);
        }
        let Some(credentials) = &self.settings.credentials else {
            return Err(Error::new(
                Status::Config,
                "no AppJWT: set the options client.id and client.secret, or app.jwt",
            ));
        };
        let margin = self.settings.token_refresh_margin;
        let fresh = |jwt: &AppJwt| SystemTime::now() + margin < jwt.expires;
        let jwt = self
            .local()
            .app_jwt
            .get(deadline, fresh, || obtain_app_jwt(self, credentials, deadline))?;
        Ok(jwt.token)
    }
}

fn obtain_app_jwt(
    client: &Shared,
    credentials: &Credentials,
    deadline: Deadline,
) -> Result<AppJwt, Error> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: Zeroizing<String>,
    }
    #[derive(Deserialize)]
    struct Claims {
        exp: u64,
    }
    const DOING: &str = "obtaining an AppJWT";

    let base = client.base_url(Service::Sentinel, deadline)?;
    let account = &client.settings.account_id;
    let secret = credentials.client_secret.expose_secret();
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("client_id", &credentials.client_id);
    form.append_pair("client_secret", secret);
    let path = if client.settings.token_api_version == 2 {
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
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, form_type)]),
        body: Body::Bytes(form.as_bytes()),
        secrets: &[secret, &encoded],
        ..Outgoing::new(DOING, Method::POST, format!("{}{path}", base.as_str()))
    };
    let answer = exchange(client, &request, deadline)?;

    // The answer holds a token, so no error carries it or any part of it.
    let body = Zeroizing::new(answer.body);
    let broken = |why: &str| Error::new(Status::Protocol, format!("{DOING}: {why}"));
    let granted: Granted = serde_json::from_slice(&body)
        .map_err(|_| broken("the answer is not JSON with an access_token"))?;
    let claims: Claims = insecure_decode_claims(granted.access_token.as_bytes())
        .map_err(|_| broken("the access_token is not a JWT with an exp claim"))?;
    let token = Token::new(&granted.access_token)
        .ok_or_else(|| broken("the access_token has characters that no token has"))?;
    let expires = UNIX_EPOCH
        .checked_add(Duration::from_secs(claims.exp))
        .ok_or_else(|| broken("the access_token's exp is no date"))?;
    Ok(AppJwt { token: Arc::new(token), expires })
}

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
            lp_consumer_id: String,
        }
        let token = Token::new(jws).ok_or("it is empty or has characters that no token has")?;
        let claims: Claims =
            insecure_decode_claims(jws).map_err(|_| "it is not a JWS with an lp_consumer_id")?;
        Ok(ConsumerJws { token, lp_consumer_id: claims.lp_consumer_id })
    }
}

/// Asks the IDP who a consumer is.
pub(crate) fn obtain_consumer_jws(
    client: &Shared,
    ext_consumer_id: &str,
    deadline: Deadline,
) -> Result<ConsumerJws, Error> {
    #[derive(Deserialize)]
    struct Identified {
        token: Zeroizing<String>,
    }
    const DOING: &str = "identifying the consumer";

    let app_jwt = client.app_jwt(deadline)?;
    let base = client.base_url(Service::Idp, deadline)?;
    let body = serde_json::json!({ "ext_consumer_id": ext_consumer_id }).to_string();
    let account = &client.settings.account_id;
    let url = format!("{}/api/account/{account}/consumer?v=1.0", base.as_str());
    let request = Outgoing {
        headers: json_headers(&app_jwt),
        body: Body::Bytes(body.as_bytes()),
        secrets: &[app_jwt.expose()],
        ..Outgoing::new(DOING, Method::POST, url)
    };
    let answer = exchange(client, &request, deadline)?;

    let body = Zeroizing::new(answer.body);
    let broken = |why: &str| Error::new(Status::Protocol, format!("{DOING}: {why}"));
    let identified: Identified =
        serde_json::from_slice(&body).map_err(|_| broken("the answer is not JSON with a token"))?;
    ConsumerJws::read(&identified.token)
        .map_err(|why| broken(&format!("the token is no ConsumerJWS: {why}")))
}
