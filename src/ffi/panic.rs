//! Panics stay inside: none crosses the boundary, and none prints to the program's stderr.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::base::error::{Error, Status};

thread_local! {
    /// The place and text of a panic in an exported function on this thread.
    static DEFECT: Cell<Option<String>> = const { Cell::new(None) };
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs what an exported function does; a panic in it is an error.
pub(super) fn guard<R>(body: impl FnOnce() -> R) -> Result<R, Error> {
    set_hook_once();
    let outer = INSIDE.replace(true);
    // Unwind safe: handles hold state that is valid between any two statements.
    let outcome = catch_unwind(AssertUnwindSafe(body));
    INSIDE.set(outer);
    outcome.map_err(|_| {
        let what = DEFECT.take().unwrap_or_default();
        Error::new(Status::Internal, format!("defect in lpconnector, please report it: {what}"))
    })
}

/// Has panics of exported functions noted in place of printed. It is done when this returns.
fn set_hook_once() {
    const NOT_YET: u8 = 0;
    const UNDER_WAY: u8 = 1;
    const DONE: u8 = 2;
    // Not a Once: a fork() while another thread is in it would leave it half done in the child for ever.
    static HOOK: AtomicU8 = AtomicU8::new(NOT_YET);
    const PATIENCE: usize = 5_000;
    const LOOK: Duration = Duration::from_micros(100);

    match HOOK.compare_exchange(NOT_YET, UNDER_WAY, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => {
            let others = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                if INSIDE.get() { DEFECT.set(Some(describe(panic))) } else { others(panic) }
            }));
        }
        Err(DONE) => return,
        // An instant's work of another thread, which may have to wait for a core; unless it is not in this process.
        Err(_) => {
            let is_under_way = || HOOK.load(Ordering::SeqCst) == UNDER_WAY;
            (0..PATIENCE).take_while(|_| is_under_way()).for_each(|_| std::thread::sleep(LOOK));
        }
    }
    HOOK.store(DONE, Ordering::SeqCst);
}

/// Where it happened; not the panic's text, which may hold what a caller passed.
fn describe(panic: &PanicHookInfo) -> String {
    panic.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default()
}
