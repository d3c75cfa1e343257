use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use super::{Alone, Count, never};
use crate::base::clock::Moment;
use crate::base::cached::{Cached, Fetched};
use crate::base::deadline::Deadline;
use crate::base::error::{Error, Status};

const HOUR: Duration = Duration::from_secs(3600);

/// A value that is kept, and what is told of its fetches.
struct Kept {
    cached: Cached<u64>,
    fetches: Count,
    /// One fetch at a time.
    fetching: Alone,
}

impl Kept {
    fn new() -> Arc<Kept> {
        let cached = Cached::new(Duration::from_secs(5), Duration::from_secs(1));
        Arc::new(Kept { cached, fetches: Count::default(), fetching: Alone::default() })
    }

    fn get(
        &self,
        deadline: Deadline,
        fetch: impl Fn(u64) -> Result<Fetched<u64>, Error>,
    ) -> Result<u64, Error> {
        let counted = |_| self.fetching.with(|| fetch(self.fetches.up()));
        self.cached.get(deadline, |_| true, counted)
    }
}

fn good(value: u64) -> Result<Fetched<u64>, Error> {
    Ok(Fetched { value, renew_at: Moment::now() + HOUR, expires_at: Moment::now() + HOUR })
}

/// To be renewed at once.
fn due(value: u64) -> Result<Fetched<u64>, Error> {
    Ok(Fetched { value, renew_at: Moment::now(), expires_at: Moment::now() + HOUR })
}

fn down() -> Result<Fetched<u64>, Error> {
    Err(Error::new(Status::Connect, "down"))
}

pub fn one_fetches_for_all() {
    let kept = Kept::new();
    let threads = [(); 2].map(|()| {
        let kept = kept.clone();
        thread::spawn(move || assert_eq!(kept.get(never(), good).unwrap(), 1))
    });
    assert_eq!(kept.get(never(), good).unwrap(), 1);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(kept.fetches.get(), 1);
}

pub fn a_failure_is_shared_and_hangs_nobody() {
    let kept = Kept::new();
    let threads = [(); 2].map(|()| {
        let kept = kept.clone();
        thread::spawn(move || assert!(kept.get(never(), |_| down()).is_err()))
    });
    assert!(kept.get(never(), |_| down()).is_err());
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    // The second one in a row is told to all.
    assert!(kept.fetches.get() <= 2);
    assert_eq!(kept.fetches.get() == 2, kept.get(never(), good).is_err());
}

pub fn the_old_value_serves_meanwhile() {
    let kept = Kept::new();
    assert_eq!(kept.get(never(), due).unwrap(), 1);
    let threads = [(); 2].map(|()| {
        let kept = kept.clone();
        thread::spawn(move || {
            let value = kept.get(never(), good).unwrap();
            assert!(value == 1 || value == 2, "{value}");
            value
        })
    });
    let values = threads.map(|thread| thread.join().unwrap());
    assert!(values.contains(&2), "nobody renewed it");
    assert_eq!(kept.fetches.get(), 2);
    assert_eq!(kept.cached.newest(), Some(2));
}

pub fn a_panic_frees_who_waits() {
    let kept = Kept::new();
    let defect = kept.clone();
    let defect = thread::spawn(move || {
        let act = std::panic::AssertUnwindSafe(|| {
            defect.cached.get(
                never(),
                |_| true,
                |_| {
                    thread::yield_now();
                    // Without the words of a panic, which nobody wants to read thousands of times.
                    std::panic::resume_unwind(Box::new(()))
                },
            )
        });
        // It finds a value where the other one was first.
        if let Ok(outcome) = std::panic::catch_unwind(act) {
            assert_eq!(outcome.unwrap(), 1);
        }
    });
    assert_eq!(kept.get(never(), good).unwrap(), 1);
    defect.join().unwrap();
}

pub fn who_waits_gives_up_in_time() {
    let kept = Kept::new();
    let impatient = kept.clone();
    let impatient =
        thread::spawn(move || match impatient.get(Deadline::after(Duration::from_secs(1)), good) {
            Ok(value) => assert_eq!(value, 1),
            Err(why) => assert_eq!(why.status(), Status::Timeout),
        });
    let patient = kept.clone();
    let patient = thread::spawn(move || assert_eq!(patient.get(never(), good).unwrap(), 1));
    std::clock::advance(Duration::from_secs(2));
    impatient.join().unwrap();
    patient.join().unwrap();
    assert_eq!(kept.fetches.get(), 1);
}

pub fn a_restart_is_not_overlooked() {
    let kept = Kept::new();
    let (works, restarted) = (Arc::new(Count::default()), Arc::new(Count::default()));
    // What it is fetched with is replaced meanwhile.
    let replaced = (kept.clone(), works.clone(), restarted.clone());
    let replaced = thread::spawn(move || {
        replaced.1.up();
        replaced.0.cached.restart();
        replaced.2.up();
    });
    let overtaken = Count::default();
    let outcome = kept.get(never(), |value| {
        let works = works.get() > 0;
        thread::yield_now();
        if works {
            return good(value);
        }
        if restarted.get() > 0 {
            overtaken.up();
        }
        down()
    });
    replaced.join().unwrap();
    assert!(outcome.is_ok() || overtaken.get() == 0, "failed with what was replaced meanwhile");
    assert!(kept.get(never(), good).is_ok());
}
