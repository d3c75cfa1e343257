//! Threads of the library.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts a thread that takes no signals: those are for the program's own threads, which may have
/// blocked them to read them by `signalfd` or `sigwait`, after this one was started.
pub(crate) fn start(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    // A thread begins with the signals blocked that its maker has.
    let _blocked = signals::Blocked::new();
    Builder::new().name(name.to_owned()).spawn(run)
}

#[cfg(unix)]
#[allow(unsafe_code)]
mod signals {
    use std::mem::MaybeUninit;

    use libc::{SIG_BLOCK, SIG_SETMASK, c_int, pthread_sigmask, sigset_t};

    /// What a thread does wrong itself: whoever handles that, such as a Java machine, must hear of it.
    const FAULTS: [c_int; 5] =
        [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP];

    /// While it lives, the calling thread takes no signals.
    pub(super) struct Blocked {
        before: sigset_t,
    }

    impl Blocked {
        /// None where the system refuses.
        pub(super) fn new() -> Option<Blocked> {
            let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
            // SAFETY: sigfillset writes the whole set before anything reads it, and pthread_sigmask
            // the one before where it succeeds.
            unsafe {
                libc::sigfillset(all.as_mut_ptr());
                for fault in FAULTS {
                    libc::sigdelset(all.as_mut_ptr(), fault);
                }
                let failed = pthread_sigmask(SIG_BLOCK, all.as_ptr(), before.as_mut_ptr()) != 0;
                (!failed).then(|| Blocked { before: before.assume_init() })
            }
        }
    }

    impl Drop for Blocked {
        fn drop(&mut self) {
            // SAFETY: the set is a whole one, and where the old one goes may be null.
            unsafe { pthread_sigmask(SIG_SETMASK, &self.before, std::ptr::null_mut()) };
        }
    }
}

#[cfg(not(unix))]
mod signals {
    pub(super) struct Blocked;

    impl Blocked {
        pub(super) fn new() -> Blocked {
            Blocked
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// The signals that the calling thread has blocked.
    fn blocked() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    }

    #[test]
    fn a_thread_takes_no_signals_but_its_own_faults() {
        let (before, (told, tells)) = (blocked(), std::sync::mpsc::channel());
        start("lpc-test", move || told.send(blocked()).unwrap()).unwrap().join().unwrap();
        let has = |signals: u64, number: i32| signals & (1 << (number - 1)) != 0;
        let there = tells.recv().unwrap();
        for number in [libc::SIGTERM, libc::SIGINT, libc::SIGUSR1, libc::SIGCHLD, libc::SIGALRM] {
            assert!(has(there, number), "{number}");
        }
        assert!(!has(there, libc::SIGSEGV) && !has(there, libc::SIGBUS));
        assert_eq!(blocked(), before);
    }
}
