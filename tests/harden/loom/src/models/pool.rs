use std::sync::{Arc, Weak};
use std::time::Duration;

use loom::thread;
use ureq::http::Uri;

use super::{Alone, Count};
use crate::net::pool::{Origin, Pool};

const HOUR: Duration = Duration::from_secs(3600);

fn origin() -> Origin {
    Origin::of(&Uri::from_static("https://a/")).unwrap()
}

/// Says when it is closed.
struct Connection {
    user: Alone,
    closed: Arc<Count>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.closed.up();
    }
}

pub fn each_connection_has_one_user() {
    let (pool, closed) = (Arc::new(Pool::new(1, HOUR)), Arc::new(Count::default()));
    let opened = Arc::new(Count::default());
    let begin = {
        let (pool, closed, opened) = (pool.clone(), closed.clone(), opened.clone());
        move || {
            let connection = pool.take(&origin()).unwrap_or_else(|| {
                opened.up();
                Connection { user: Alone::default(), closed: closed.clone() }
            });
            connection.user.with(|| ());
            pool.give(&origin(), connection);
        }
    };
    let threads = [(); 2].map(|()| thread::spawn(begin.clone()));
    begin();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let kept = pool.take(&origin());
    assert!(kept.is_some(), "the last one is kept");
    assert!(pool.take(&origin()).is_none(), "more are kept than may be");
    assert_eq!(closed.get(), opened.get() - 1);
}

/// Looks at its pool when it is closed.
struct Curious(Weak<Pool<Curious>>);

impl Drop for Curious {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            std::mem::forget(pool.take(&Origin::of(&Uri::from_static("https://b/")).unwrap()));
        }
    }
}

pub fn none_is_closed_under_the_lock() {
    let pool = Arc::new(Pool::new(1, Duration::from_secs(1)));
    let give = |pool: &Arc<Pool<Curious>>| pool.give(&origin(), Curious(Arc::downgrade(pool)));
    let other = pool.clone();
    let other = thread::spawn(move || give(&other));
    give(&pool);
    other.join().unwrap();
    // One too old to be taken, and one too old to be kept.
    std::clock::advance(HOUR);
    assert!(pool.take(&origin()).is_none());
    give(&pool);
    std::clock::advance(HOUR);
    give(&pool);
}
