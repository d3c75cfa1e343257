//! What the library tells about its work, line by line, to whoever wants to hear it.

use std::cell::Cell;
use std::fmt;
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
    /// Of a request that failed.
    of_failures: LogLevel,
}

impl Default for Log {
    fn default() -> Log {
        Log { level: LogLevel::Off, callback: None, of_failures: LogLevel::Error }
    }
}

impl Log {
    pub(crate) fn new(
        level: LogLevel,
        callback: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) -> Log {
        Log { level, callback: Some(Arc::new(callback)), of_failures: LogLevel::Error }
    }

    /// For requests of which a failure is not the end: whoever makes them tries again.
    #[cfg(feature = "connector")]
    pub(crate) fn of_attempts(&self) -> Log {
        Log { of_failures: LogLevel::Warn, ..self.clone() }
    }

    /// Logs that a request failed for good.
    pub(crate) fn write_failure(&self, line: impl FnOnce() -> String) {
        self.write(self.of_failures, line);
    }

    /// Until what this gives is dropped, each line of this thread names the request for which it does
    /// its work, and the conversation.
    pub(crate) fn about(&self, request_id: &str, conversation_id: Option<&str>) -> About {
        let is_heard = self.level > LogLevel::Off && self.callback.is_some();
        About::instead(is_heard.then(|| Named {
            request: request_id.to_owned(),
            conversation: conversation_id.map(str::to_owned),
        }))
    }

    /// The same for one of several requests that went out together under the name of the first.
    pub(crate) fn about_one(&self, request_id: &str) -> Option<About> {
        let about = About::instead(None);
        let conversation = about.before.as_ref()?.conversation.clone();
        if request_id.is_empty() {
            return None;
        }
        ABOUT.set(Some(Named { request: request_id.to_owned(), conversation }));
        Some(about)
    }

    /// Logs what `line` makes, if anybody listens. Never called with a lock held: the callback may
    /// call the library again, though nothing that waits.
    pub(crate) fn write(&self, level: LogLevel, line: impl FnOnce() -> String) {
        if level > self.level {
            return;
        }
        let Some(callback) = &self.callback else { return };
        let mut line = line();
        // What the callback calls is about something else.
        let about = About::instead(None);
        line.extend(about.before.as_ref().map(Named::to_string));
        // A server's text must not look like a line of ours.
        if line.contains(char::is_control) {
            let escaped = line.escape_debug().to_string();
            callback::run(|| callback(level, &escaped));
        } else {
            callback::run(|| callback(level, &line));
        }
    }
}

thread_local! {
    /// The end of each line of this thread. Connections log, too, and ureq stands between them and the
    /// request that they are for.
    static ABOUT: Cell<Option<Named>> = const { Cell::new(None) };
}

/// What a line is about.
struct Named {
    request: String,
    conversation: Option<String>,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " [request {}", self.request)?;
        if let Some(conversation) = &self.conversation {
            write!(f, ", conversation {conversation}")?;
        }
        f.write_str("]")
    }
}

/// As long as it lives, lines end as it says; then as before.
pub(crate) struct About {
    before: Option<Named>,
}

impl About {
    fn instead(end: Option<Named>) -> About {
        // A thread that is about to end has none any more.
        About { before: ABOUT.try_with(|about| about.replace(end)).unwrap_or_default() }
    }
}

impl Drop for About {
    fn drop(&mut self) {
        let _ = ABOUT.try_with(|about| about.set(self.before.take()));
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

    #[test]
    fn a_line_names_what_it_is_about_and_what_the_callback_logs_does_not() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let inner = Log::new(LogLevel::Info, move |_, line| sink.lock().unwrap().push(line.into()));
        let (sink, again) = (lines.clone(), inner.clone());
        let outer = Log::new(LogLevel::Warn, move |_, line| {
            sink.lock().unwrap().push(line.to_owned());
            again.write(LogLevel::Info, || "inside".to_owned());
        });
        let write = |log: &Log| log.write(LogLevel::Warn, || "x".to_owned());
        write(&inner);
        let first = inner.about("1", None);
        let second = inner.about("2\n", Some("c"));
        write(&outer);
        write(&inner);
        drop(second);
        write(&inner);
        drop(first);
        write(&inner);
        let two = r"x [request 2\n, conversation c]";
        assert_eq!(*lines.lock().unwrap(), ["x", two, "inside", two, "x [request 1]", "x"]);
    }
}
