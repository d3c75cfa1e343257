//! What a connector's own endpoint takes goes into its lines.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::connector::engine::{Engine, closed};
use crate::connector::intake::Received;
use crate::protocol::notification::Notification;
use crate::receiver::counters::Counters;
use crate::receiver::sink::{Admission, Admitted, Sink};

/// The lines of a connector, for its endpoint.
pub(crate) struct Lines {
    pub engine: Arc<Engine>,
    pub counters: Arc<Counters>,
}

impl Sink for Lines {
    fn offer(&self, notification: Notification) -> Admitted<'_> {
        let parts = RefCell::new(Vec::new());
        let received = self.engine.begin(notification, &|| {
            let (tells, told) = oneshot::channel();
            parts.borrow_mut().push(told);
            // A request that is no longer there needs no answer.
            Box::new(move |outcome| drop(tells.send(outcome)))
        });
        let parts = parts.into_inner();
        Box::pin(async move {
            match received {
                Received::Taken => {}
                Received::Full => return Admission::QueueFull,
                Received::Closed => return Admission::StoreFailed(closed()),
            }
            for part in parts {
                match part.await {
                    Ok(Ok(())) => {}
                    Ok(Err(why)) => return Admission::StoreFailed(why),
                    Err(_) => return Admission::StoreFailed(closed()),
                }
            }
            Admission::Accepted
        })
    }

    fn give_up(&self, _: u64) {
        // Nobody waits for an acknowledgement here.
    }

    fn can_take(&self) -> bool {
        self.engine.can_receive()
    }

    fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    fn close(&self) {
        // A connector goes on without it, and ends by itself.
    }
}
