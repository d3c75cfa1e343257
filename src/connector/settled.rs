//! What the service told of a message while it was under way once more.

use crate::base::error::Error;
use crate::connector::consumers::Lesson;

/// Is called with what became of a notification.
pub(crate) type Tell = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// A message that arrived.
pub(crate) struct Settled {
    pub sequence: Option<i64>,
    pub opened: Option<Lesson>,
    /// Who are answered once that is written.
    pub tells: Vec<Tell>,
}
