//! The services: their routes, and the way of a request: read, recorded, answered, logged.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::handler::Handler;
use axum::http::header::{ALLOW, DATE};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use axum::{Extension, Router};

use crate::base::token;
use crate::cloud::accounts::Accounts;
use crate::cloud::shared::Shared;
use crate::http::answer::{self, Answer, Break};
use crate::http::cors;
use crate::http::line;
use crate::http::request::Received;
use crate::http::routing::{only, read};
use crate::protocol::file;
use crate::protocol::refusal::Refusal;
use crate::protocol::route::Route;
use crate::services::domain;
use crate::services::domain::Entrance;
use crate::services::idp;
use crate::services::opening;
use crate::services::send;
use crate::services::sentinel;
use crate::services::swift;
use crate::services::witness::witness;

/// All that the services take.
pub(crate) fn all_services(shared: Arc<Shared>) -> Router {
    let at = |route, allow, methods| at(&shared, route, allow, methods);
    let services = domains(&shared, Entrance::Services)
        .route(
            "/sentinel/api/account/{account}/app/token",
            at(Route::Token, "POST", post(sentinel::token_v1)),
        )
        .route(
            "/sentinel/api/v2/account/{account}/app/token",
            at(Route::Token, "POST", post(sentinel::token_v2)),
        )
        .route("/sentinel/well-known/jwks", at(Route::Keys, "GET", get(sentinel::keys)))
        .route("/api/account/{account}/consumer", at(Route::Consumer, "POST", post(idp::consumer)))
        .route(
            "/api/account/{account}/messaging/consumer/conversation",
            at(Route::Conversation, "POST", post(opening::batch)),
        )
        .route(
            "/api/account/{account}/messaging/consumer/conversation/send",
            at(Route::Send, "POST", post(send::one)),
        );
    finished(services, &shared).merge(files(&shared)).with_state(shared)
}

/// The Domain API alone.
pub(crate) fn plain_domains(shared: Arc<Shared>) -> Router {
    finished(domains(&shared, Entrance::Plain), &shared).with_state(shared)
}

/// The methods of a path, with the [`Route`] under which its requests are recorded and canned: for
/// its `{account}`, or for all accounts where it names none.
fn at(
    shared: &Arc<Shared>,
    route: Route,
    allow: &'static str,
    methods: MethodRouter<Arc<Shared>>,
) -> MethodRouter<Arc<Shared>> {
    only(methods, move |method: Method| async move {
        let details = format!("{method} is not allowed here");
        let status = StatusCode::METHOD_NOT_ALLOWED;
        ([(ALLOW, allow)], Refusal::status(status, "Method not allowed", details))
    })
    .layer(from_fn_with_state((shared.clone(), route), record))
    .layer(from_fn_with_state(shared.clone(), suffer))
    .layer(from_fn_with_state((shared.clone(), route), witness))
}

/// The Domain API. Public clients leave out the ".json" here and there.
fn domains(shared: &Arc<Shared>, entrance: Entrance) -> Router<Arc<Shared>> {
    let all = || at(shared, Route::Domain, "GET", get(domain::all));
    let one = || at(shared, Route::Domain, "GET", get(domain::one));
    Router::new()
        .route("/api/account/{account}/service/baseURI.json", all())
        .route("/api/account/{account}/service/baseURI", all())
        .route("/api/account/{account}/service/{service}/baseURI.json", one())
        .route("/api/account/{account}/service/{service}/baseURI", one())
        .layer(Extension(entrance))
}

/// With an answer for every other path; read and logged.
fn finished(services: Router<Arc<Shared>>, shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let unknown = async || Refusal::unknown_path();
    services
        .fallback(unknown.layer(from_fn_with_state(shared.clone(), suffer)))
        .layer(from_fn_with_state(shared.clone(), log))
        .layer(from_fn_with_state(shared.options.max_body, read))
}

