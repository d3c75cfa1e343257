//! What the library tells about its work, line by line, to whoever wants to hear it.

use std::sync::Arc;

use crate::base::callback;

/// How much a line matters. The numbers are those of the C ABI and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum LogLevel {
    /// Nothing is logged.
    Off = 0,
    /// A request failed for good.
    Error = 1,
    /// Something went wrong and is tried again, or was put right.
    Warn = 2,
    /// What happens seldom: tokens, discovery.
    Info = 3,
    /// Every request.
    Debug = 4,
    /// Every connection, name and wait.
    Trace = 5,
}

impl LogLevel {
    /// Every level, in the order of its number.
    pub const ALL: [LogLevel; 6] = [
        LogLevel::Off,
        LogLevel::Error,
        LogLevel::Warn,
        LogLevel::Info,
        LogLevel::Debug,
        LogLevel::Trace,
    ];
}

type Callback = dyn Fn(LogLevel, &str) + Send + Sync;

/// Where the lines of one client go.
#[derive(Clone)]
pub(crate) struct Log {
    level: LogLevel,
    callback: Option<Arc<Callback>>,
}

impl Default for Log {
    fn default() -> Log {
        Log { level: LogLevel::Off, callback: None }
    }
}

impl Log {
    pub(crate) fn new(
        level: LogLevel,
        callback: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) -> Log {
        Log { level, callback: Some(Arc::new(callback)) }
    }

    /// Logs what `line` makes, if anybody listens. Never called with a lock held: the callback may
    /// call the library again, though nothing that waits.
    pub(crate) fn write(&self, level: LogLevel, line: impl FnOnce() -> String) {
        if level > self.level {
            return;
        }
        let Some(callback) = &self.callback else { return };
        let line = line();
        // A server's text must not look like a line of ours.
        if line.contains(char::is_control) {
            let escaped = line.escape_debug().to_string();
            callback::run(|| callback(level, &escaped));
        } else {
            callback::run(|| callback(level, &line));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn lines_up_to_the_level_are_given_each_on_one_line() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let log = Log::new(LogLevel::Warn, move |level, line: &str| {
            sink.lock().unwrap().push((level, line.to_owned()));
        });
        log.write(LogLevel::Error, || "one\r\ntwo".to_owned());
        log.write(LogLevel::Warn, || "three".to_owned());
        log.write(LogLevel::Info, || unreachable!("not even made"));
        Log::default().write(LogLevel::Error, || unreachable!("nobody listens"));
        let expected =
            [(LogLevel::Error, r"one\r\ntwo".to_owned()), (LogLevel::Warn, "three".to_owned())];
        assert_eq!(*lines.lock().unwrap(), expected);
    }
}
