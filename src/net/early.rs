//! Answers that come while their request is still being sent: a refusal ends the sending.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use httparse::Status;

/// Whether an answer says that the rest of its request is of no use, once its head is whole: it
/// refuses, or is no HTTP. Interim answers (1xx) are passed over.
pub(crate) fn refuses(mut answer: &[u8]) -> Option<bool> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 128];
        let mut head = httparse::Response::new(&mut headers);
        match (head.parse(answer), head.code) {
            (Ok(Status::Partial), _) => return None,
            (Ok(Status::Complete(length)), Some(100..=199)) => answer = &answer[length..],
            (Ok(Status::Complete(_)), Some(200..=299)) => return Some(false),
            _ => return Some(true),
        }
    }
}

/// Told to who reads a body by the connection that it goes over: nobody needs the rest.
#[derive(Clone, Default)]
pub(crate) struct Unwanted(Arc<AtomicBool>);

thread_local! {
    /// On its way from a request to the connection that is found for it on the same thread: ureq has
    /// no place for it.
    static OF_NEXT: Cell<Option<Unwanted>> = const { Cell::new(None) };
}

impl Unwanted {
    /// For the body of the request that this thread makes next.
    pub(crate) fn of_next_request() -> Unwanted {
        let unwanted = Unwanted::default();
        OF_NEXT.set(Some(unwanted.clone()));
        unwanted
    }

    /// That of the request for which a connection is wanted.
    pub(crate) fn of_this_request() -> Option<Unwanted> {
        OF_NEXT.take()
    }

    pub(crate) fn set(&self) {
        self.0.store(true, Relaxed);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_known_by_its_head() {
        for (answer, refusal) in [
            ("", None),
            ("HTTP/1.1 413 Too", None),
            ("HTTP/1.1 413 Too large\r\nConnection: close\r\n", None),
            ("HTTP/1.1 413 Too large\r\nConnection: close\r\n\r\n", Some(true)),
            ("HTTP/1.1 302 Found\r\n\r\n", Some(true)),
            ("HTTP/1.1 200 OK\r\n\r\n", Some(false)),
            ("HTTP/1.1 100 Continue\r\n\r\n", None),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\n\r\n", Some(true)),
            ("SSH-2.0-x\r\n", Some(true)),
        ] {
            assert_eq!(refuses(answer.as_bytes()), refusal, "{answer:?}");
        }
    }
}
