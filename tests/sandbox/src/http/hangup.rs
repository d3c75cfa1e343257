//! The end of a connection that its own request decides, whatever the other side does.

use std::sync::Arc;

use tokio::sync::Notify;

/// Ends the connection that a request came over: an extension of each request.
#[derive(Clone, Default)]
pub(crate) struct Hangup(Arc<Notify>);

impl Hangup {
    /// Closes the connection, also where it is in the middle of a write that nobody reads.
    pub(crate) fn call(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn called(&self) {
        self.0.notified().await;
    }
}
