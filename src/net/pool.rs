//! Idle connections, kept for the next request to the same host.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};

use crate::base::clock::Moment;
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
    idle: Vec<(Since, C)>,
}

impl<C> Shelf<C> {
    /// Takes away those that are too old, which stand first.
    fn take_old(&mut self, now: Since, idle_timeout: Duration) -> impl Iterator<Item = C> {
        // A second earlier than the server, so that a request does not meet its close.
        let kept = self.kept.map(|kept| kept.saturating_sub(Duration::from_secs(1)));
        let most = kept.unwrap_or(idle_timeout).min(idle_timeout);
        let is_old = |(since, _): &(Since, C)| since.is_over(now, most);
        let old = self.idle.iter().take_while(|idle| is_old(idle)).count();
        self.idle.drain(..old).map(|(_, connection)| connection)
    }
}

/// Since when a connection is idle.
#[derive(Clone, Copy)]
struct Since {
    at: Moment,
    awake: Instant,
}

impl Since {
    fn now() -> Since {
        Since { at: Moment::now(), awake: Instant::now() }
    }

    /// Whether the time is over that a connection may be idle. It is where the machine slept: whatever
    /// the server and the network on the way made of the connection meanwhile, nobody was told.
    fn is_over(self, now: Since, most: Duration) -> bool {
        let (idle, awake) = (now.at.since(self.at), now.awake.duration_since(self.awake));
        idle >= most || idle.saturating_sub(awake) >= A_NAP
    }
}

/// A shorter sleep is no sleep, but a thread that was held up between its looks at two clocks.
const A_NAP: Duration = Duration::from_secs(1);

fn shelf<'a, C>(shelves: &'a mut Vec<Shelf<C>>, origin: &Origin) -> &'a mut Shelf<C> {
    let found = shelves.iter().position(|shelf| shelf.origin.is(origin));
    let index = found.unwrap_or_else(|| {
        shelves.push(Shelf { origin: origin.clone(), kept: None, idle: Vec::new() });
        shelves.len() - 1
    });
    &mut shelves[index]
}

/// Takes away what is too old, for being closed later.
fn take_old<C>(shelves: &mut Vec<Shelf<C>>, idle_timeout: Duration) -> Vec<C> {
    let now = Since::now();
    let old = shelves.iter_mut().flat_map(|shelf| shelf.take_old(now, idle_timeout)).collect();
    // Hosts come and go; what a server said is still to be known while its connections are in use.
    shelves.retain(|shelf| !shelf.idle.is_empty() || shelf.kept.is_some());
    old
}

impl<C> Pool<C> {
    pub(crate) fn new(most: usize, idle_timeout: Duration) -> Pool<C> {
        Pool { most, idle_timeout, shelves: Mutex::default() }
    }

    /// The connection that was used last: the server and its threads are awake, and those that are
    /// too many grow old. Closes those that are too old, whatever their origin.
    pub(crate) fn take(&self, origin: &Origin) -> Option<C> {
        let mut shelves = lock(&self.shelves);
        let old = take_old(&mut shelves, self.idle_timeout);
        let mine = shelves.iter_mut().find(|shelf| shelf.origin.is(origin));
        let connection = mine.and_then(|shelf| shelf.idle.pop());
        // The old ones are closed without the lock.
        drop(shelves);
        drop(old);
        connection.map(|(_, connection)| connection)
    }

    /// Keeps a connection for later, and closes those that are too old, whatever their origin.
    pub(crate) fn give(&self, origin: &Origin, connection: C) {
        let mut shelves = lock(&self.shelves);
        let mine = shelf(&mut shelves, origin);
        mine.idle.push((Since::now(), connection));
        let too_many = mine.idle.len().saturating_sub(self.most);
        let surplus: Vec<(Since, C)> = mine.idle.drain(..too_many).collect();
        let old = take_old(&mut shelves, self.idle_timeout);
        drop(shelves);
        drop((surplus, old));
    }

    /// Closes those that are too old.
    pub(crate) fn close_old(&self) {
        let mut shelves = lock(&self.shelves);
        let old = take_old(&mut shelves, self.idle_timeout);
        drop(shelves);
        drop(old);
    }

    /// Remembers how long a server keeps idle connections.
    pub(crate) fn keeps(&self, origin: &Origin, kept: Duration) {
        shelf(&mut lock(&self.shelves), origin).kept = Some(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::tests::sleep_machine;

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

        let uses: [fn(&Pool<_>); 3] = [
            |pool| pool.give(&origin("b"), None),
            |pool| drop(pool.take(&origin("b"))),
            |pool| pool.close_old(),
        ];
        for used in uses {
            let kept = std::rc::Rc::new(());
            let pool = Pool::new(8, HOUR);
            pool.give(&origin("a"), Some(kept.clone()));
            pool.keeps(&origin("a"), Duration::ZERO);
            used(&pool);
            assert_eq!(std::rc::Rc::strong_count(&kept), 1, "closed although nobody asked for it");
        }
    }

    #[test]
    fn none_is_used_that_slept() {
        let pool = Pool::new(8, HOUR);
        pool.give(&origin("a"), 1);
        sleep_machine(Duration::from_millis(500));
        assert_eq!(pool.take(&origin("a")), Some(1), "a moment");
        pool.give(&origin("a"), 2);
        sleep_machine(Duration::from_secs(2));
        assert_eq!(pool.take(&origin("a")), None, "though it is younger than an hour");
    }
}
