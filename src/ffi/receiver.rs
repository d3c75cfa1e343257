//! The receiver handle.

use std::ffi::{CString, c_char};
use std::time::Duration;

use crate::base::error::{Error, Status};
use crate::ffi::config::lpc_config;
use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::notification::lpc_notification;
use crate::ffi::outcome::{make, status};
use crate::ffi::pointer::{c_string, free, handle, read, text, texts};
use crate::ffi::response::lpc_response;
use crate::receiver::Receiver;

/// An endpoint for webhooks, for programs that have no web server of their own. May be used from any
/// number of threads at once. It belongs to the process that made it: after a fork() the child gets
/// LPC_CLOSED, and may free it; sockets of the receiver are closed there (a handler of
/// pthread_atfork() does that), so that the port is free once the parent ended.
pub struct lpc_receiver {
    receiver: Receiver,
    url: CString,
}

impl Drop for lpc_receiver {
    /// Calls under way have a clone of what is inside: they are told, as nothing else ends them.
    fn drop(&mut self) {
        self.receiver.end();
    }
}

impl lpc_receiver {
    fn of(receiver: *const lpc_receiver) -> Result<Receiver, Error> {
        Ok(handle(receiver, "receiver")?.receiver.clone())
    }
}

/// Begins to listen, with the options receiver.* and, for signatures, client.secret. Starts the one
/// thread that a receiver needs, and a second one for receiver.store; they end with
/// lpc_receiver_free(). Its threads take no signals: those go to the program's own threads.
///
/// Webhooks are account-wide: it hears of all conversations of the account, also of those that this
/// connector did not open. Where account.id and client.id are set, notifications of other accounts
/// and app installs are refused (401); receiver.accounts names further accounts, told apart by
/// lpc_notification_account_id(). Whatever was signed right is taken: what the library cannot read
/// is given out as one event of the kind LPC_EVENT_KIND_OTHER, because a refusal would make the
/// service hold back all that follows. What an earlier process left unacknowledged in
/// receiver.store comes first.
///
/// `config`: stays the caller's, who may change or free it at once. `receiver`: receives the
/// handle, to be freed with lpc_receiver_free(); NULL after an error. `err`: may be NULL.
///
/// LPC_INVALID_ARGUMENT for NULL. LPC_CONFIG if there is no secret to check signatures with, or
/// options contradict each other. LPC_IO if it cannot listen there, a file cannot be read or
/// written, or the system has no thread or descriptor left for it; with receiver.store also in a process
/// that was forked while its parent had such a file open. Once this succeeded, it listens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_new(
    config: *const lpc_config,
    receiver: *mut *mut lpc_receiver,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(receiver, "receiver", err, || {
        let receiver = Receiver::new(lpc_config::of(config)?)?;
        let url = c_string(receiver.url());
        Ok(lpc_receiver { receiver, url })
    })
}

/// Waits for the next notification.
///
/// `receiver`: from lpc_receiver_new(). `timeout_ms`: how long, in milliseconds; 0 looks only, a
/// negative number waits for ever. `notification`: receives the handle, to be freed with
/// lpc_notification_free(); NULL if there is none. `err`: may be NULL. Any thread may call this, and
/// several at once: each notification goes to one of them.
///
/// LPC_EMPTY if nothing arrived in time: this gives an error as well, to be freed as any other; who does
/// not want it passes NULL for `err`. LPC_CLOSED after lpc_receiver_shutdown(), once all that was queued
/// is given out. LPC_INVALID_ARGUMENT for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_poll(
    receiver: *mut lpc_receiver,
    timeout_ms: i64,
    notification: *mut *mut lpc_notification,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(notification, "notification", err, || {
        let receiver = lpc_receiver::of(receiver)?;
        let timeout = u64::try_from(timeout_ms).map_or(Duration::MAX, Duration::from_millis);
        let next = receiver.poll(timeout)?;
        let empty = || Error::new(Status::Empty, "no notification arrived in time");
        Ok(lpc_notification::new(next.ok_or_else(empty)?))
    })
}

