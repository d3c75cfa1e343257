//! The way of a request: read, recorded, answered, logged.

use std::future;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use hyper::Response;
use hyper::body::Incoming;

use crate::answer::{Answer, Payload, Reply};
use crate::refusal::Refusal;
use crate::request::Received;
use crate::route::Target;
use crate::state::State;
use crate::{conversation, domain, idp, send, sentinel};

/// Answers a request. An error closes the connection without an answer.
pub(crate) async fn answer(
    state: Arc<State>,
    connection: u64,
    request: hyper::Request<Incoming>,
) -> io::Result<Response<Payload>> {
    let received = Received::read(request, state.options.max_body, connection)
        .await
        .map_err(io::Error::other)?;
    let started = Instant::now();
    let Some(target) = Target::find(&received.path) else {
        let reply = Refusal::status(404, "Not found", "No service has this path").into_reply();
        state.logger.request(&received, Some(reply.status), started.elapsed());
        return Ok(reply.into_response());
    };
    let (number, canned) = state.admit(&target, &received);
    let without_answer = || state.logger.request(&received, None, started.elapsed());
    let with_answer = |reply: &Reply| {
        // Noted before the client sees the answer, so that a test finds it noted.
        state.settle(&target, number, reply.status);
        state.logger.request(&received, Some(reply.status), started.elapsed());
    };
    match canned {
        None => {
            let reply = run(&state, &target, &received);
            with_answer(&reply);
            Ok(reply.into_response())
        }
        Some(Answer::Status { status, headers, body }) => {
            let reply = Reply { status, headers, body };
            with_answer(&reply);
            Ok(reply.into_response())
        }
        Some(Answer::Stall) => {
            without_answer();
            // hyper drops this future when the client leaves.
            future::pending().await
        }
        Some(Answer::Reset) => {
            without_answer();
            Err(io::Error::other("closed on request"))
        }
        Some(Answer::Lose) => {
            run(&state, &target, &received);
            without_answer();
            Err(io::Error::other("closed on request"))
        }
        Some(Answer::Cut) => {
            let reply = run(&state, &target, &received);
            with_answer(&reply);
            Ok(reply.into_cut_response())
        }
    }
}

/// What the service itself answers.
fn run(state: &State, target: &Target<'_>, received: &Received) -> Reply {
    let allowed = target.route().method();
    if received.method != allowed {
        let details = format!("{} is not allowed here", received.method);
        return Refusal::status(405, "Method not allowed", details)
            .into_reply()
            .with_header("allow", allowed);
    }
    let answer = match *target {
        Target::Domain { account, service } => domain::answer(state, account, service, received),
        Target::Token { account, version } => {
            Ok(sentinel::answer(state, account, version, received))
        }
        Target::Consumer { account } => idp::answer(state, account, received),
        Target::Conversation { account } => conversation::answer(state, account, received),
        Target::Send { account } => send::answer(state, account, received),
        Target::Keys => Ok(sentinel::keys()),
    };
    answer.unwrap_or_else(Refusal::into_reply)
}
