//! The store that ends with the process: a change is written once it has its place in the order.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::store::change::{Change, KeptFile, Step};
use crate::store::journal::{Journal, Ordered};

/// Files of actions take so many bytes at most.
const MOST_FILE_BYTES: usize = 64 << 20;

/// All that it keeps itself are files: what else there is, its user has in memory already.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Held>);

#[derive(Default)]
struct Held {
    files: HashMap<u64, KeptFile>,
    bytes: usize,
}

impl Journal for Memory {
    fn keep_at_once(&self, change: Change) -> Result<Result<(), Error>, Change> {
        Ok(lock(&self.0).keep(change))
    }

    fn write(&self, Ordered { change, told, .. }: Ordered) {
        let outcome = lock(&self.0).keep(change);
        told(outcome);
    }

    fn file(&self, id: u64) -> Result<Option<KeptFile>, Error> {
        Ok(lock(&self.0).files.get(&id).cloned())
    }

    fn outlives_the_process(&self) -> bool {
        false
    }

    fn end(&self) {}
}

impl Held {
    fn keep(&mut self, change: Change) -> Result<(), Error> {
        let bytes = |step: &Step| if let Step::File { file, .. } = step { file.len() } else { 0 };
        let bytes: usize = change.steps.iter().map(bytes).sum();
        if bytes > 0 && self.bytes + bytes > MOST_FILE_BYTES {
            let message = format!(
                "the files that wait have {} bytes already; allowed without a store in a file: \
                 {MOST_FILE_BYTES}",
                self.bytes
            );
            return Err(Error::new(Status::Full, message));
        }
        for step in change.steps {
            match step {
                Step::File { id, file } => {
                    self.bytes += file.len();
                    self.files.insert(id, file);
                }
                Step::ActionDone { id } => {
                    self.bytes -= self.files.remove(&id).map_or(0, |file| file.len());
                }
                _ => {}
            }
        }
        Ok(())
    }
}