/// Says that the program dealt with a notification: it will not come again. With receiver.ack=manual
/// the service is told now, and with receiver.store=sqlite:… it is removed from the file; otherwise
/// this changes nothing. The notification is not freed.
///
/// `receiver`: from lpc_receiver_new(). `notification`: from lpc_receiver_poll() of this receiver.
/// `err`: may be NULL. Any thread may call this.
///
/// LPC_INVALID_ARGUMENT for NULL and for a notification that came from elsewhere. LPC_IO if the file
/// cannot be written: then it stays unacknowledged, and may be acknowledged again. LPC_CLOSED where the
/// service could not be told, which is after lpc_receiver_shutdown() with receiver.ack=manual and no
/// receiver.store: then it comes again. LPC_CLOSED after a fork(), too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_ack(
    receiver: *mut lpc_receiver,
    notification: *const lpc_notification,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        lpc_receiver::of(receiver)?.ack(&handle(notification, "notification")?.notification)
    })
}

/// Says that the program could not deal with a notification now: it is given out again, after that
/// time, and before what came later in its dialogs and was not given out yet, which waits for it. The
/// notification is not freed. Nothing counts how often it was given out: a program that tries again and
/// again counts itself, and acknowledges what will never work.
///
/// With receiver.ack=manual the service's request stays open meanwhile, and is answered as if nothing
/// had been said: what is not kept in receiver.store goes back to the service (503) once
/// receiver.ack.timeout.ms is over, and comes again from there. Nothing happens for one that was
/// acknowledged, or was given out again since; with neither receiver.ack=manual nor receiver.store,
/// where an acknowledgement changes nothing, it is given out again in any case. After
/// lpc_receiver_shutdown() nothing is given out again, but what is in the store comes after a restart.
///
/// `receiver`: from lpc_receiver_new(). `notification`: from lpc_receiver_poll() of this receiver.
/// `after_ms`: in milliseconds; 0 is at once. `err`: may be NULL. Any thread may call this.
///
/// LPC_INVALID_ARGUMENT for NULL, for a negative time, and for a notification that came from
/// elsewhere. LPC_CLOSED after a fork().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_nack(
    receiver: *mut lpc_receiver,
    notification: *const lpc_notification,
    after_ms: i64,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let receiver = lpc_receiver::of(receiver)?;
        let notification = &handle(notification, "notification")?.notification;
        let after = u64::try_from(after_ms).map_err(|_| Error::invalid("after_ms is negative"))?;
        receiver.nack(notification, Duration::from_millis(after))
    })
}

/// A file descriptor that is readable while lpc_receiver_poll() would not wait, because there is a
/// notification or the receiver was shut down: for epoll, select, libuv, Qt and the like. -1 where
/// there is none: for NULL, on systems other than Linux, where no more can be opened, and in a child
/// after a fork().
///
/// `receiver`: from lpc_receiver_new(). Once it is readable, poll with a time-out of 0 until that gives
/// nothing. The descriptor is the receiver's: wait for it, but neither read nor close it. It is made by
/// the first call, the same for all, and closed in lpc_receiver_free(): take it out of what waits for it
/// before that. Any thread may call this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_fd(receiver: *const lpc_receiver) -> i32 {
    read(receiver, -1, |receiver| receiver.receiver.fd().unwrap_or(-1))
}

/// Takes notifications for this app install and with these secrets from now on, in place of those of
/// client.id and receiver.secret or client.secret: a rotated secret, without a restart. Those of
/// receiver.accounts stay as they are: for them name the old and the new secret while it is replaced.
///
/// `receiver`: from lpc_receiver_new(). `client_id`: copied. `client_secret`: one, or several
/// separated by commas while one replaces another; copied. `err`: may be NULL. Any thread may call
/// this.
///
/// LPC_INVALID_ARGUMENT for NULL, and if one is empty or has control characters; those in use stay.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_set_credentials(
    receiver: *mut lpc_receiver,
    client_id: *const c_char,
    client_secret: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let receiver = lpc_receiver::of(receiver)?;
        let secrets = texts(client_secret, "client_secret")?;
        receiver.set_credentials(text(client_id, "client_id")?, &secrets)
    })
}

