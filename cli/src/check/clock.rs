//! The clock of this machine, beside that of the service.

use std::time::Duration;

use crate::check::report::{Report, Step};
use crate::check::{Clocks, advice};
use crate::failure::Failure;

/// A `Date` has whole seconds, and the answer was on its way.
const FAR_OFF: Duration = Duration::from_secs(30);

pub(super) fn compare(clocks: Option<Clocks>, report: &Report) -> Result<(), Failure> {
    let Some(Clocks { theirs, ours }) = clocks else {
        return report.skipped(Step::of("clock"), "no server said what time it is");
    };
    let (off, how) = match ours.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let says = match off.as_secs() {
        0 => "it agrees with the service's".to_owned(),
        seconds => format!("this machine's clock is {seconds} s {how} the service's"),
    };
    if off > FAR_OFF {
        report.warning(Step::of("clock"), &says, advice::CLOCK)
    } else {
        report.ok(Step::of("clock"), &says)
    }
}
