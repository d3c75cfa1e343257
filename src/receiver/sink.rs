//! Where the endpoint hands what it took: the inbox of a receiver, or another queue.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::base::error::Error;
use crate::protocol::notification::Notification;
use crate::receiver::counters::Counters;

/// Takes notifications. The thread that listens calls it, and serves nobody meanwhile: it must not
/// block.
pub(crate) trait Sink: Send + Sync {
    /// Takes a notification whose signature was found right. What is to outlive the process is
    /// written then; who stops waiting for that changes nothing.
    fn offer(&self, notification: Notification) -> Admitted<'_>;

    /// Who waited for the acknowledgement of what was [`Pending`](Admission::Pending) ended without
    /// it, and comes again.
    fn give_up(&self, id: u64);

    /// Whether a new notification could be taken now.
    fn can_take(&self) -> bool;

    /// What the endpoint counts, too.
    fn counters(&self) -> &Arc<Counters>;

    /// Nothing comes any more. Called once.
    fn close(&self);
}

/// What becomes of a notification, once that is known.
pub(crate) type Admitted<'a> = Pin<Box<dyn Future<Output = Admission> + Send + 'a>>;

/// What becomes of a notification that is offered.
pub(crate) enum Admission {
    /// It is the program's now, or was already.
    Accepted,
    /// The program has it and must still say that it dealt with it.
    Pending {
        id: u64,
        acknowledged: oneshot::Receiver<()>,
    },
    QueueFull,
    StoreFailed(Error),
}
