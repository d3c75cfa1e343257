//! The connector handle.

use std::ffi::{CString, c_char};
use std::path::Path;
use std::time::Duration;

use crate::base::error::{Error, Status};
use crate::connector::Connector;
use crate::ffi::config::lpc_config;
use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::outcome::{make, status};
use crate::ffi::pointer::{self, array, c_string, free, handle, optional_text, read, text, texts};
use crate::ffi::response::lpc_response;
use crate::ffi::update::lpc_update;

/// A channel on an account: it takes what the channel's consumers say, and tells what the agents answer.
/// What is submitted is kept in connector.store and goes out in order for each consumer; conversations are
/// found, opened and opened again; what cannot be sent now is tried later; and what the program did not
/// acknowledge comes again. May be used from any number of threads at once.
///
/// It belongs to the process that made it: after a fork() the child gets LPC_CLOSED, and may free it.
pub struct lpc_connector {
    connector: Connector,
    url: CString,
}

impl Drop for lpc_connector {
    /// Calls under way have a clone of what is inside: they are told, as nothing else ends them.
    fn drop(&mut self) {
        self.connector.release();
    }
}

impl lpc_connector {
    fn of(connector: *const lpc_connector) -> Result<Connector, Error> {
        Ok(handle(connector, "connector")?.connector.clone())
    }
}

/// Begins to work with a copy of the configuration, and with what an earlier process left in
/// connector.store. It uses the options connector.*, those of a client, and those of receiver.* that say
/// where and how it listens.
///
/// With connector.store=memory everything is lost with the process, and with lpc_connector_free(). With
/// sqlite:FILE both directions survive a crash and a loss of power: what was submitted goes out after a
/// restart, and what was not acknowledged comes again. The file belongs to one connector at a time.
///
/// It starts connector.workers threads that send, and more while all of these wait for the network; one
/// that writes the file; and, where receiver.listen is set, one that listens for notifications. Without
/// receiver.listen the program has a web server of its own, and hands in what that got with
/// lpc_connector_receive(). The threads take no signals: those go to the program's own. They end with
/// lpc_connector_shutdown() and lpc_connector_free(). The log callback is called on all of them but the one
/// that writes.
///
/// `config`: stays the caller's, who may change or free it at once. `connector`: receives the handle, to
/// be freed with lpc_connector_free(); NULL after an error. `err`: may be NULL.
///
/// LPC_INVALID_ARGUMENT for NULL. LPC_CONFIG if an option is missing or options contradict each other:
/// connector.store has no default. LPC_IO if it cannot listen there, a file cannot be read or written,
/// another connector has it, or the system has no thread or descriptor left; with sqlite: also in a process
/// that was forked while its parent had such a file open. Nothing is sent before there is something to send.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_new(
    config: *const lpc_config,
    connector: *mut *mut lpc_connector,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(connector, "connector", err, || {
        let connector = Connector::new(lpc_config::of(config)?)?;
        let url = c_string(connector.url());
        Ok(lpc_connector { connector, url })
    })
}

/// Takes an action for a consumer. Once this returns LPC_OK it is safe in connector.store, and goes out
/// after the consumer's earlier ones: sent, or reported as failed once connector.give.up.ms is over or the
/// service refuses it for good. It does not wait for the network.
///
/// `connector`: from lpc_connector_new(). `consumer_id`: any id by which the program knows the consumer, 1
/// to 1024 bytes. `action_json`: a JSON object, at most 1 MiB, with one of these members:
///
/// - "text": a message.
/// - "richContent": as the content of lpc_conversation_send_rich_content().
/// - "event": as that of lpc_conversation_send_event().
/// - "file": the path of a file of at most file.max.bytes, and 64 MiB, whose content is what its name says;
///   where wanted "caption" and "previewPath". Both files are copied into the store now, so that they may
///   go. Files in memory take 64 MiB together at most.
/// - "chatState": "COMPOSING" and so on. It means something only now: where it cannot go out at once, or
///   there is no conversation, it is dropped. Only where it has a key an update tells so.
/// - "acceptStatus": "READ" and so on, with "sequences", an array of the numbers of the messages that it is
///   about, and where wanted "dialogId".
/// - "profile": as for lpc_conversation_set_profile().
/// - "rate": 1 to 5 stars, and where wanted "resolved", true or false.
/// - "ttr": "URGENT" and so on, as for lpc_conversation_set_ttr().
/// - "close": true.
///
/// Beside "text", "richContent", "event", "file" and "acceptStatus" there may be "metadata", an array;
/// beside the first four also "open": the options of lpc_conversation_open() without "firstMessage", for
/// the case that a conversation is opened for it; the option connector.open is the default. Those four open
/// one where the consumer has none.
///
/// `key`: NULL, or the program's own id of the action, 1 to 512 bytes. The same key of the same consumer
/// again within connector.key.window.ms is LPC_OK, and not sent twice. What becomes of an action with a key
/// comes as an update. `err`: may be NULL. Any thread may call this; the order of one consumer's actions is
/// that of the calls.
///
/// After an error it was not taken. LPC_INVALID_ARGUMENT for NULL where none is allowed, and for what is no
/// action, or a file that could not be sent, with what is wrong. LPC_FULL where connector.queue.max actions, or updates, wait. LPC_IO if the store or the
/// action's file fails. LPC_CLOSED after lpc_connector_shutdown() and after a fork().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_submit(
    connector: *mut lpc_connector,
    consumer_id: *const c_char,
    action_json: *const c_char,
    key: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let connector = lpc_connector::of(connector)?;
        let consumer_id = text(consumer_id, "consumer_id")?;
        let action = text(action_json, "action_json")?;
        connector.submit(consumer_id, action, optional_text(key, "key")?)
    })
}

