//! The thread that writes the store: whatever comes while it waits for the disk goes there together.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::base::thread;
use crate::receiver::store::{Change, Store};

/// How long what was acknowledged may still be found in the file.
const TIDY_AFTER: Duration = Duration::from_secs(1);

/// Writes changes in their order. Dropping it waits until all are written.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    changes: Vec<Ordered>,
    ended: bool,
}

/// A change, and whom it concerns.
pub(crate) struct Ordered {
    pub change: Change,
    pub told: Told,
}

/// Is told what became of a change, on the thread that writes.
pub(crate) type Told = Box<dyn FnOnce(Change, Result<(), Error>) + Send>;

impl Writer {
    pub(crate) fn start(store: Store) -> Result<Writer, Error> {
        let shared =
            Arc::new(Shared { waiting: Mutex::new(Waiting::default()), changed: Condvar::new() });
        let its = shared.clone();
        let thread = thread::start("lpc-store", move || its.run(store))
            .map_err(|why| Error::new(Status::Io, format!("cannot start a thread: {why}")))?;
        Ok(Writer { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Has it written, after all that came before it. After the end nobody is told anything.
    pub(crate) fn write(&self, ordered: Ordered) {
        let mut waiting = lock(&self.shared.waiting);
        if !waiting.ended {
            waiting.changes.push(ordered);
            self.shared.changed.notify_one();
        }
    }

    /// Waits until all is written, and the file is closed.
    pub(crate) fn end(&self) {
        lock(&self.shared.waiting).ended = true;
        self.shared.changed.notify_one();
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn run(&self, mut store: Store) {
        let mut tidy_at = None;
        while let Some(batch) = self.next(tidy_at) {
            let changes: Vec<&Change> = batch.iter().map(|ordered| &ordered.change).collect();
            if !changes.is_empty() {
                tidy_at.get_or_insert_with(|| Instant::now() + TIDY_AFTER);
                let outcomes = store.write(&changes);
                for (Ordered { change, told }, outcome) in batch.into_iter().zip(outcomes) {
                    told(change, outcome);
                }
            }
            let now = Instant::now();
            if tidy_at.is_some_and(|at| at <= now) {
                tidy_at = store.tidy().then(|| now + TIDY_AFTER);
            }
        }
        store.tidy();
    }

    /// All that waits to be written; nothing at that time; None at the end.
    fn next(&self, tidy_at: Option<Instant>) -> Option<Vec<Ordered>> {
        let mut waiting = lock(&self.waiting);
        loop {
            if !waiting.changes.is_empty() {
                return Some(std::mem::take(&mut waiting.changes));
            }
            if waiting.ended {
                return None;
            }
            let Some(at) = tidy_at else {
                waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(Vec::new());
            }
            let waited = self.changed.wait_timeout(waiting, left);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