/// The file storage. Its bodies have a limit of their own, and its URLs decide on the method.
fn files(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let record = from_fn_with_state((shared.clone(), Route::Storage), record);
    let suffer = from_fn_with_state(shared.clone(), suffer);
    let witness = from_fn_with_state((shared.clone(), Route::Storage), witness);
    Router::new()
        .route(file::PATH, any(swift::object).layer(record).layer(suffer).layer(witness))
        .layer(from_fn(cors::allow))
        .layer(from_fn_with_state(shared.clone(), log))
        .layer(from_fn_with_state(shared.options.max_file, read))
}

/// Middleware that writes the line of a request.
async fn log(
    State(shared): State<Arc<Shared>>,
    received: Received,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let response = next.run(request).await;
    let status = match response.extensions().get() {
        Some(Break::Stall | Break::Close) => None,
        Some(Break::Cut) | None => Some(response.status().as_u16()),
    };
    if shared.logger.is_on() {
        shared.logger.note(&line::of(&received, status, started.elapsed()));
    }
    response
}

/// Middleware that lets the service be slow, or away.
async fn suffer(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let response = match shared.conditions.outage() {
        None => next.run(request).await,
        Some(_) => {
            let details = "The service is away for a while";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Refusal::status(status, "Service unavailable", details).into_response()
        }
    };
    shared.conditions.hold_back().await;
    response
}

/// Refuses a request where there were too many.
fn admit(
    accounts: &Accounts,
    account_id: &str,
    route: Route,
    received: &Received,
) -> Result<(), Refusal> {
    let by_consumer = match route {
        Route::Token | Route::Consumer => false,
        Route::Conversation | Route::Send => true,
        Route::Domain | Route::Keys | Route::Storage => return Ok(()),
    };
    let claims = received.header("x-lp-on-behalf").filter(|_| by_consumer).and_then(token::peek);
    let consumer = claims.as_ref().and_then(|claims| claims.get("lp_consumer_id")?.as_str());
    let now = Instant::now();
    accounts.with_site(account_id, |site| site.meter.admit(consumer, now)).unwrap_or(Ok(()))
}

/// Middleware that records a request, and puts the canned answer that waits for it in place of the
/// real one.
async fn record(
    State((shared, route)): State<(Arc<Shared>, Route)>,
    path: Result<Path<HashMap<String, String>>, PathRejection>,
    received: Received,
    request: Request,
    next: Next,
) -> Response {
    // Refused by axum is what is not UTF-8 once it is decoded.
    let Ok(Path(mut parameters)) = path else { return Refusal::unknown_path().into_response() };
    let account_id = parameters.remove("account");
    let account_id = account_id.as_deref();
    let recorded = received.record(route);
    if !recorded.oddities.is_empty() {
        let (connection, oddities) = (recorded.connection, recorded.oddities.join("; "));
        shared.logger.note(&format!("#{connection} odd: {oddities}"));
    }
    let accounts = &shared.accounts;
    let (number, canned) = accounts.admit(account_id, recorded);
    // Noted before the client sees the answer, so that a test finds it noted.
    let settle = |mut response: Response| {
        accounts.settle(account_id, number, response.status().as_u16());
        if let Some(date) =
            account_id.and_then(|id| accounts.with_site(id, |site| site.clock.date()).flatten())
        {
            response.headers_mut().entry(DATE).or_insert(date);
        }
        response
    };
    match canned {
        None => match account_id.map_or(Ok(()), |id| admit(accounts, id, route, &received)) {
            Ok(()) => settle(next.run(request).await),
            Err(refusal) => settle(refusal.into_response()),
        },
        Some(Answer::Status { status, headers, body }) => {
            settle(answer::canned(status, headers, body))
        }
        Some(Answer::Stall) => Break::Stall.into_response(),
        Some(Answer::Reset) => Break::Close.into_response(),
        Some(Answer::Lose) => {
            next.run(request).await;
            Break::Close.into_response()
        }
        Some(Answer::Cut) => {
            (Extension(Break::Cut), settle(next.run(request).await)).into_response()
        }
    }
}