/// Where it listens, for example "https://127.0.0.1:8443/". NULL for NULL. Borrowed: valid until the
/// receiver is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_url(receiver: *const lpc_receiver) -> *const c_char {
    read(receiver, std::ptr::null(), |receiver| receiver.url.as_ptr())
}

/// What the receiver has done so far, and what it holds. The counters never fall; together they are no
/// snapshot while it works.
///
/// `receiver`: from lpc_receiver_new(). `response`: receives the numbers as a JSON object in
/// lpc_response_raw(), and as text in the exposition format of Prometheus in lpc_response_body(),
/// to be freed with lpc_response_free(); NULL after an error. As no service answered, its HTTP
/// status and attempts are 0, its sequence is -1, its code and request id are empty. `err`: may be
/// NULL. Any thread may call this; it does not wait for the network.
///
/// - "taken": notifications taken for the program, without duplicates and without what an earlier
///   process left in receiver.store. With receiver.ack=manual and no store, what comes again after a 503
///   is taken again: it counts here again, and not as a duplicate.
/// - "duplicates": notifications that came again, and were dropped.
/// - "refused": an array of {"status","requests"}: requests refused, by HTTP status. Checks of health
///   do not count, nor does what is no HTTP.
/// - "given_out": notifications given to the program, those included that it was given again.
/// - "acknowledged": acknowledgements of the program.
/// - "queued", "in_flight", "held": notifications that now wait for the program, that it has and must
///   still acknowledge, and that are held back until what is missing in front of them comes.
/// - "oldest_ms": how long the oldest of these has been here, in milliseconds; 0 if there is none.
///   What an earlier process left counts from when this receiver was made.
/// - "connections_open": connections now. "connections_evicted": those ended because another one
///   needed the place.
/// - "bytes_received": bytes read from connections, TLS included.
/// - "store_failures": notifications that receiver.store failed to keep.
///
/// Later versions may add members. LPC_INVALID_ARGUMENT for NULL. LPC_CLOSED after a fork().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_stats(
    receiver: *mut lpc_receiver,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(response, "response", err, || {
        let stats = lpc_receiver::of(receiver)?.stats()?;
        lpc_response::of_stats(stats.prometheus(), &stats)
    })
}

/// Stops listening; the service is no longer answered, and told nothing of what is acknowledged later.
/// lpc_receiver_poll() gives out what is queued, and then LPC_CLOSED, also to threads that wait in it.
///
/// What to do for an orderly end: with receiver.store nothing, as what was not acknowledged comes again
/// after a restart. With receiver.ack=manual and no store, poll no more and acknowledge what you have,
/// before this: later that is LPC_CLOSED, and those notifications come again, as do those that were
/// queued. With receiver.ack=enqueue and no store, poll after this until LPC_CLOSED, and deal with all of
/// it: the service thinks that it arrived, and what is left is lost with the process.
///
/// It waits until the receiver's thread has ended, and with it the last call of the log callback; not where
/// it is called inside a log callback. Shutting down twice, or NULL, is fine. Any thread may call this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_shutdown(receiver: *mut lpc_receiver) {
    // A clone, because a log callback may free the handle meanwhile.
    read(receiver, (), |receiver| receiver.receiver.clone().shutdown());
}

/// Frees a receiver, and stops listening. Calls that other threads have begun finish safely, those that
/// wait in lpc_receiver_poll() with LPC_CLOSED at once, whatever is queued; beginning one after it is
/// the caller's error. The receiver's threads have ended when this returns: the log callback with its
/// user_data may go, and another receiver may use the file of receiver.store; not so inside a log callback, see there. Notifications stay valid. Freeing NULL is
/// fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_free(receiver: *mut lpc_receiver) {
    free(receiver);
}
