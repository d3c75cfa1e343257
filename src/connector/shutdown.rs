//! The end of a connector: in order, or at once.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use crate::base::callback;
use crate::base::lock::lock;
use crate::connector::engine::{Engine, Phase};
use crate::connector::waiting::Waiting;
use crate::store::change::{Safety, Step};

impl Engine {
    /// Takes nothing new, sends until then what it has, and stops. None: as long as it takes. Inside a log
    /// function it stops at once: what is being sent may wait for that to return.
    pub(crate) fn shutdown(self: &Arc<Self>, until: Option<Instant>) {
        let mut state = self.lock();
        state.phase = state.phase.max(Phase::Drains);
        if let Some(shared) = self.shared() {
            shared.stop();
        }
        let waits = !callback::is_inside();
        while waits && state.phase == Phase::Drains && state.outbox.len() + state.submitting_len > 0
        {
            let now = Instant::now();
            let left = until.map(|until| until.saturating_duration_since(now));
            if left.is_some_and(|left| left.is_zero()) {
                break;
            }
            state = match left {
                Some(left) => {
                    let waited = self.drained.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.drained.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        drop(state);
        self.stop(Phase::Stopped);
        // What the threads did last may be on its way to the disk.
        if waits {
            let _ = self.wait_until_written(self.lock(), Safety::Done);
        }
        if let Some(shared) = self.shared() {
            shared.hand_over();
        }
        self.enter(Phase::Told);
    }

    /// Stops at once: nobody may poll any more, and the file is free.
    pub(crate) fn end(self: &Arc<Self>) {
        self.stop(Phase::Ended);
        self.release();
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.lock();
        state.phase = state.phase.max(phase);
        if phase == Phase::Ended {
            state.readiness = None;
        }
        self.show(&mut state);
        self.can_send.notify_all();
        self.can_tell.notify_all();
        self.drained.notify_all();
    }

    fn stop(self: &Arc<Self>, phase: Phase) {
        self.enter(phase);
        // What is under way is broken off: the store says that it may have arrived.
        self.client.shutdown();
        // Inside a log function a thread may be waiting for what this one holds, or be this one. Who stops
        // it again elsewhere waits for it then.
        if callback::is_inside() {
            return;
        }
        let _stopping = lock(&self.stopping);
        let threads = std::mem::take(&mut self.lock().threads);
        for thread in threads {
            let _ = thread.join();
        }
        self.unmark();
    }

    /// What was to go out at once and did not is no doubt to the next process.
    fn unmark(self: &Arc<Self>) {
        let state = self.lock();
        let outbox = &state.outbox;
        let is_unsent = |(consumer, first): &(&Arc<str>, &Waiting)| {
            first.is_begun && !first.is_unsure && !outbox.is_out(consumer)
        };
        let unsent = outbox.firsts().filter(is_unsent);
        let steps = unsent.map(|(_, first)| Step::ActionBegun { id: first.id, begun: false });
        let steps: Vec<Step> = steps.collect();
        if !steps.is_empty() {
            self.write_surely(state, steps, Box::new(|_, _| ()));
        }
    }
}
