//! The faults of a proxy that have not happened yet.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::base::lock::lock;
use crate::faults::fault::Fault;

/// One queue for each kind of fault.
#[derive(Default)]
pub(crate) struct Queue {
    at_accept: Mutex<VecDeque<Fault>>,
    at_request: Mutex<VecDeque<Fault>>,
}

impl Queue {
    pub(crate) fn push(&self, fault: Fault) {
        let queue = if fault.at_accept() { &self.at_accept } else { &self.at_request };
        lock(queue).push_back(fault);
    }

    /// The fault for a connection that is accepted, if one waits.
    pub(crate) fn at_accept(&self) -> Option<Fault> {
        lock(&self.at_accept).pop_front()
    }

    /// The fault for a request that begins, if one waits that can happen to it.
    pub(crate) fn at_request(&self, tls: bool) -> Option<Fault> {
        let mut waiting = lock(&self.at_request);
        if tls && !waiting.front()?.blind() {
            return None;
        }
        waiting.pop_front()
    }
}
