//! The thread that writes the store: whatever comes while it waits for the disk goes there together.

use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::base::thread;
use crate::store::change::{Change, KeptFile};
use crate::store::journal::{Journal, Ordered};
use crate::store::sqlite::Sqlite;

/// How long what was acknowledged may still be found in the file. It waits for the disk three times, and
/// what is submitted meanwhile waits for that: so rarely that one in a hundred does not notice.
const TIDY_AFTER: Duration = Duration::from_secs(3);

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
    reads: Vec<Read>,
    ended: bool,
}

/// Something to look up, on the thread that writes.
type Read = Box<dyn FnOnce(&Sqlite) + Send>;

impl Writer {
    pub(crate) fn start(store: Sqlite) -> Result<Writer, Error> {
        let shared =
            Arc::new(Shared { waiting: Mutex::new(Waiting::default()), changed: Condvar::new() });
        let its = shared.clone();
        let thread = thread::start("lpc-store", move || its.run(store))
            .map_err(|why| Error::new(Status::Io, format!("cannot start a thread: {why}")))?;
        Ok(Writer { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Has something looked up there. After the end it is not.
    fn read(&self, read: impl FnOnce(&Sqlite) + Send + 'static) {
        let mut waiting = lock(&self.shared.waiting);
        if !waiting.ended {
            waiting.reads.push(Box::new(read));
            self.shared.changed.notify_one();
        }
    }
}

impl Journal for Writer {
    fn keep_at_once(&self, change: Change) -> Result<Result<(), Error>, Change> {
        Err(change)
    }

    fn write(&self, ordered: Ordered) {
        let mut waiting = lock(&self.shared.waiting);
        if !waiting.ended {
            waiting.changes.push(ordered);
            self.shared.changed.notify_one();
        }
    }

    fn file(&self, id: u64) -> Result<Option<KeptFile>, Error> {
        let (tells, told) = mpsc::sync_channel(1);
        self.read(move |store| drop(tells.send(store.file(id))));
        let ended = |_| Error::new(Status::Closed, "the store was closed");
        told.recv().map_err(ended)?
    }

    fn outlives_the_process(&self) -> bool {
        true
    }

    fn end(&self) {
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
    fn run(&self, mut store: Sqlite) {
        let mut tidy_at = None;
        let mut owed: Vec<Ordered> = Vec::new();
        while let Some((mut batch, reads)) = self.next(tidy_at) {
            reads.into_iter().for_each(|read| read(&store));
            let is_due = tidy_at.is_some_and(|at| at <= Instant::now());
            if is_due || !batch.is_empty() {
                // In their order: what is owed came before.
                owed.append(&mut batch);
                batch = std::mem::take(&mut owed);
            }
            if !batch.is_empty() {
                tidy_at.get_or_insert_with(|| Instant::now() + TIDY_AFTER);
                let changes: Vec<&Change> = batch.iter().map(|ordered| &ordered.change).collect();
                let outcomes = store.write(&changes);
                let mut broken = None;
                for (ordered, outcome) in batch.into_iter().zip(outcomes) {
                    match outcome {
                        Err(why) if ordered.is_owed => {
                            broken = Some(why);
                            owed.push(ordered);
                        }
                        // It was to say that all before it is written.
                        Ok(()) if ordered.change.is_nothing() => {
                            (ordered.told)(broken.clone().map_or(Ok(()), Err));
                        }
                        outcome => (ordered.told)(outcome),
                    }
                }
            }
            let now = Instant::now();
            if tidy_at.is_some_and(|at| at <= now) {
                let again = store.tidy() || !owed.is_empty();
                tidy_at = again.then(|| now + TIDY_AFTER);
            }
        }
        store.write(&owed.iter().map(|ordered| &ordered.change).collect::<Vec<_>>());
        store.tidy();
    }

    /// All that waits to be written and looked up; nothing at that time; None at the end.
    fn next(&self, tidy_at: Option<Instant>) -> Option<(Vec<Ordered>, Vec<Read>)> {
        let mut waiting = lock(&self.waiting);
        loop {
            if !waiting.changes.is_empty() || !waiting.reads.is_empty() {
                let changes = std::mem::take(&mut waiting.changes);
                return Some((changes, std::mem::take(&mut waiting.reads)));
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
                return Some((Vec::new(), Vec::new()));
            }
            let waited = self.changed.wait_timeout(waiting, left);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
