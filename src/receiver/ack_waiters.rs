//! Requests of the service that are answered once the program acknowledged what they brought.

use std::collections::HashMap;

use tokio::sync::oneshot;

/// Who waits for an acknowledgement, by the id of the notification: several, where it came again.
#[derive(Default)]
pub(crate) struct AckWaiters {
    by_id: HashMap<u64, Vec<oneshot::Sender<()>>>,
}

impl AckWaiters {
    /// What becomes ready with the acknowledgement.
    pub(crate) fn wait_for(&mut self, id: u64) -> oneshot::Receiver<()> {
        let (waiter, acknowledged) = oneshot::channel();
        let waiters = self.by_id.entry(id).or_default();
        // Requests that were answered otherwise wait no more.
        waiters.retain(|waiter| !waiter.is_closed());
        waiters.push(waiter);
        acknowledged
    }

    /// Tells all who wait that it is acknowledged; whether anybody did. A request that is no longer
    /// there needs no answer.
    pub(crate) fn acknowledge(&mut self, id: u64) -> bool {
        let waiters = self.by_id.remove(&id).unwrap_or_default();
        waiters.into_iter().filter_map(|waiter| waiter.send(()).ok()).count() > 0
    }

    /// Forgets all who wait: it never came in.
    pub(crate) fn forget(&mut self, id: u64) {
        self.by_id.remove(&id);
    }

    /// Forgets those who left; whether others still wait.
    pub(crate) fn still_wait(&mut self, id: u64) -> bool {
        let Some(waiters) = self.by_id.get_mut(&id) else { return false };
        waiters.retain(|waiter| !waiter.is_closed());
        if waiters.is_empty() {
            self.by_id.remove(&id);
        }
        self.by_id.contains_key(&id)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    #[test]
    fn one_acknowledgement_is_for_all_who_wait_for_it() {
        let mut waiters = AckWaiters::default();
        let [mut first, mut again] = [waiters.wait_for(1), waiters.wait_for(1)];
        let mut other = waiters.wait_for(2);
        drop(waiters.wait_for(1));
        waiters.acknowledge(1);
        assert_eq!([first.try_recv(), again.try_recv()], [Ok(()), Ok(())]);
        assert_eq!(other.try_recv(), Err(TryRecvError::Empty));
        assert!(waiters.still_wait(2) && !waiters.still_wait(1));
        drop(other);
        assert!(!waiters.still_wait(2) && waiters.by_id.is_empty());
    }
}
