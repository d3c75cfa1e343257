//! What every store does for a receiver or a connector: it keeps changes, in their order.

use crate::base::error::Error;
use crate::store::change::{Change, KeptFile};

/// Keeps changes. Who holds the lock that orders them may hold it meanwhile: nobody is told here.
pub(crate) trait Journal: Send + Sync {
    /// Keeps a change, and says what became of it, where nothing has to be waited for; otherwise gives it
    /// back, to be written.
    fn keep_at_once(&self, change: Change) -> Result<Result<(), Error>, Change>;

    /// Has a change written, after all that came before it. After the end nobody is told anything.
    fn write(&self, ordered: Ordered);

    /// The file of an action, and its preview.
    fn file(&self, id: u64) -> Result<Option<KeptFile>, Error>;

    /// Whether what it keeps is there in the next process.
    fn outlives_the_process(&self) -> bool;

    /// Waits until all is written, and lets go of it.
    fn end(&self);
}

/// A change, and whom it concerns.
pub(crate) struct Ordered {
    pub change: Change,
    /// Nobody can be told that it failed: it is tried until it is written.
    pub is_owed: bool,
    pub told: Told,
}

/// Is told what became of a change, in the order of the changes, and by one thread at a time.
pub(crate) type Told = Box<dyn FnOnce(Result<(), Error>) + Send>;
