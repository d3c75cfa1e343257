//! Functions of the program that the library calls while a call of the program is under way.
//!
//! Such a function must not begin a call that may wait: it could wait for the very call that it is in,
//! which cannot go on before the function returns.

use std::cell::Cell;

use crate::base::error::Error;
use crate::base::fork::generation;

thread_local! {
    /// The process in which this thread is inside such a function; 0 where it is in none. A child that
    /// was forked in there is inside of nothing: what the call has begun is its parent's.
    static INSIDE: Cell<u64> = const { Cell::new(0) };
}

/// What it was before, also where the function panics.
struct Outer(u64);

impl Drop for Outer {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// Calls a function of the program.
pub(crate) fn run<R>(function: impl FnOnce() -> R) -> R {
    let _outer = Outer(INSIDE.replace(generation()));
    function()
}

pub(crate) fn is_inside() -> bool {
    let inside = INSIDE.get();
    inside != 0 && inside == generation()
}

/// # Errors
/// [`Status::InvalidArgument`](crate::base::error::Status::InvalidArgument) inside such a function, for a
/// call that may wait.
pub(crate) fn check_outside() -> Result<(), Error> {
    if is_inside() {
        return Err(Error::invalid(
            "this call may wait, so it must not be made inside a log function or a signal handler \
             that the library runs; make it once that has returned, or on another thread",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn inside_is_this_thread_until_the_outermost_returns() {
        run(|| {
            run(|| assert!(check_outside().is_err()));
            assert!(check_outside().is_err(), "the outer one still runs");
            std::thread::scope(|scope| scope.spawn(|| assert!(!is_inside())).join().unwrap());
        });
        assert!(check_outside().is_ok());
    }

    #[test]
    fn one_that_panics_was_left() {
        let unwound =
            catch_unwind(AssertUnwindSafe(|| run(|| std::panic::resume_unwind(Box::new(())))));
        assert!(unwound.is_err() && !is_inside());
    }

    #[test]
    fn a_child_forked_inside_is_inside_of_nothing() {
        run(|| {
            INSIDE.set(generation() + 1);
            assert!(!is_inside());
            run(|| assert!(is_inside()));
            assert!(!is_inside());
        });
    }
}
