//! The consumer handle.

use std::ffi::{CString, c_char};

use once_cell::race::OnceBox;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::ffi::client::lpc_client;
use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::outcome::{give_text, make};
use crate::ffi::pointer::{array, c_string, free, handle, text};
use crate::ffi::response::{lpc_response, respond};
use crate::handles::consumer::Consumer;

/// An end user of the account. May be used from any number of threads at once.
pub struct lpc_consumer {
    consumer: Consumer,
    /// Copies for C, made when first asked for.
    jws: OnceBox<Zeroizing<CString>>,
    lp_id: OnceBox<CString>,
}

impl lpc_consumer {
    fn new(consumer: Consumer) -> lpc_consumer {
        lpc_consumer { consumer, jws: OnceBox::new(), lp_id: OnceBox::new() }
    }

    pub(super) fn of(consumer: *const lpc_consumer) -> Result<Consumer, Error> {
        Ok(handle(consumer, "consumer")?.consumer.clone())
    }
}

/// The consumer whom the connector knows by this id. Sends nothing: the ConsumerJWS is fetched at
/// the first use, once, and kept.
///
/// `client`: from lpc_client_new(); may be freed before the consumer. `ext_consumer_id`: any text
/// that the connector chooses, not empty; copied. `consumer`: receives the handle, to be freed
/// with lpc_consumer_free(); NULL after an error. `err`: may be NULL. Any thread may call this.
///
/// LPC_INVALID_ARGUMENT for NULL, text that is not UTF-8, and an empty id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_consumer_new(
    client: *mut lpc_client,
    ext_consumer_id: *const c_char,
    consumer: *mut *mut lpc_consumer,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(consumer, "consumer", err, || {
        let client = lpc_client::of(client)?;
        client.consumer(text(ext_consumer_id, "ext_consumer_id")?).map(lpc_consumer::new)
    })
}

/// A consumer by a ConsumerJWS kept from earlier; it never expires. Sends nothing.
///
/// `jws`: copied. The rest is as for lpc_consumer_new().
///
/// LPC_INVALID_ARGUMENT for NULL, and if it is not a ConsumerJWS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_consumer_from_jws(
    client: *mut lpc_client,
    jws: *const c_char,
    consumer: *mut *mut lpc_consumer,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(consumer, "consumer", err, || {
        lpc_client::of(client)?.consumer_from_jws(text(jws, "jws")?).map(lpc_consumer::new)
    })
}

/// The ConsumerJWS, to keep for lpc_consumer_from_jws(); fetched if this is the first use. It is a
/// secret: whoever has it can speak as the consumer.
///
/// `consumer`: from lpc_consumer_new(). `jws`: receives the string, borrowed and valid until the
/// consumer is freed; NULL after an error. `err`: may be NULL. Any thread may call this.
///
/// LPC_INVALID_ARGUMENT for NULL; where the token has to be fetched, any status from LPC_CONFIG to
/// LPC_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_consumer_jws(
    consumer: *mut lpc_consumer,
    jws: *mut *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    give_text(jws, "jws", err, || {
        let consumer = handle(consumer, "consumer")?;
        let jws = consumer.consumer.jws()?;
        Ok(consumer.jws.get_or_init(|| Box::new(Zeroizing::new(c_string(jws)))).as_ptr())
    })
}

/// The id that the service gave the consumer: the originatorId of the consumer's own events. The
/// ConsumerJWS is fetched if this is the first use.
///
/// `lp_id`: receives the string, borrowed and valid until the consumer is freed; NULL after an
/// error. The rest is as for lpc_consumer_jws().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_consumer_lp_id(
    consumer: *mut lpc_consumer,
    lp_id: *mut *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    give_text(lp_id, "lp_id", err, || {
        let consumer = handle(consumer, "consumer")?;
        let id = consumer.consumer.lp_id()?;
        Ok(consumer.lp_id.get_or_init(|| Box::new(c_string(id))).as_ptr())
    })
}

/// Sends one request, written by the caller, to SEND: the way out for what has no function.
///
/// `json`: one JSON object of `len` bytes, UTF-8, not NUL-terminated. It goes out byte for byte,
/// its `id` kept (a string of 1 to 64 characters or a number); a missing `id` is filled in.
/// `response`: receives the answer, to be freed with lpc_response_free(); may be NULL. `err`: may
/// be NULL. Any thread may call this.
///
/// LPC_INVALID_ARGUMENT if the JSON or its id is bad, otherwise as for
/// lpc_conversation_send_text().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_consumer_send_json(
    consumer: *mut lpc_consumer,
    json: *const u8,
    len: usize,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    respond(response, err, || lpc_consumer::of(consumer)?.send_json(array(json, len, "json")?))
}

/// Sends an array of requests, written by the caller, to CONVERSATION.
///
/// `json`: a JSON array of objects, `len` bytes. Ids are treated as in lpc_consumer_send_json() and
/// may repeat: answers belong to requests by their position. The answer's lpc_response_body() is
/// the whole array of answers. The rest is as for lpc_consumer_send_json().
///
/// LPC_REJECTED if the service refused one of the requests; lpc_error_request_id() says which.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_consumer_batch_json(
    consumer: *mut lpc_consumer,
    json: *const u8,
    len: usize,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    respond(response, err, || lpc_consumer::of(consumer)?.batch_json(array(json, len, "json")?))
}

/// Frees a consumer, and every string borrowed from it. Its conversations stay usable, and calls
/// that other threads have begun finish safely, except lpc_consumer_jws() and lpc_consumer_lp_id(),
/// whose string is the consumer's. Freeing NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_consumer_free(consumer: *mut lpc_consumer) {
    free(consumer);
}
