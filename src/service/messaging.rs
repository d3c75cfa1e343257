//! The messaging service: how a message gets there, and what it answers.

use std::sync::Arc;

use ureq::http::uri::PathAndQuery;
use ureq::http::{HeaderName, HeaderValue, Method};

use crate::base::deadline::Deadline;
use crate::base::delivery::Delivery;
use crate::base::error::{Error, Status};
use crate::base::stats::Operation;
use crate::net::transport::{Body, HttpRequest};
use crate::protocol::answer::Answer;
use crate::protocol::batch::{self, Batch};
use crate::protocol::message::{Idempotency, Message};
use crate::protocol::properties::CLIENT_PROPERTIES;
use crate::protocol::response::{self, Response};
use crate::service::app_jwts::{AppJwts, json_headers};
use crate::service::directory::{Directory, Service};
use crate::service::exchange::{Exchange, ServiceRequest};
use crate::service::idp::{ConsumerIdentity, Idp};

const ON_BEHALF: HeaderName = HeaderName::from_static("x-lp-on-behalf");

/// The paths of both endpoints for one account, read once.
pub(crate) struct Paths {
    conversation: PathAndQuery,
    send: PathAndQuery,
}

impl Paths {
    pub(crate) fn of(account: &str) -> Result<Paths, Error> {
        let path = |end| {
            let path = format!("/api/account/{account}/messaging/consumer/conversation{end}?v=3");
            // The option takes no characters that a path does not.
            path.parse().map_err(|_| Error::new(Status::Config, "account.id fits into no URL"))
        };
        Ok(Paths { conversation: path("")?, send: path("/send")? })
    }
}

/// On whose behalf something is sent, and what is said about the channel.
pub(crate) struct OnBehalfOf<'a> {
    pub consumer: &'a ConsumerIdentity,
    pub properties: Option<&'a HeaderValue>,
    /// None where none is open yet, or the caller writes the request.
    pub conversation_id: Option<&'a str>,
}

pub(crate) struct Messaging {
    pub app_jwts: Arc<AppJwts>,
    pub idp: Idp,
    exchange: Arc<Exchange>,
    directory: Arc<Directory>,
    paths: Arc<Paths>,
}

impl Messaging {
    pub(crate) fn new(
        exchange: Arc<Exchange>,
        directory: Arc<Directory>,
        app_jwts: Arc<AppJwts>,
        paths: Arc<Paths>,
    ) -> Messaging {
        let idp = Idp::new(exchange.clone(), directory.clone(), app_jwts.clone());
        Messaging { app_jwts, idp, exchange, directory, paths }
    }

    /// One request to SEND, and its answer.
    pub(crate) fn send(
        &self,
        on_behalf_of: &OnBehalfOf,
        message: &Message,
        deadline: Deadline,
    ) -> Result<Response, Error> {
        let to = (&self.paths.send, Operation::Send);
        match self.post(to, on_behalf_of, message, deadline, response::single) {
            Err(refusal) if message.was_done(&refusal) => Ok(Response::closed_already(&refusal)),
            outcome => outcome,
        }
    }

    /// A batch to CONVERSATION, and its answer.
    pub(crate) fn send_batch(
        &self,
        on_behalf_of: &OnBehalfOf,
        message: &Message,
        deadline: Deadline,
    ) -> Result<Batch, Error> {
        let to = (&self.paths.conversation, Operation::Conversation);
        let read = |answer| Batch::read(answer, &message.ids);
        self.post(to, on_behalf_of, message, deadline, read)
    }

    /// Gets the service's address, the consumer's token and the connector's, then posts; `read` reads
    /// the answer.
    fn post<T>(
        &self,
        (path, operation): (&PathAndQuery, Operation),
        on_behalf_of: &OnBehalfOf,
        message: &Message,
        deadline: Deadline,
        read: impl FnOnce(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _about = self.exchange.log().about(message.id(), on_behalf_of.conversation_id);
        // First, because without credentials nothing needs to be asked of anybody.
        self.app_jwts.auth.check()?;
        let url = self.directory.base_url(Service::Messaging, deadline)?.join_parsed(path)?;
        let consumer_jws = on_behalf_of.consumer.jws(&self.idp, deadline)?;
        let mut delivery = Delivery::of(message.id());
        let hopeless = &on_behalf_of.consumer.hopeless;
        let answer = self.app_jwts.with_app_jwt(deadline, hopeless, refuses_app_jwt, |app_jwt| {
            let mut headers = json_headers(app_jwt);
            headers.push((ON_BEHALF, consumer_jws.token.header()));
            headers.extend(on_behalf_of.properties.map(|it| (CLIENT_PROPERTIES, it.clone())));
            let http = HttpRequest {
                headers,
                body: Body::Bytes(&message.json),
                ..HttpRequest::new(Method::POST, url.clone())
            };
            let request = ServiceRequest {
                secrets: &[app_jwt.as_bytes(), consumer_jws.token.as_bytes()],
                idempotency: message.idempotency,
                ..ServiceRequest::new(message.doing, operation, http)
            };
            match self.exchange.deliver(&request, deadline, &mut delivery) {
                // No failure, and nobody is to count it as one.
                Err(refusal) if message.was_done(&refusal) => Ok(Err(refusal)),
                Err(error) => Err(batch::name_refused(error, &message.ids)),
                Ok(answer) => Ok(Ok(answer)),
            }
        });
        let answer = match answer {
            // Also where it is another request that failed in the end: this is the one to look after.
            Err(error) if delivery.maybe_delivered => {
                return Err(error.and_maybe_delivered().with_request_id(message.id()));
            }
            answer => answer??,
        };
        let answer = Answer { http_status: answer.status, body: answer.body, delivery };
        read(answer).map_err(|error| {
            if message.was_done(&error) {
                return error;
            }
            let is_safe = message.idempotency == Idempotency::Safe;
            let error = if is_safe { error.and_changed_nothing() } else { error };
            self.exchange.count_failure(error.context(message.doing))
        })
    }
}

/// Whether the messaging service refused the AppJWT itself: 40102, or a 401 that does not say why.
fn refuses_app_jwt(error: &Error) -> bool {
    error.http_status() == 401 && matches!(error.service_code(), 40102 | 0)
}
