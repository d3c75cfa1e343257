//! The client handle.

use std::ffi::c_char;

use crate::base::error::Error;
use crate::ffi::config::lpc_config;
use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::outcome::{make, status};
use crate::ffi::pointer::{free, handle, optional_text, read, text};
use crate::ffi::response::lpc_response;
use crate::handles::client::Client;

/// An account's connector. May be used from any number of threads at once, and after a fork() in
/// parent and child: the child makes connections of its own.
pub struct lpc_client {
    client: Client,
}

impl lpc_client {
    pub(super) fn of(client: *const lpc_client) -> Result<Client, Error> {
        Ok(handle(client, "client")?.client.clone())
    }
}

/// Makes a client with a copy of the configuration. Sends nothing.
///
/// `config`: stays the caller's, who may change or free it at once. `client`: receives the handle,
/// to be freed with lpc_client_free(); NULL after an error. `err`: may be NULL.
///
/// LPC_INVALID_ARGUMENT for NULL. LPC_CONFIG if an option is missing or options contradict each
/// other. LPC_IO if a certificate file cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_client_new(
    config: *const lpc_config,
    client: *mut *mut lpc_client,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(client, "client", err, || Ok(lpc_client { client: Client::new(lpc_config::of(config)?)? }))
}

/// Uses this AppJWT for all later calls, or with NULL none of the caller's: then AppJWTs are
/// obtained with client.id and client.secret. A token given here is never replaced by the library.
///
/// `client`: from lpc_client_new(). `jwt`: copied. `err`: may be NULL. Any thread may call this;
/// calls already under way keep the token they began with.
///
/// LPC_INVALID_ARGUMENT if it is empty or has characters that no token has; the token in use
/// stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_client_set_app_jwt(
    client: *mut lpc_client,
    jwt: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || lpc_client::of(client)?.set_app_jwt(optional_text(jwt, "jwt")?))
}

/// Uses these credentials for AppJWTs obtained from now on: a rotated secret, without a restart. The
/// AppJWT in use stays until it ends or is refused.
///
/// `client`: from lpc_client_new(). `client_id`, `client_secret`: copied. `err`: may be NULL. Any
/// thread may call this.
///
/// LPC_INVALID_ARGUMENT for NULL, and if one is empty or has control characters; those in use stay.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_client_set_credentials(
    client: *mut lpc_client,
    client_id: *const c_char,
    client_secret: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let client = lpc_client::of(client)?;
        client.set_credentials(text(client_id, "client_id")?, text(client_secret, "client_secret")?)
    })
}

/// What the client has done so far, in this process: after a fork() the child counts from 0. Makes
/// no request. The counters never fall; together they are no snapshot where calls are under way.
///
/// `client`: from lpc_client_new(). `response`: receives the counters as a JSON object in
/// lpc_response_raw(), and as text in the exposition format of Prometheus in lpc_response_body(),
/// to be freed with lpc_response_free(); NULL after an error. As no service answered, its HTTP
/// status and attempts are 0, its sequence is -1, its code and request id are empty. `err`: may be
/// NULL. Any thread may call this; it does not wait.
///
/// - "requests": HTTP requests tried, each attempt counted.
/// - "retries": those among them that were another attempt of the same request.
/// - "failures": requests that failed for good.
/// - "token_refreshes": AppJWTs obtained.
/// - "connections_opened": connections made, those to a proxy included.
/// - "bytes_sent", "bytes_received": bytes written to and read from connections, TLS included.
/// - "latency_ms": how long attempts took: "count", attempts; "sum", their times together, in
///   milliseconds; "buckets", an array of {"up_to","count"} with rising bounds: so many attempts
///   took up to so many milliseconds, those of the buckets before included. The last "up_to" is
///   null: without bound.
/// - "operations": an array of {"operation","status","requests"}: the requests by what they were
///   for ("domain", "token", "keys", "consumer", "conversation", "send", "storage") and what came
///   of them ("OK", or the name of a status, for example "TIMEOUT").
///
/// Later versions may add members. LPC_INVALID_ARGUMENT for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_client_stats(
    client: *mut lpc_client,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    make(response, "response", err, || {
        let stats = lpc_client::of(client)?.stats();
        lpc_response::of_stats(stats.prometheus(), &stats)
    })
}

/// Ends the client for good: calls in flight in other threads return LPC_CLOSED, whatever they wait
/// for: an answer, a connection, the lookup of a name, the next attempt. Later ones return it, too.
/// Shutting down twice, or NULL, is fine. Any thread may call this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_client_shutdown(client: *mut lpc_client) {
    // A clone, because another thread may free the handle meanwhile.
    read(client, (), |client| client.client.clone().shutdown());
}

/// Frees a client. Its consumers and conversations stay usable, and calls that other threads have
/// begun finish safely; beginning a call on a freed handle is the caller's error. Freeing NULL is
/// fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_client_free(client: *mut lpc_client) {
    free(client);
}