/// As lpc_connector_submit(), for a text.
///
/// `connector`: from lpc_connector_new(). `consumer_id`, `key`: as there. `text`: the message. `err`: may be
/// NULL. Any thread may call this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_submit_text(
    connector: *mut lpc_connector,
    consumer_id: *const c_char,
    text: *const c_char,
    key: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let connector = lpc_connector::of(connector)?;
        let consumer_id = pointer::text(consumer_id, "consumer_id")?;
        let text = pointer::text(text, "text")?;
        connector.submit_text(consumer_id, text, optional_text(key, "key")?)
    })
}

/// Takes the body of a webhook that the program's own web server got; the signature is checked here. Once
/// this returns LPC_OK it is safe in connector.store: answer the service with 200. After LPC_SIGNATURE
/// answer with 401, after any other error with 503: then it comes again. What was signed right is taken,
/// whatever it says.
///
/// `connector`: from lpc_connector_new(). `body`: the `len` bytes as they came. NULL is allowed where `len`
/// is 0. `signature`: the header x-liveperson-signature, "" if there was none. `err`: may be NULL. Any thread
/// may call this; it does not wait for the network. A connector that listens takes what it is handed, too.
///
/// LPC_SIGNATURE if it was not signed with one of the connector's secrets. LPC_FULL where
/// connector.queue.max updates wait for the program. LPC_IO if the store fails. LPC_CLOSED after
/// lpc_connector_shutdown() and after a fork(). LPC_INVALID_ARGUMENT for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_receive(
    connector: *mut lpc_connector,
    body: *const u8,
    len: usize,
    signature: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let connector = lpc_connector::of(connector)?;
        connector.receive(array(body, len, "body")?, text(signature, "signature")?)
    })
}

/// Waits for the next update. Of one consumer at most one is out at a time: the next follows once this one
/// was acknowledged, so that order holds with any number of threads that poll. One that is neither
/// acknowledged nor put back within connector.ack.timeout.ms comes again.
///
/// `connector`: from lpc_connector_new(). `timeout_ms`: how long, in milliseconds; 0 looks only, a negative
/// number waits for ever. `update`: receives the handle, to be freed with lpc_update_free(); NULL if there
/// is none. `err`: may be NULL. Any thread may call this, and several at once: each update goes to one of
/// them.
///
/// LPC_EMPTY if nothing came in time: this gives an error as well, to be freed as any other; who does not
/// want it passes NULL for `err`. LPC_CLOSED after lpc_connector_shutdown(), once all that can be told is
/// given out, and after a fork(). LPC_INVALID_ARGUMENT for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_poll(
    connector: *mut lpc_connector,
    timeout_ms: i64,
    update: *mut *mut lpc_update,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(update, "update", err, || {
        let connector = lpc_connector::of(connector)?;
        let timeout = u64::try_from(timeout_ms).map_or(Duration::MAX, Duration::from_millis);
        let empty = || Error::new(Status::Empty, "no update came in time");
        Ok(lpc_update::new(connector.poll(timeout)?.ok_or_else(empty)?))
    })
}

