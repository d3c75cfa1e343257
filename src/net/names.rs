//! Host names: looked up at most once in a while, and never for longer than a caller waits.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::base::clock::Moment;
use crate::base::error::{Error, Status};
use crate::base::interrupt;
use crate::base::lock::lock;
use crate::base::thread;

/// What is known about names.
///
/// The system's resolver cannot be told to give up, so it runs on a thread of its own, which ends
/// with the lookup; all callers that need the same name wait for the same one.
pub(crate) struct Names {
    ttl: Duration,
    known: Mutex<HashMap<String, Arc<Lookup>>>,
    closed: AtomicBool,
}

struct Lookup {
    begun: Instant,
    outcome: Mutex<Option<Outcome>>,
    changed: Condvar,
}

#[derive(Clone)]
enum Outcome {
    Failed(String),
    Found { addresses: Vec<IpAddr>, at: Moment },
}

/// Why a name has no address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoName {
    /// The resolver did not answer in time.
    Late,
    /// The resolver says why.
    NotFound(String),
    /// The client was shut down.
    Closed,
}

impl NoName {
    /// In words for who wanted that host.
    pub(crate) fn of(self, host: &str) -> Error {
        match self {
            NoName::NotFound(why) => {
                Error::new(Status::Connect, format!("the name {host} was not found: {why}"))
            }
            NoName::Late => {
                Error::new(Status::Timeout, format!("looking up the name {host} took too long"))
            }
            NoName::Closed => Error::new(Status::Closed, "the client was shut down"),
        }
    }
}

impl Names {
    pub(crate) fn new(ttl: Duration) -> Names {
        Names { ttl, known: Mutex::new(HashMap::new()), closed: AtomicBool::new(false) }
    }

