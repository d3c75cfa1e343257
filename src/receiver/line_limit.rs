//! Lines of the log that anybody can cause who reaches the port: one a second, which counts the others,
//! so that a flood of requests is no flood of lines.

use std::sync::Mutex;
use std::time::Duration;

use crate::base::clock::Moment;
use crate::base::lock::lock;
use crate::base::log::{Log, LogLevel};

const PAUSE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(crate) struct LineLimit {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next_at: Option<Moment>,
    left_out: u64,
}

impl LineLimit {
    /// Writes a warning, or where there was one a moment ago, a line for who debugs.
    pub(crate) fn write(&self, log: &Log, line: impl FnOnce() -> String) {
        match self.due() {
            None => log.write(LogLevel::Debug, line),
            Some(0) => log.write(LogLevel::Warn, line),
            Some(left_out) => log.write(LogLevel::Warn, || {
                format!("{}; lines like this left out since the last one: {left_out}", line())
            }),
        }
    }

    /// How many were left out, if one is due.
    fn due(&self) -> Option<u64> {
        let mut state = lock(&self.state);
        let now = Moment::now();
        if state.next_at.is_some_and(|at| now < at) {
            state.left_out += 1;
            return None;
        }
        state.next_at = Some(now + PAUSE);
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::tests::sleep_machine;

    #[test]
    fn one_is_due_a_second_and_counts_the_others() {
        let limit = LineLimit::default();
        let first: Vec<_> = (0..10).map(|_| limit.due()).collect();
        let left_out = first.iter().filter(|due| due.is_none()).count() as u64;
        assert!(first[0] == Some(0) && left_out > 0);
        sleep_machine(PAUSE);
        let told = first.into_iter().flatten().sum::<u64>() + limit.due().unwrap();
        assert_eq!(told, left_out);
        sleep_machine(PAUSE);
        assert_eq!(limit.due(), Some(0));
    }
}