/// Says that the program dealt with an update: it will not come again, and the next one of its consumer
/// follows. It is removed from connector.store when this returns. The agent is told that a message arrived,
/// or was read, as connector.receipts says. The update is not freed. Twice is fine.
///
/// `connector`: from lpc_connector_new(). `update`: from lpc_connector_poll() of this connector. `err`: may
/// be NULL. Any thread may call this, also after lpc_connector_shutdown().
///
/// LPC_INVALID_ARGUMENT for NULL, and for an update of another connector. LPC_IO if the store fails, and
/// LPC_CONNECT where a fleet's could not be reached, or not in time: then it comes again. LPC_CLOSED after a
/// fork().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_ack(
    connector: *mut lpc_connector,
    update: *const lpc_update,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || lpc_connector::of(connector)?.ack(&handle(update, "update")?.update))
}

/// Says that the program could not deal with an update now: it is given out again, after that time, and
/// what follows for its consumer waits for it. The update is not freed. Nothing counts how often: a program
/// that tries again and again counts itself, and acknowledges what will never work. Nothing happens for one
/// that was acknowledged, or was given out again since.
///
/// `connector`: from lpc_connector_new(). `update`: from lpc_connector_poll() of this connector. `after_ms`:
/// in milliseconds; 0 is at once. `err`: may be NULL. Any thread may call this.
///
/// LPC_INVALID_ARGUMENT for NULL, for a negative time, and for an update of another connector. LPC_CLOSED
/// after a fork().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_nack(
    connector: *mut lpc_connector,
    update: *const lpc_update,
    after_ms: i64,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let connector = lpc_connector::of(connector)?;
        let update = &handle(update, "update")?.update;
        let after = u64::try_from(after_ms).map_err(|_| Error::invalid("after_ms is negative"))?;
        connector.nack(update, Duration::from_millis(after))
    })
}

/// A file descriptor that is readable while lpc_connector_poll() would not wait, because there is an
/// update or the connector was shut down: for epoll, select, libuv, Qt and the like. -1 where there is none:
/// for NULL, on systems other than Linux, where no more can be opened, and in a child after a fork().
///
/// `connector`: from lpc_connector_new(). Once it is readable, poll with a time-out of 0 until that gives
/// nothing. The descriptor is the connector's: wait for it, but neither read nor close it. It is made by the
/// first call, the same for all, and closed in lpc_connector_free(): take it out of what waits for it before
/// that. Any thread may call this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_fd(connector: *const lpc_connector) -> i32 {
    read(connector, -1, |connector| connector.connector.fd().unwrap_or(-1))
}

/// What the connector has done since it was made, and what it holds. The counters never fall; together they
/// are no snapshot while it works.
///
/// `connector`: from lpc_connector_new(). `response`: receives the numbers as a JSON object in
/// lpc_response_raw(), and as text in the exposition format of Prometheus in lpc_response_body(), to be
/// freed with lpc_response_free(); NULL after an error. As no service answered, its HTTP status and attempts
/// are 0, its sequence is -1, its code and request id are empty. `err`: may be NULL. Any thread may call
/// this; it does not wait for the network.
///
/// - "waiting": actions that wait to be sent now, those included that are being sent.
/// - "oldest_ms": how long the oldest of those that go next has waited, in milliseconds; 0 if none waits.
/// - "updates_waiting": updates that wait for the program now, those included that it must still
///   acknowledge. "updates_out": those of them that it has.
/// - "consumers": those that are known. "conversations": those with an open conversation.
/// - "workers": threads that send now.
/// - "submitted": actions taken, without those that came again. "repeated_keys": those that came again with
///   a key that was known, and were not sent twice.
/// - "sent", "failed": actions sent, and actions that never will be.
/// - "put_off": attempts after which an action had to wait.
/// - "repeated": messages sent again although nobody knew whether they had arrived. "settled_by_echo":
///   messages of which the service's own notification told that they arrived.
/// - "opened": conversations opened. "closed": those of which the service told that they are over.
/// - "received": notifications that came. "duplicates": events that came again, and were dropped.
///   "foreign": events of conversations that the connector did not open, and were dropped.
/// - "given_out": updates given to the program, those included that it was given again. "acknowledged":
///   those it acknowledged.
/// - "refused": an array of {"status","requests"}: requests that its endpoint refused, by HTTP status.
///   "connections_open": connections to it now.
/// - "store_failures": what connector.store failed to keep.
/// - "latency_ms": how long actions took from when they were submitted until they were sent, a histogram as
///   lpc_client_stats() has it.
/// - "client": what its client has done, as from lpc_client_stats(); in the text, its metrics.
///
/// Later versions may add members. LPC_INVALID_ARGUMENT for NULL. LPC_CLOSED after a fork().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_stats(
    connector: *mut lpc_connector,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(response, "response", err, || {
        let stats = lpc_connector::of(connector)?.stats()?;
        lpc_response::of_stats(stats.prometheus(), &stats)
    })
}

