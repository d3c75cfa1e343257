//! Idle connections, kept for the next request to the same host.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};

use crate::base::lock::lock;

/// Where connections lead: host and port, and whether by TLS.
#[derive(Clone)]
pub(crate) struct Origin {
    https: bool,
    authority: Authority,
}

impl Origin {
    /// That of a URL, if it is whole.
    pub(crate) fn of(url: &Uri) -> Option<Origin> {
        let https = url.scheme() == Some(&Scheme::HTTPS);
        Some(Origin { https, authority: url.authority()?.clone() })
    }

    /// Hosts that differ in upper and lower case share no connection: comparing them letter by
    /// letter would cost more than it saves.
    fn is(&self, other: &Origin) -> bool {
        self.https == other.https && self.authority.as_str() == other.authority.as_str()
    }
}

/// Connections that nobody uses at the moment. Its lock is held for an instant only: nothing is
/// sent, received or closed under it.
pub(crate) struct Pool<C> {
    /// Of one origin.
    most: usize,
    idle_timeout: Duration,
    shelves: Mutex<Vec<Shelf<C>>>,
}

/// The connections to one origin, the one that was used last at the end.
struct Shelf<C> {
    origin: Origin,
    /// How long the server keeps an idle connection, where it said so.
    kept: Option<Duration>,
    idle: Vec<(Instant, C)>,
}

impl<C> Shelf<C> {
    fn is_old(&self, since: Instant, now: Instant, idle_timeout: Duration) -> bool {
        // A second earlier than the server, so that a request does not meet its close.
        let kept = self.kept.map(|kept| kept.saturating_sub(Duration::from_secs(1)));
        now.saturating_duration_since(since) >= kept.unwrap_or(idle_timeout).min(idle_timeout)
    }
}

fn shelf<'a, C>(shelves: &'a mut Vec<Shelf<C>>, origin: &Origin) -> &'a mut Shelf<C> {
    let found = shelves.iter().position(|shelf| shelf.origin.is(origin));
    let index = found.unwrap_or_else(|| {
        shelves.push(Shelf { origin: origin.clone(), kept: None, idle: Vec::new() });
        shelves.len() - 1
    });
    &mut shelves[index]
}

impl<C> Pool<C> {
    pub(crate) fn new(most: usize, idle_timeout: Duration) -> Pool<C> {
        Pool { most, idle_timeout, shelves: Mutex::default() }
    }

    /// The connection that was used last: the server and its threads are awake, and those that are
    /// too many grow old.
    pub(crate) fn take(&self, origin: &Origin) -> Option<C> {
        let mut shelves = lock(&self.shelves);
        let shelf = shelf(&mut shelves, origin);
        let (since, connection) = shelf.idle.pop()?;
        let is_old = shelf.is_old(since, Instant::now(), self.idle_timeout);
        // Closed without the lock.
        drop(shelves);
        if is_old { None } else { Some(connection) }
    }

    /// Keeps a connection for later, and closes those that are too old, whatever their origin.
    pub(crate) fn give(&self, origin: &Origin, connection: C) {
        let now = Instant::now();
        let mut gone = Vec::new();
        let mut shelves = lock(&self.shelves);
        let mine = shelf(&mut shelves, origin);
        mine.idle.push((now, connection));
        let too_many = mine.idle.len().saturating_sub(self.most);
        gone.extend(mine.idle.drain(..too_many));
        for shelf in shelves.iter_mut() {
            let is_old = |(since, _): &(Instant, C)| shelf.is_old(*since, now, self.idle_timeout);
            let old = shelf.idle.iter().take_while(|idle| is_old(idle)).count();
            gone.extend(shelf.idle.drain(..old));
        }
        // Hosts come and go; what a server said is still to be known while its connections are in use.
        shelves.retain(|shelf| !shelf.idle.is_empty() || shelf.kept.is_some());
        drop(shelves);
    }

    /// Remembers how long a server keeps idle connections.
    pub(crate) fn keeps(&self, origin: &Origin, kept: Duration) {
        shelf(&mut lock(&self.shelves), origin).kept = Some(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn origin(authority: &'static str) -> Origin {
        Origin { https: true, authority: Authority::from_static(authority) }
    }

    #[test]
    fn the_last_one_comes_first_and_only_for_its_origin() {
        let pool = Pool::new(8, HOUR);
        let (a, b) = (origin("a"), origin("b"));
        pool.give(&a, 1);
        pool.give(&b, 2);
        pool.give(&a, 3);
        assert_eq!(pool.take(&Origin { https: false, ..a.clone() }), None);
        assert_eq!([pool.take(&a), pool.take(&a), pool.take(&a)], [Some(3), Some(1), None]);
        assert_eq!(pool.take(&b), Some(2));
    }

    #[test]
    fn the_oldest_are_closed_where_there_are_too_many() {
        let pool = Pool::new(2, HOUR);
        (1..=3).for_each(|n| pool.give(&origin("a"), n));
        let left: Vec<i32> = std::iter::from_fn(|| pool.take(&origin("a"))).collect();
        assert_eq!(left, [3, 2]);
    }

    #[test]
    fn none_is_used_or_kept_longer_than_we_or_the_server_like() {
        let pool = Pool::new(8, Duration::ZERO);
        pool.give(&origin("a"), 1);
        assert_eq!(pool.take(&origin("a")), None);

        let pool = Pool::new(8, HOUR);
        pool.give(&origin("a"), 1);
        pool.keeps(&origin("a"), Duration::from_secs(1));
        assert_eq!(pool.take(&origin("a")), None, "a second earlier than the server");
        pool.keeps(&origin("a"), HOUR * 2);
        pool.give(&origin("a"), 2);
        assert_eq!(pool.take(&origin("a")), Some(2));

        let pool = Pool::new(8, HOUR);
        pool.keeps(&origin("a"), Duration::from_secs(1));
        pool.give(&origin("b"), 1);
        pool.give(&origin("a"), 2);
        assert_eq!(pool.take(&origin("a")), None, "known although none was idle meanwhile");

        let kept = std::rc::Rc::new(());
        let pool = Pool::new(8, HOUR);
        pool.give(&origin("a"), Some(kept.clone()));
        pool.keeps(&origin("a"), Duration::ZERO);
        pool.give(&origin("b"), None);
        assert_eq!(std::rc::Rc::strong_count(&kept), 1, "closed although nobody asked for it");
    }
}
