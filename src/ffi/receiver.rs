//! The receiver handle.

use std::ffi::{CString, c_char};
use std::time::Duration;

use crate::base::error::{Error, Status};
use crate::ffi::config::lpc_config;
use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::notification::lpc_notification;
use crate::ffi::outcome::{make, status};
use crate::ffi::pointer::{c_string, free, handle, read, text};
use crate::receiver::Receiver;

/// An endpoint for webhooks, for programs that have no web server of their own. May be used from any
/// number of threads at once. It belongs to the process that made it: after a fork() the child gets
/// LPC_CLOSED, and may free it.
pub struct lpc_receiver {
    receiver: Receiver,
    url: CString,
}

impl lpc_receiver {
    fn of(receiver: *const lpc_receiver) -> Result<Receiver, Error> {
        Ok(handle(receiver, "receiver")?.receiver.clone())
    }
}

/// Begins to listen, with the options receiver.* and, for signatures, client.secret. Starts the one
/// thread that a receiver needs; it ends with lpc_receiver_free().
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
/// options contradict each other. LPC_IO if it cannot listen there, or a file cannot be read or
/// written.
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
/// LPC_EMPTY if nothing arrived in time. LPC_CLOSED after lpc_receiver_shutdown(), once all that was
/// queued is given out. LPC_INVALID_ARGUMENT for NULL.
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
/// cannot be written: then it comes again after a restart. LPC_CLOSED after a fork().
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
        let several = text(client_secret, "client_secret")?.split(',').map(str::trim);
        let secrets: Vec<&str> = several.filter(|secret| !secret.is_empty()).collect();
        receiver.set_credentials(text(client_id, "client_id")?, &secrets)
    })
}

/// Where it listens, for example "https://127.0.0.1:8443/". NULL for NULL. Borrowed: valid until the
/// receiver is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_url(receiver: *const lpc_receiver) -> *const c_char {
    read(receiver, std::ptr::null(), |receiver| receiver.url.as_ptr())
}

/// Stops listening; the service is no longer answered. lpc_receiver_poll() gives out what is queued,
/// and then LPC_CLOSED, also to threads that wait in it. It waits until the receiver's thread has ended,
/// and with it the last call of the log callback; not where it is called inside a log callback. Shutting
/// down twice, or NULL, is fine. Any thread may call this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_shutdown(receiver: *mut lpc_receiver) {
    // A clone, because a log callback may free the handle meanwhile.
    read(receiver, (), |receiver| receiver.receiver.clone().shutdown());
}

/// Frees a receiver, and stops listening once calls that other threads have begun are over; beginning
/// one after it is the caller's error. Where there were none, the receiver's thread has ended when this
/// returns, and the log callback with its user_data may go; not so inside a log callback, see there.
/// Notifications stay valid. Freeing NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_receiver_free(receiver: *mut lpc_receiver) {
    free(receiver);
}