    /// The addresses of a host, at least one.
    pub(crate) fn addresses(&self, host: &str, until: Instant) -> Result<Vec<IpAddr>, NoName> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        self.lookup(host, system).wait(until, &self.closed)
    }

    /// Forgets an address to which no connection could be made; with its last one, the name.
    pub(crate) fn forget(&self, host: &str, address: IpAddr) {
        let mut known = lock(&self.known);
        let Some(lookup) = known.get(host).cloned() else { return };
        let mut outcome = lock(&lookup.outcome);
        if let Some(Outcome::Found { addresses, .. }) = &mut *outcome {
            addresses.retain(|known| *known != address);
            if addresses.is_empty() {
                known.remove(host);
            }
        }
    }

    /// As if it had been looked up.
    #[cfg(test)]
    pub(crate) fn know(&self, host: &str, addresses: Vec<IpAddr>) {
        let outcome = Outcome::Found { addresses, at: Moment::now() };
        let outcome = Mutex::new(Some(outcome));
        let lookup = Lookup { begun: Instant::now(), outcome, changed: Condvar::new() };
        lock(&self.known).insert(host.to_owned(), Arc::new(lookup));
    }

    /// Ends all waits.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        for lookup in lock(&self.known).values() {
            // With the lock, so that no waiting thread is between its look and its sleep.
            let _outcome = lock(&lookup.outcome);
            lookup.changed.notify_all();
        }
    }

    /// The lookup that answers for a name: the one kept, the one under way, or a new one.
    fn lookup(&self, host: &str, resolve: fn(&str) -> io::Result<Vec<IpAddr>>) -> Arc<Lookup> {
        let mut known = lock(&self.known);
        if let Some(lookup) = known.get(host).filter(|lookup| lookup.is_good(self.ttl)) {
            return lookup.clone();
        }
        let lookup = Arc::new(Lookup {
            begun: Instant::now(),
            outcome: Mutex::new(None),
            changed: Condvar::new(),
        });
        known.insert(host.to_owned(), lookup.clone());
        drop(known);

        let (name, landing) = (host.to_owned(), lookup.clone());
        let run = move || landing.land(resolve(&name));
        if thread::start("lpc-lookup", run).is_err() {
            // No more threads: better late than not at all.
            lookup.land(resolve(host));
        }
        lookup
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

/// A lookup that takes longer than any resolver's own patience will not come back.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(120);

impl Lookup {
    fn is_good(&self, ttl: Duration) -> bool {
        match &*lock(&self.outcome) {
            None => self.begun.elapsed() < GIVEN_UP_AFTER,
            Some(Outcome::Found { at, .. }) => at.elapsed() < ttl,
            Some(Outcome::Failed(_)) => false,
        }
    }

    fn land(&self, found: io::Result<Vec<IpAddr>>) {
        let outcome = match found {
            Ok(addresses) if addresses.is_empty() => Outcome::Failed("it has no address".into()),
            Ok(addresses) => Outcome::Found { addresses, at: Moment::now() },
            Err(why) => Outcome::Failed(why.to_string()),
        };
        *lock(&self.outcome) = Some(outcome);
        self.changed.notify_all();
    }

    fn wait(&self, until: Instant, closed: &AtomicBool) -> Result<Vec<IpAddr>, NoName> {
        let mut outcome = lock(&self.outcome);
        loop {
            match &*outcome {
                Some(Outcome::Found { addresses, .. }) => return Ok(addresses.clone()),
                Some(Outcome::Failed(why)) => return Err(NoName::NotFound(why.clone())),
                None if closed.load(Ordering::SeqCst) => return Err(NoName::Closed),
                None => {}
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(NoName::Late);
            }
            let left = interrupt::slice(left);
            let waited = self.changed.wait_timeout(outcome, left);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            interrupt::ask().map_err(|_| NoName::Closed)?;
            outcome = lock(&self.outcome);
        }
    }
}

/// Asks the system: its files, its DNS servers, whatever it is set up to ask.
fn system(host: &str) -> io::Result<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    for address in (host, 0).to_socket_addrs()?.map(|address| address.ip()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;
    use crate::base::clock::tests::sleep_machine;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    fn get(names: &Names, resolve: fn(&str) -> io::Result<Vec<IpAddr>>) -> Vec<IpAddr> {
        names.lookup("x", resolve).wait(soon(), &names.closed).unwrap()
    }

    #[test]
    fn a_name_is_looked_up_once_in_a_while() {
        static LOOKUPS: AtomicU32 = AtomicU32::new(0);
        fn counted(_: &str) -> io::Result<Vec<IpAddr>> {
            LOOKUPS.fetch_add(1, Ordering::SeqCst);
            Ok(vec![A, B])
        }
        let names = Names::new(Duration::from_secs(60));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_eq!(get(&names, counted), [A, B]));
            }
        });
        assert_eq!(LOOKUPS.load(Ordering::SeqCst), 1);
        // An address that does not answer is forgotten, and with the last one the name.
        names.forget("x", A);
        assert_eq!(get(&names, counted), [B]);
        names.forget("x", B);
        assert_eq!((get(&names, counted), LOOKUPS.load(Ordering::SeqCst)), (vec![A, B], 2));
        // Where the machine slept, it may be in another network.
        sleep_machine(Duration::from_secs(60));
        assert_eq!((get(&names, counted), LOOKUPS.load(Ordering::SeqCst)), (vec![A, B], 3));
        let never = Names::new(Duration::ZERO);
        get(&never, counted);
        get(&never, counted);
        assert_eq!(LOOKUPS.load(Ordering::SeqCst), 5);
    }

    #[test]
    fn a_failure_is_told_and_not_kept() {
        let names = Names::new(Duration::from_secs(60));
        let fails = |_: &str| Err(io::Error::other("no such name"));
        let failed = names.lookup("x", fails).wait(soon(), &names.closed);
        assert_eq!(failed, Err(NoName::NotFound("no such name".to_owned())));
        let nowhere = names.lookup("x", |_| Ok(Vec::new())).wait(soon(), &names.closed);
        assert!(matches!(nowhere, Err(NoName::NotFound(_))));
        assert_eq!(get(&names, |_| Ok(vec![B])), [B]);
    }

    #[test]
    fn a_resolver_that_hangs_holds_nobody_longer_than_they_wait() {
        fn hangs(_: &str) -> io::Result<Vec<IpAddr>> {
            loop {
                std::thread::park();
            }
        }
        let names = Names::new(Duration::from_secs(60));
        let lookup = names.lookup("x", hangs);
        assert_eq!(lookup.wait(Instant::now(), &names.closed), Err(NoName::Late));
        // The next one joins it rather than starting another thread.
        assert!(Arc::ptr_eq(&lookup, &names.lookup("x", hangs)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| lookup.wait(soon(), &names.closed));
            names.close();
            assert_eq!(waiting.join().unwrap(), Err(NoName::Closed));
        });
    }

    #[test]
    fn an_address_needs_no_lookup() {
        let names = Names::new(Duration::ZERO);
        assert_eq!(names.addresses("127.0.0.1", Instant::now()), Ok(vec![A]));
        assert_eq!(names.addresses("::1", Instant::now()).unwrap().len(), 1);
        assert!(names.known.into_inner().unwrap().is_empty());
    }
}
