//! The body of a request: read within its limits, or drained, so that who sends too much finds the
//! answer.

use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{EXPECT, HeaderMap};
use tokio::time::timeout;

/// The service has written everything in 5 s, or gives up.
const LONGEST_READ: Duration = Duration::from_secs(5);

/// What is still read of a body that is refused, so that who sends all of it before it looks for an
/// answer finds one: an answer in front of unread bytes is lost.
const MOST_DRAINED: usize = 4 << 20;
const LONGEST_DRAIN: Duration = Duration::from_secs(2);

/// A body of at most so many bytes, or with what it is refused, and why.
pub(crate) async fn read(
    body: &mut Incoming,
    most: usize,
) -> Result<Bytes, (StatusCode, &'static str)> {
    let too_large = (StatusCode::PAYLOAD_TOO_LARGE, "longer than receiver.body.max.bytes");
    if body.size_hint().lower() > most as u64 {
        return Err(too_large);
    }
    match timeout(LONGEST_READ, Limited::new(body, most).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(why)) if why.is::<LengthLimitError>() => Err(too_large),
        Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, "its body broke off")),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "its body did not come")),
    }
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
