//! Where the lines of a client's log go.

use std::ffi::{c_char, c_void};

use crate::base::log::LogLevel;
use crate::ffi::config::lpc_config;
use crate::ffi::enums::{log_level, lpc_log_level};
use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::outcome::status;
use crate::ffi::pointer::{c_string, handle_mut};

/// Called with each line that a client, receiver or connector logs: of a client on the thread that makes
/// the call, of a receiver and a connector on their own threads, and on those that call them. `level`: one of LPC_LOG_....
/// `line`: one line of UTF-8 text, without a secret and without a line break at its end; valid until the
/// function returns.
///
/// A line about a request ends with its id, and the conversation's where there is one:
/// "[request 1f0e...-3, conversation 8602...]". So do those about what is done for that request: tokens,
/// discovery, connections, waits, and the way of its file to or from the storage.
///
/// It delays what it tells about, so it must be quick. It must not throw, and not leave by longjmp() or
/// pthread_exit().
///
/// On the thread that runs it, calls of the library that may wait return LPC_INVALID_ARGUMENT at once,
/// because they could wait for the very call that logs: whatever makes requests (of consumers, jws and
/// lp_id included), lpc_receiver_poll(), _ack and _nack, lpc_connector_submit(), _submit_text, _receive,
/// _poll, _ack, _nack and _download_file. All others are allowed: those of configurations, errors,
/// responses, notifications and updates, _new, accessors, the three _stats, set_app_jwt,
/// set_credentials, _shutdown and _free. The last two do not wait for the threads of a receiver or
/// connector then. What the call that logs was given may be freed by it, too. A child that it forks may
/// call everything, but of a thread of a receiver or connector it must end with _exit() or become
/// another program with exec(), and not return: in the child that thread has nothing to go on with.
pub type lpc_log_fn =
    Option<unsafe extern "C" fn(user_data: *mut c_void, level: lpc_log_level, line: *const c_char)>;

/// Gives the lines that clients, receivers and connectors of this configuration log, up to this level, to
/// `fn`; NULL, or the level LPC_LOG_LEVEL_OFF, stops that, which is the default. It goes for those made
/// later; those that exist keep what they were made with. Nothing is ever logged anywhere else.
///
/// `config`: from lpc_config_new(). `user_data`: handed to `fn` as it is. Both must be fit for every
/// thread that makes calls and for the threads of receivers and connectors, several at once. They may go
/// once every client made from the configuration and every consumer and conversation of those are freed
/// and no call of them is under way any more, and lpc_receiver_free() or lpc_connector_free() has
/// returned for every receiver and connector, with no other call of it under way and outside of `fn`: one
/// that `fn` itself frees may call it until the process ends. `level`: one of LPC_LOG_...: lines of this level and of those that matter
/// more are given. `err`: may be NULL.
///
/// What `fn` must not do, and which calls it may make, is said at lpc_log_fn.
///
/// LPC_INVALID_ARGUMENT if the configuration is NULL or there is no such level; what was set before
/// stays then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_config_set_log_callback(
    config: *mut lpc_config,
    r#fn: lpc_log_fn,
    user_data: *mut c_void,
    level: lpc_log_level,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let config = &mut handle_mut(config, "config")?.config;
        let level = log_level(level)?;
        match r#fn {
            Some(call) => {
                let callback = Callback { call, user_data };
                config.set_log(level, move |level, line| callback.run(level, line));
            }
            None => config.set_log(LogLevel::Off, |_, _| {}),
        }
        Ok(())
    })
}

/// What C gave us to call, and with what.
struct Callback {
    call: unsafe extern "C" fn(*mut c_void, lpc_log_level, *const c_char),
    user_data: *mut c_void,
}

// SAFETY: the caller promises that function and data may be used on any thread that makes calls.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

impl Callback {
    fn run(&self, level: LogLevel, line: &str) {
        let line = c_string(line);
        // SAFETY: the caller promises that both are valid as long as there is something to log.
        unsafe { (self.call)(self.user_data, level as lpc_log_level, line.as_ptr()) };
    }
}
