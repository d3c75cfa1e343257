//! Hosts to which no connection could be made, and the calls that wait to try again: an answer that
//! one of them gives to anybody is the end of these waits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use ureq::http::uri::Authority;

use crate::base::lock::lock;

#[derive(Default)]
pub(crate) struct Outages {
    hosts: Mutex<HashMap<Authority, Arc<Outage>>>,
    /// How many hosts there are, told without the lock: hardly ever any.
    count: AtomicUsize,
}

#[derive(Default)]
struct Outage {
    is_over: AtomicBool,
    waiting: AtomicUsize,
}

/// A call that waits, until it is dropped.
pub(crate) struct Waiting<'a> {
    outages: &'a Outages,
    host: &'a Authority,
    outage: Arc<Outage>,
}

impl Outages {
    pub(crate) fn wait_for<'a>(&'a self, host: &'a Authority) -> Waiting<'a> {
        let mut hosts = lock(&self.hosts);
        let outage = hosts.entry(host.clone()).or_default().clone();
        outage.waiting.fetch_add(1, SeqCst);
        self.count.store(hosts.len(), SeqCst);
        Waiting { outages: self, host, outage }
    }

    /// A host has answered. Whether somebody waited for that, who is then to be woken.
    pub(crate) fn end(&self, host: &Authority) -> bool {
        if self.count.load(SeqCst) == 0 {
            return false;
        }
        let mut hosts = lock(&self.hosts);
        let ended = hosts.remove(host);
        self.count.store(hosts.len(), SeqCst);
        ended.inspect(|outage| outage.is_over.store(true, SeqCst)).is_some()
    }
}

impl Waiting<'_> {
    pub(crate) fn is_over(&self) -> bool {
        self.outage.is_over.load(SeqCst)
    }

    /// How many calls wait for the host, this one included.
    pub(crate) fn all(&self) -> usize {
        self.outage.waiting.load(SeqCst)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut hosts = lock(&self.outages.hosts);
        let was_last = self.outage.waiting.fetch_sub(1, SeqCst) == 1;
        // Where it is over, there may be another one in its place.
        if was_last && !self.is_over() {
            hosts.remove(self.host);
            self.outages.count.store(hosts.len(), SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_the_waits_for_its_host_and_no_others() {
        let (a, b) = (Authority::from_static("a:1"), Authority::from_static("b:1"));
        let outages = Outages::default();
        assert!(!outages.end(&a), "nobody waits");
        let waiting = [outages.wait_for(&a), outages.wait_for(&a), outages.wait_for(&b)];
        assert_eq!(waiting.each_ref().map(Waiting::all), [2, 2, 1]);
        assert!(outages.end(&a) && !outages.end(&a));
        assert_eq!(waiting.each_ref().map(Waiting::is_over), [true, true, false]);
        // The next outage is another one, whoever still leaves the last.
        let next = outages.wait_for(&a);
        drop(waiting);
        assert!(!next.is_over() && outages.end(&a) && next.is_over());
        drop(next);
        assert_eq!(lock(&outages.hosts).len(), 0);
        assert_eq!(outages.count.load(SeqCst), 0);
    }
}