/// Fetches a file that an agent sent to the consumer, on the thread that calls this, as
/// lpc_conversation_download_file() does. Not kept in the store, and not tried again.
///
/// `connector`: from lpc_connector_new(). `consumer_id`: of the update. `relative_path`:
/// event.message.relativePath of the event's JSON. `to_path`: where the file goes; it appears there once it
/// is complete, and replaces one that is there. `err`: may be NULL. Any thread may call this.
///
/// LPC_CLOSED if the consumer has had no conversation of which the connector knows, after
/// lpc_connector_shutdown() and after a fork(). LPC_INVALID_ARGUMENT for NULL. Otherwise as
/// lpc_conversation_download_file().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_download_file(
    connector: *mut lpc_connector,
    consumer_id: *const c_char,
    relative_path: *const c_char,
    to_path: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let connector = lpc_connector::of(connector)?;
        let consumer_id = text(consumer_id, "consumer_id")?;
        let relative_path = text(relative_path, "relative_path")?;
        connector.download_file(consumer_id, relative_path, Path::new(text(to_path, "to_path")?))
    })
}

/// Uses these credentials from now on, for AppJWTs and for signatures, in place of those of client.id,
/// client.secret and receiver.secret: a rotated secret, without a restart. The AppJWT in use stays until it
/// ends or is refused. Secrets of receiver.accounts stay as they are.
///
/// `connector`: from lpc_connector_new(). `client_id`: copied. `client_secret`: one, or several separated by
/// commas while one replaces another: AppJWTs are obtained with the first, notifications may be signed with
/// any of them; copied. `err`: may be NULL. Any thread may call this.
///
/// LPC_INVALID_ARGUMENT for NULL, and if one is empty or has control characters; those in use stay.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_set_credentials(
    connector: *mut lpc_connector,
    client_id: *const c_char,
    client_secret: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let connector = lpc_connector::of(connector)?;
        let secrets = texts(client_secret, "client_secret")?;
        connector.set_credentials(text(client_id, "client_id")?, &secrets)
    })
}

/// Where it listens, for example "https://127.0.0.1:8443/"; "" where receiver.listen is not set. NULL for
/// NULL. Borrowed: valid until the connector is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_url(connector: *const lpc_connector) -> *const c_char {
    read(connector, std::ptr::null(), |connector| connector.url.as_ptr())
}

/// Takes nothing new, goes on sending what waits for so long, and then stops: requests that are still under
/// way are broken off, and it listens no more. What could not be sent stays in connector.store, for the next
/// start; with memory it is lost. lpc_connector_poll() gives out what the program was not told yet, also to
/// threads that wait in it, and then LPC_CLOSED; what it has may be acknowledged.
///
/// `connector`: from lpc_connector_new(). `drain_ms`: how long at most, in milliseconds; 0 stops at once, a
/// negative number goes on until all is sent or has failed. Any thread may call this.
///
/// When this returns, the threads that send and listen have ended, and with them the last call of the log
/// callback. Inside of a log callback it stops at once, and does not wait for them. Shutting down twice, or
/// NULL, is fine: the shorter time counts for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_shutdown(connector: *mut lpc_connector, drain_ms: i64) {
    let drain = u64::try_from(drain_ms).map_or(Duration::MAX, Duration::from_millis);
    // A clone, because a log callback may free the handle meanwhile.
    read(connector, (), |connector| connector.connector.clone().shutdown(drain));
}

/// Frees a connector, and stops it at once, as lpc_connector_shutdown() with 0; what waits stays in
/// connector.store, with memory it is lost. Calls that other threads have begun finish safely, those that
/// wait in lpc_connector_poll() with LPC_CLOSED at once, whatever there is to tell; beginning one after it is
/// the caller's error. The connector's threads have ended when this returns: the log callback with its
/// user_data may go, and another connector may use the file of connector.store; not so inside a log
/// callback, see there. Updates stay valid. Freeing NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_connector_free(connector: *mut lpc_connector) {
    free(connector);
}
