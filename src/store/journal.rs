//! What every store does for a receiver or a connector: it keeps changes, in their order.

use std::time::Duration;

use crate::base::error::Error;
use crate::store::arrival::{Arrives, Known};
use crate::store::change::{About, Change, KeptFile};

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

    /// Where several processes share it, what it does beside that: what is written there is handed out, to
    /// whichever process takes it.
    fn shared(&self) -> Option<&dyn SharedJournal> {
        None
    }
}

/// A journal that several processes share.
pub(crate) trait SharedJournal {
    /// The same for all of them, and unlike that of any other.
    fn name(&self) -> String;

    /// Begins to hand out.
    fn start(&self, arrives: Arrives);

    /// Looks up whom that is about. The function is called without any lock.
    fn recall(&self, about: About, then: Recalled);

    /// The program asks for updates: they may be handed to this process for a while.
    fn want(&self);

    /// The program asks whenever the descriptor says so.
    fn want_always(&self);

    /// The program has the update now, if it is this process's still.
    fn give(&self, id: u64) -> bool;

    /// Whether the update is this process's still.
    fn holds_update(&self, id: u64) -> bool;

    /// Whether the action is this process's to send, still.
    fn holds(&self, id: u64) -> bool;

    /// Whether it was handed out so lately that no other process can have it.
    fn is_fresh(&self, id: u64) -> bool;

    /// The action goes out now. Whether it is this process's to send, still.
    fn goes_out(&self, id: u64) -> bool;

    /// Another process has the action as well: it alone from now on.
    fn let_go(&self, id: u64);

    /// The service is sent too much: all processes wait for so long.
    fn pause(&self, time: Duration);

    /// Hands out nothing more.
    fn stop(&self);

    /// After that: what is here to be sent is another process's from now on.
    fn hand_over(&self);

    /// Whether it can be reached, as far as anybody knows.
    fn is_there(&self) -> bool;

    /// How many actions and updates wait, in all.
    fn waits(&self) -> (u64, u64);
}

/// Is told what is known of somebody, if anything is.
pub(crate) type Recalled = Box<dyn FnOnce(Result<Option<Known>, Error>) + Send>;

/// A change, and whom it concerns.
pub(crate) struct Ordered {
    pub change: Change,
    /// Nobody can be told that it failed: it is tried until it is written.
    pub is_owed: bool,
    pub told: Told,
}

/// Is told what became of a change, in the order of the changes, and by one thread at a time.
pub(crate) type Told = Box<dyn FnOnce(Result<(), Error>) + Send>;
