//! A lock that lets threads pass in the order in which they asked, never beyond a deadline.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};

use crate::base::deadline::Deadline;
use crate::base::error::Error;
use crate::base::fork::generation;
use crate::base::lock::{lock, wait};

/// Lets one thread at a time pass, in the order in which they asked.
#[derive(Default)]
pub(crate) struct FifoLock {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    next_ticket: u64,
    waiting: VecDeque<u64>,
}

/// Held by one thread; dropping it lets the next one pass.
pub(crate) struct FifoGuard<'a> {
    lock: &'a FifoLock,
    ticket: u64,
    generation: u64,
}

impl FifoLock {
    pub(crate) fn take(&self, deadline: Deadline) -> Result<FifoGuard<'_>, Error> {
        let mut queue = lock(&self.queue);
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        queue.waiting.push_back(ticket);
        // Made before the wait, so that a thread that gives up leaves the queue.
        let mine = FifoGuard { lock: self, ticket, generation: generation() };
        while queue.waiting.front() != Some(&ticket) {
            queue = wait(&self.queue, &self.changed, queue, deadline)?;
        }
        drop(queue);
        Ok(mine)
    }
}

impl Drop for FifoGuard<'_> {
    fn drop(&mut self) {
        if self.generation != generation() {
            // The process forked meanwhile: the queue is the parent's.
            return;
        }
        let mut queue = lock(&self.lock.queue);
        queue.waiting.retain(|ticket| *ticket != self.ticket);
        // Waking nobody would still be a system call.
        if !queue.waiting.is_empty() {
            self.lock.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::error::Status;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(60))
    }

    fn now() -> Deadline {
        Deadline::after(Duration::ZERO)
    }

    #[test]
    fn a_turn_that_cannot_come_in_time_is_a_timeout_and_leaves_the_queue() {
        let fifo = FifoLock::default();
        let first = fifo.take(soon()).unwrap();
        assert_eq!(fifo.take(now()).err().unwrap().status(), Status::Timeout);
        drop(first);
        assert!(fifo.take(now()).is_ok());
    }
}
