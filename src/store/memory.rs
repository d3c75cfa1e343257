//! The store that ends with the process: a change is written once it has its place in the order.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::store::change::{Change, KeptFile, Step};
use crate::store::journal::{Journal, Ordered, Told};

/// Files of actions take so many bytes at most.
const MOST_FILE_BYTES: usize = 64 << 20;

/// All that it keeps itself are files: what else there is, its user has in memory already.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Held>);

#[derive(Default)]
struct Held {
    files: HashMap<u64, KeptFile>,
    files_bytes: usize,
    untold: VecDeque<(Told, Result<(), Error>)>,
    /// Some thread is telling them.
    is_telling: bool,
    ended: bool,
}

impl Journal for Memory {
    fn write(&self, Ordered { change, told, .. }: Ordered) {
        let mut held = lock(&self.0);
        if !held.ended {
            let outcome = held.keep(change);
            held.untold.push_back((told, outcome));
        }
    }

    fn tell(&self) {
        let mut held = lock(&self.0);
        if std::mem::replace(&mut held.is_telling, true) {
            return;
        }
        while let Some((told, outcome)) = held.untold.pop_front() {
            drop(held);
            told(outcome);
            held = lock(&self.0);
        }
        held.is_telling = false;
    }

    fn file(&self, id: u64) -> Result<Option<KeptFile>, Error> {
        Ok(lock(&self.0).files.get(&id).cloned())
    }

    fn outlives_the_process(&self) -> bool {
        false
    }

    fn end(&self) {
        lock(&self.0).ended = true;
        self.tell();
    }
}

impl Held {
    fn keep(&mut self, change: Change) -> Result<(), Error> {
        let bytes = |step: &Step| if let Step::File { file, .. } = step { file.len() } else { 0 };
        let bytes: usize = change.steps.iter().map(bytes).sum();
        if bytes > 0 && self.files_bytes + bytes > MOST_FILE_BYTES {
            let message = format!(
                "the files that wait have {} bytes already; allowed without a store in a file: \
                 {MOST_FILE_BYTES}",
                self.files_bytes
            );
            return Err(Error::new(Status::Full, message));
        }
        for step in change.steps {
            match step {
                Step::File { id, file } => {
                    self.files_bytes += file.len();
                    self.files.insert(id, file);
                }
                Step::ActionDone { id } => {
                    self.files_bytes -= self.files.remove(&id).map_or(0, |file| file.len());
                }
                _ => {}
            }
        }
        Ok(())
    }
}
