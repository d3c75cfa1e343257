//! The body of a request: read within its limits, or drained, so that who sends too much finds the
//! answer.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{EXPECT, HeaderMap};
use tokio::time::timeout;

use crate::receiver::body_budget::{BodyBudget, BodyShare};

/// The service has written everything in 5 s, or gives up.
const LONGEST_READ: Duration = Duration::from_secs(5);

const TOO_LARGE: (StatusCode, &str) =
    (StatusCode::PAYLOAD_TOO_LARGE, "longer than receiver.body.max.bytes");

/// What is still read of a body that is refused, so that who sends all of it before it looks for an
/// answer finds one: an answer in front of unread bytes is lost.
const MOST_DRAINED: usize = 4 << 20;
const LONGEST_DRAIN: Duration = Duration::from_secs(2);

/// A body of at most so many bytes, or with what it is refused, and why. What counts is what arrives,
/// not what is announced: an announcement costs nothing.
pub(crate) async fn read(
    body: &mut Incoming,
    most: usize,
    budget: &BodyBudget,
) -> Result<Vec<u8>, (StatusCode, &'static str)> {
    if body.size_hint().lower() > most as u64 {
        return Err(TOO_LARGE);
    }
    let share = budget.share();
    tokio::select! {
        biased;
        () = share.eviction() => Err((StatusCode::SERVICE_UNAVAILABLE, "too much arrives at once")),
        read = timeout(LONGEST_READ, collect(body, most, share)) => match read {
            Ok(read) => read,
            Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "its body did not come")),
        }
    }
}

async fn collect(
    body: &mut Incoming,
    most: usize,
    mut share: BodyShare<'_>,
) -> Result<Vec<u8>, (StatusCode, &'static str)> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| (StatusCode::BAD_REQUEST, "its body broke off"))?;
        let Some(data) = frame.data_ref() else { continue };
        let length = whole.len() + data.len();
        if length > most {
            return Err(TOO_LARGE);
        }
        if length > whole.capacity() {
            let room = (2 * whole.capacity()).clamp(length, most);
            share.grow_to(room);
            whole.reserve_exact(room - whole.len());
        }
        whole.extend_from_slice(data);
    }
    Ok(whole)
}

/// Reads on for a while what is refused, so that the answer is not lost.
pub(crate) async fn drain(headers: &HeaderMap, body: &mut Incoming) {
    let announced = body.size_hint().lower() as usize;
    // Who asks first sends nothing after a refusal.
    if body.is_end_stream() || announced > MOST_DRAINED || headers.contains_key(EXPECT) {
        return;
    }
    let mut left = MOST_DRAINED;
    let read = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    // After that long, the answer goes out all the same.
    let _ = timeout(LONGEST_DRAIN, read).await;
}
