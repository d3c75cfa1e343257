//! The client handle.

use std::ffi::c_char;

use super::boundary::{free, handle, make, optional_text, read, status};
use super::config::lpc_config;
use super::error::{lpc_error, lpc_status};
use crate::client::Client;

/// An account's connector. May be used from any number of threads at once, and after a fork() in
/// parent and child: the child makes connections of its own.
pub struct lpc_client {
    pub(super) client: Client,
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
    status(err, || {
        let client = handle(client, "client")?.client.clone();
        client.set_app_jwt(optional_text(jwt, "jwt")?)
    })
}

/// Ends the client for good: calls in flight in other threads return LPC_CLOSED, later ones too. A
/// call that is just connecting returns at the latest after connect.timeout.ms. Shutting down
/// twice, or NULL, is fine. Any thread may call this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_client_shutdown(client: *mut lpc_client) {
    read(client, (), |client| client.client.shutdown());
}

/// Frees a client. Its consumers and conversations stay usable, and calls that other threads have
/// begun finish safely; beginning a call on a freed handle is the caller's error. Freeing NULL is
/// fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_client_free(client: *mut lpc_client) {
    free(client);
}
