//! What became of a request.

/// What is known of one request on its way to the service, over all its attempts. Made with the
/// request, it travels with it, and ends in the answer or the error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// The request's id; empty where it carries none.
    pub request_id: String,
    /// How often it was tried.
    pub attempts: u32,
    /// It may have taken effect: sent at least once, without a usable answer to that attempt. What
    /// comes of later attempts does not undo it.
    pub maybe_delivered: bool,
}

impl Delivery {
    /// That of a request which was not tried yet.
    pub(crate) fn of(request_id: &str) -> Delivery {
        Delivery { request_id: request_id.to_owned(), ..Delivery::default() }
    }

    /// The same, of another request in the same batch.
    pub(crate) fn with_id(&self, request_id: &str) -> Delivery {
        Delivery { request_id: request_id.to_owned(), ..self.clone() }
    }
}
