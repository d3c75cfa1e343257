//! Callers that may want their thread back while a call waits, such as Python at Ctrl-C.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::base::callback;
use crate::base::error::{Error, Status};

/// How long a wait goes on before somebody is asked again.
const SLICE: Duration = Duration::from_millis(100);

thread_local! {
    static WANTED: RefCell<Option<Rc<dyn Fn() -> bool>>> = const { RefCell::new(None) };
    static CAME: Cell<bool> = const { Cell::new(false) };
}

/// What was asked before, and what came of it.
struct Outer(Option<Rc<dyn Fn() -> bool>>, bool);

impl Drop for Outer {
    fn drop(&mut self) {
        WANTED.replace(self.0.take());
        CAME.set(self.1);
    }
}

/// Makes calls on this thread that end early once `wanted` says so.
///
/// Each time a call has waited for a tenth of a second, and when a signal arrives while it waits for the
/// network, `wanted` is asked, on this thread; a call that does not wait asks nobody. Once it says
/// `true`, calls inside `make` fail with [`Status::Closed`], and [`Error::maybe_delivered`] says whether
/// the request may have been sent. Handles stay usable. [`Receiver::poll`](crate::Receiver::poll) asks
/// nobody. `wanted` must not make a call that may wait: that is [`Status::InvalidArgument`].
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// let stop = Arc::new(AtomicBool::new(false));
/// let stopped = stop.clone();
/// lpconnector::interruptible(move || stopped.load(Ordering::SeqCst), || {
///     // conversation.send_text("Hi")
/// });
/// ```
pub fn interruptible<R>(wanted: impl Fn() -> bool + 'static, make: impl FnOnce() -> R) -> R {
    let _outer = Outer(WANTED.replace(Some(Rc::new(wanted))), CAME.replace(false));
    make()
}

/// How long to wait at most, with so much time left, before [`ask`]ing.
pub(crate) fn slice(left: Duration) -> Duration {
    if WANTED.with_borrow(Option::is_none) { left } else { left.min(SLICE) }
}

/// Asks, between two waits. Never called with a lock held.
///
/// # Errors
/// [`Status::Closed`] if the caller wants its thread back.
pub(crate) fn ask() -> Result<(), Error> {
    let wanted = WANTED.with_borrow(Clone::clone);
    if let Some(wanted) = wanted
        && !CAME.get()
        && callback::run(&*wanted)
    {
        CAME.set(true);
    }
    check()
}

/// # Errors
/// [`Status::Closed`] if the caller wanted its thread back.
pub(crate) fn check() -> Result<(), Error> {
    if came() {
        return Err(Error::new(Status::Closed, "the call was interrupted"));
    }
    Ok(())
}

/// Whether the caller of what this thread does wanted its thread back.
pub(crate) fn came() -> bool {
    CAME.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn waits_are_cut_and_asked_about_for_one_caller_alone() {
        assert!(slice(HOUR) == HOUR && ask().is_ok());
        let asked = Rc::new(Cell::new(0));
        let count = asked.clone();
        let wanted = move || {
            count.set(count.get() + 1);
            assert!(callback::check_outside().is_err());
            count.get() == 2
        };
        interruptible(wanted, || {
            assert!(slice(HOUR) == SLICE && slice(Duration::ZERO).is_zero());
            assert!(ask().is_ok() && !came());
            interruptible(|| false, || assert!(ask().is_ok()));
            assert_eq!(ask().unwrap_err().status(), Status::Closed);
            assert!(ask().is_err() && check().is_err());
        });
        assert_eq!(asked.get(), 2, "nobody is asked again");
        assert!(check().is_ok() && slice(HOUR) == HOUR);
    }
}
