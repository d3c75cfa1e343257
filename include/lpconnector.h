/*
 * lpconnector: LivePerson's Connector API for C.
 *
 * Generated from src/ffi/ by `make header`; do not edit.
 *
 * Rules that hold for every function:
 *
 * - Handles are opaque. What a call gives through an out pointer belongs to the caller, who frees
 *   it with the lpc_..._free() of its type, in any order: a handle keeps alive what it needs. No
 *   call consumes an argument, whether it succeeds or not.
 * - A call that can fail returns an lpc_status and takes `lpc_error **err` last, which may be NULL.
 *   On failure the out pointers are set to NULL, and *err to an error that the caller frees; on
 *   success *err is set to NULL.
 * - NULL where none is allowed, and text that is not UTF-8, give LPC_INVALID_ARGUMENT with a
 *   message that names the argument. Any other pointer must be valid for its type, and a handle
 *   must not have been freed.
 * - Strings that go in are NUL-terminated UTF-8 and copied where they are kept. Strings and bytes
 *   that come out are borrowed from their handle, valid until it is freed, and never freed by the
 *   caller.
 * - lpc_client, lpc_consumer and lpc_conversation may be used from any number of threads at once;
 *   lpc_config, lpc_error and lpc_response belong to one thread at a time.
 * - The library starts no thread, installs no signal handler, raises no SIGPIPE, and writes nothing
 *   to stdout or stderr. After fork() parent and child go on with the handles they have and never
 *   share a connection.
 */

#ifndef LPCONNECTOR_H
#define LPCONNECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version of this header; lpc_version() is that of the library in use. */
#define LPC_VERSION_MAJOR 0
#define LPC_VERSION_MINOR 1
#define LPC_VERSION_PATCH 0

/**
 * An account's connector. May be used from any number of threads at once, and after a fork() in
 * parent and child: the child makes connections of its own.
 */
typedef struct lpc_client lpc_client;

/**
 * Options of a client, set as text. Belongs to one thread at a time.
 */
typedef struct lpc_config lpc_config;

/**
 * An end user of the account. May be used from any number of threads at once.
 */
typedef struct lpc_consumer lpc_consumer;

/**
 * One conversation of a consumer, in one of its dialogs. May be used from any number of threads
 * at once: its sends go out one at a time, those of one thread in their order.
 */
typedef struct lpc_conversation lpc_conversation;

/**
 * Why a call failed. Made by the call that failed, freed by the caller with lpc_error_free().
 * Belongs to one thread at a time. It outlives the handles of the call that made it.
 */
typedef struct lpc_error lpc_error;

/**
 * The service's answer to a request that it accepted. Belongs to one thread at a time. It
 * outlives the handles of the call that gave it.
 */
typedef struct lpc_response lpc_response;

/**
 * The outcome of a call: LPC_OK or one of the codes below. The numbers never change.
 */
typedef int32_t lpc_status;

/**
 * The call did what it says.
 */
#define LPC_OK 0

/**
 * An argument is not what the call takes: NULL where none is allowed, text that is not UTF-8,
 * an unknown member of a JSON text. Nothing was sent.
 */
#define LPC_INVALID_ARGUMENT 1

/**
 * A configuration option is unknown, malformed or missing. Nothing was sent.
 */
#define LPC_CONFIG 2

/**
 * No connection: the name did not resolve, or the host refused, is unreachable, or reset.
 */
#define LPC_CONNECT 3

/**
 * The TLS handshake or a certificate check failed.
 */
#define LPC_TLS 4

/**
 * A deadline passed.
 */
#define LPC_TIMEOUT 5

/**
 * The service answered 401; see lpc_error_service_code().
 */
#define LPC_UNAUTHORIZED 6

/**
 * The service answered with another 4xx, or refused a request inside an answer.
 */
#define LPC_REJECTED 7

/**
 * The service answered 429; see lpc_error_retry_after_ms().
 */
#define LPC_RATE_LIMITED 8

/**
 * The service answered with a 5xx.
 */
#define LPC_SERVER 9

/**
 * An answer is not what the protocol allows.
 */
#define LPC_PROTOCOL 10

/**
 * The client was shut down, or the conversation was closed.
 */
#define LPC_CLOSED 11

/**
 * A local file could not be read or written.
 */
#define LPC_IO 12

/**
 * A webhook's signature does not match.
 */
#define LPC_SIGNATURE 13

/**
 * Nothing arrived in time.
 */
#define LPC_EMPTY 14

/**
 * A defect of this library; the error says where.
 */
#define LPC_INTERNAL 99

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library in use, for example "0.1.0"; compare LPC_VERSION_MAJOR, _MINOR and
 * _PATCH, which are those of the header.
 *
 * The string is static: it is valid for ever and never freed. Any thread may call this.
 */
const char *lpc_version(void);

/**
 * The number of the library's ABI. A program works with a library of the number that it was
 * built with. Any thread may call this.
 */
uint32_t lpc_abi_version(void);

/**
 * The name of a status, for example "LPC_TIMEOUT"; "LPC_UNKNOWN" for a number that is none.
 *
 * The string is static: it is valid for ever and never freed. Any thread may call this.
 */
const char *lpc_status_name(lpc_status status);

/**
 * The status that the failed call returned; LPC_OK for NULL, which is no error.
 */
lpc_status lpc_error_status(const struct lpc_error *error);

/**
 * One sentence that a person can act on, with no secret in it. Borrowed: valid until the error
 * is freed. NULL for NULL.
 */
const char *lpc_error_message(const struct lpc_error *error);

/**
 * The HTTP status of the answer; 0 if none came, and for NULL.
 */
int32_t lpc_error_http_status(const struct lpc_error *error);

/**
 * The service's own error code, for example 40102 (invalid AppJWT); 0 if it gave none, and for
 * NULL.
 */
int32_t lpc_error_service_code(const struct lpc_error *error);

/**
 * The service's title of the error; empty if it gave none. Borrowed: valid until the error is
 * freed. NULL for NULL.
 */
const char *lpc_error_title(const struct lpc_error *error);

/**
 * The service's details of the error; empty if it gave none. Borrowed: valid until the error is
 * freed. NULL for NULL.
 */
const char *lpc_error_details(const struct lpc_error *error);

/**
 * The id of the request that failed; empty where nothing was sent or the failing request has no
 * id (tokens, discovery). Borrowed: valid until the error is freed. NULL for NULL.
 */
const char *lpc_error_request_id(const struct lpc_error *error);

/**
 * How often the failing request was sent; 0 if it never was, and for NULL.
 */
uint32_t lpc_error_attempts(const struct lpc_error *error);

/**
 * Whether the same call may succeed later: connection failures, timeouts, 429 and 5xx. Where
 * lpc_error_maybe_delivered() is true too, repeating a message may deliver it twice. false for
 * NULL.
 */
bool lpc_error_is_retryable(const struct lpc_error *error);

/**
 * Whether the request may have taken effect: it was sent, but no usable answer came. false for
 * NULL.
 */
bool lpc_error_maybe_delivered(const struct lpc_error *error);

/**
 * How long the service asked to wait (Retry-After), in milliseconds; -1 if unknown, and for NULL.
 */
int64_t lpc_error_retry_after_ms(const struct lpc_error *error);

/**
 * The raw answer of the service, `*len` bytes, not NUL-terminated; `len` may be NULL. `*len` is 0
 * if there was no answer. Borrowed: valid until the error is freed. NULL for NULL.
 */
const uint8_t *lpc_error_body(const struct lpc_error *error, size_t *len);

/**
 * Frees an error, and every string borrowed from it. Freeing NULL is fine.
 */
void lpc_error_free(struct lpc_error *error);

/**
 * A configuration in which every option has its default; never NULL. The caller frees it with
 * lpc_config_free(). Any thread may call this.
 */
struct lpc_config *lpc_config_new(void);

/**
 * Sets an option. The keys, their values and defaults are listed in README.md; an empty value
 * puts the default back.
 *
 * `config`: from lpc_config_new(). `key`: for example "account.id". `value`: the value as text;
 * it is copied. `err`: may be NULL.
 *
 * LPC_INVALID_ARGUMENT for NULL or text that is not UTF-8. LPC_CONFIG for a key that does not
 * exist or a value that the option does not take: the message says which key may have been meant,
 * or which values are allowed. The configuration is unchanged after an error.
 */
lpc_status lpc_config_set(struct lpc_config *config,
                          const char *key,
                          const char *value,
                          struct lpc_error **err);

/**
 * Sets every option for which the environment has a variable: LPC_ and the key in upper case
 * with underscores for dots, for example LPC_ACCOUNT_ID. Other variables are ignored.
 *
 * `config`: from lpc_config_new(). `err`: may be NULL.
 *
 * LPC_CONFIG as for lpc_config_set(), naming the variable; variables before the faulty one are
 * set then. No other thread may change the environment meanwhile.
 */
lpc_status lpc_config_load_env(struct lpc_config *config, struct lpc_error **err);

/**
 * The value of an option, or its default. A secret that is set reads as "***". NULL if the
 * option has neither value nor default, if the key does not exist, and for NULL.
 *
 * Borrowed: valid until the configuration is freed or the option is set again.
 */
const char *lpc_config_get(const struct lpc_config *config, const char *key);

/**
 * Frees a configuration, and every string borrowed from it. Clients made from it are not
 * affected. Freeing NULL is fine.
 */
void lpc_config_free(struct lpc_config *config);

/**
 * Makes a client with a copy of the configuration. Sends nothing.
 *
 * `config`: stays the caller's, who may change or free it at once. `client`: receives the handle,
 * to be freed with lpc_client_free(); NULL after an error. `err`: may be NULL.
 *
 * LPC_INVALID_ARGUMENT for NULL. LPC_CONFIG if an option is missing or options contradict each
 * other. LPC_IO if a certificate file cannot be read.
 */
lpc_status lpc_client_new(const struct lpc_config *config,
                          struct lpc_client **client,
                          struct lpc_error **err);

/**
 * Uses this AppJWT for all later calls, or with NULL none of the caller's: then AppJWTs are
 * obtained with client.id and client.secret. A token given here is never replaced by the library.
 *
 * `client`: from lpc_client_new(). `jwt`: copied. `err`: may be NULL. Any thread may call this;
 * calls already under way keep the token they began with.
 *
 * LPC_INVALID_ARGUMENT if it is empty or has characters that no token has; the token in use
 * stays.
 */
lpc_status lpc_client_set_app_jwt(struct lpc_client *client,
                                  const char *jwt,
                                  struct lpc_error **err);

/**
 * Ends the client for good: calls in flight in other threads return LPC_CLOSED, later ones too. A
 * call that is just connecting returns at the latest after connect.timeout.ms. Shutting down
 * twice, or NULL, is fine. Any thread may call this.
 */
void lpc_client_shutdown(struct lpc_client *client);

/**
 * Frees a client. Its consumers and conversations stay usable, and calls that other threads have
 * begun finish safely; beginning a call on a freed handle is the caller's error. Freeing NULL is
 * fine.
 */
void lpc_client_free(struct lpc_client *client);

/**
 * The consumer whom the connector knows by this id. Sends nothing: the ConsumerJWS is fetched at
 * the first use, once, and kept.
 *
 * `client`: from lpc_client_new(); may be freed before the consumer. `ext_consumer_id`: any text
 * that the connector chooses, not empty; copied. `consumer`: receives the handle, to be freed
 * with lpc_consumer_free(); NULL after an error. `err`: may be NULL. Any thread may call this.
 *
 * LPC_INVALID_ARGUMENT for NULL, text that is not UTF-8, and an empty id.
 */
lpc_status lpc_consumer_new(struct lpc_client *client,
                            const char *ext_consumer_id,
                            struct lpc_consumer **consumer,
                            struct lpc_error **err);

/**
 * A consumer by a ConsumerJWS kept from earlier; it never expires. Sends nothing.
 *
 * `jws`: copied. The rest is as for lpc_consumer_new().
 *
 * LPC_INVALID_ARGUMENT for NULL, and if it is not a ConsumerJWS.
 */
lpc_status lpc_consumer_from_jws(struct lpc_client *client,
                                 const char *jws,
                                 struct lpc_consumer **consumer,
                                 struct lpc_error **err);

/**
 * The ConsumerJWS, to keep for lpc_consumer_from_jws(); fetched if this is the first use. It is a
 * secret: whoever has it can speak as the consumer.
 *
 * `consumer`: from lpc_consumer_new(). `jws`: receives the string, borrowed and valid until the
 * consumer is freed; NULL after an error. `err`: may be NULL. Any thread may call this.
 *
 * LPC_INVALID_ARGUMENT for NULL; where the token has to be fetched, any status from LPC_CONFIG to
 * LPC_CLOSED.
 */
lpc_status lpc_consumer_jws(struct lpc_consumer *consumer,
                            const char **jws,
                            struct lpc_error **err);

/**
 * The id that the service gave the consumer: the originatorId of the consumer's own events. The
 * ConsumerJWS is fetched if this is the first use.
 *
 * `lp_id`: receives the string, borrowed and valid until the consumer is freed; NULL after an
 * error. The rest is as for lpc_consumer_jws().
 */
lpc_status lpc_consumer_lp_id(struct lpc_consumer *consumer,
                              const char **lp_id,
                              struct lpc_error **err);

/**
 * Sends one request, written by the caller, to SEND: the way out for what has no function.
 *
 * `json`: one JSON object of `len` bytes, UTF-8, not NUL-terminated. It goes out byte for byte,
 * its `id` kept (a string of 1 to 64 characters or a number); a missing `id` is filled in.
 * `response`: receives the answer, to be freed with lpc_response_free(); may be NULL. `err`: may
 * be NULL. Any thread may call this.
 *
 * LPC_INVALID_ARGUMENT if the JSON or its id is bad, otherwise as for
 * lpc_conversation_send_text().
 */
lpc_status lpc_consumer_send_json(struct lpc_consumer *consumer,
                                  const uint8_t *json,
                                  size_t len,
                                  struct lpc_response **response,
                                  struct lpc_error **err);

/**
 * Sends an array of requests, written by the caller, to CONVERSATION.
 *
 * `json`: a JSON array of objects, `len` bytes. Ids are treated as in lpc_consumer_send_json() and
 * must differ. The answer's lpc_response_body() is the whole array of answers. The rest is as for
 * lpc_consumer_send_json().
 *
 * LPC_REJECTED if the service refused one of the requests; lpc_error_request_id() says which.
 */
lpc_status lpc_consumer_batch_json(struct lpc_consumer *consumer,
                                   const uint8_t *json,
                                   size_t len,
                                   struct lpc_response **response,
                                   struct lpc_error **err);

/**
 * Frees a consumer, and every string borrowed from it. Its conversations stay usable. Freeing
 * NULL is fine.
 */
void lpc_consumer_free(struct lpc_consumer *consumer);

/**
 * Opens a conversation, with the consumer's first message in the same round trip if there is one.
 *
 * `consumer`: from lpc_consumer_new(); may be freed before the conversation. `options_json`: NULL,
 * or a JSON object with the optional member "firstMessage" (string). `conversation`: receives the
 * handle, to be freed with lpc_conversation_free(); NULL after an error. `err`: may be NULL. Any
 * thread may call this.
 *
 * LPC_INVALID_ARGUMENT for NULL and for an unknown member or one of the wrong type, before
 * anything is sent. LPC_REJECTED if the service refused one of the requests: where the
 * conversation was opened but its first message refused, the message names the conversation, and
 * lpc_conversation_attach() goes on with it. Otherwise any status from LPC_CONFIG to LPC_CLOSED.
 */
lpc_status lpc_conversation_open(struct lpc_consumer *consumer,
                                 const char *options_json,
                                 struct lpc_conversation **conversation,
                                 struct lpc_error **err);

/**
 * Goes on with a conversation opened earlier. Sends nothing.
 *
 * `conversation_id`: copied. `dialog_id`: NULL for the first dialog, or the id of another dialog
 * of the conversation, a survey for example; copied. The rest is as for lpc_conversation_open().
 *
 * LPC_INVALID_ARGUMENT for NULL and empty ids.
 */
lpc_status lpc_conversation_attach(struct lpc_consumer *consumer,
                                   const char *conversation_id,
                                   const char *dialog_id,
                                   struct lpc_conversation **conversation,
                                   struct lpc_error **err);

/**
 * The conversation's id. Borrowed: valid until the conversation is freed. NULL for NULL. Any
 * thread may call this.
 */
const char *lpc_conversation_id(const struct lpc_conversation *conversation);

/**
 * The id of the dialog that this handle sends to; that of the first dialog is the conversation's.
 * Borrowed: valid until the conversation is freed. NULL for NULL. Any thread may call this.
 */
const char *lpc_conversation_dialog_id(const struct lpc_conversation *conversation);

/**
 * Sends a text as the consumer.
 *
 * `conversation`: from lpc_conversation_open() or _attach(). `text`: UTF-8; not kept. `response`:
 * receives the answer, to be freed with lpc_response_free(); may be NULL. `err`: may be NULL. Any
 * thread may call this; it blocks for at most call.timeout.ms, name resolution aside.
 *
 * LPC_INVALID_ARGUMENT for NULL and text that is not UTF-8. LPC_CLOSED after
 * lpc_conversation_close() or lpc_client_shutdown(). LPC_TIMEOUT, LPC_CONNECT and LPC_TLS if no
 * answer came; LPC_UNAUTHORIZED, LPC_REJECTED, LPC_RATE_LIMITED and LPC_SERVER for what the
 * service answered; LPC_PROTOCOL if the answer cannot be read; LPC_CONFIG if there is no token to
 * use. Look at lpc_error_maybe_delivered() before sending a text again.
 */
lpc_status lpc_conversation_send_text(struct lpc_conversation *conversation,
                                      const char *text,
                                      struct lpc_response **response,
                                      struct lpc_error **err);

/**
 * Closes the conversation. Later sends of this handle return LPC_CLOSED without a request.
 *
 * Arguments and errors are as for lpc_conversation_send_text().
 */
lpc_status lpc_conversation_close(struct lpc_conversation *conversation,
                                  struct lpc_response **response,
                                  struct lpc_error **err);

/**
 * Frees the handle, and every string borrowed from it. It does not close the conversation, which
 * lives on at the service. Freeing NULL is fine.
 */
void lpc_conversation_free(struct lpc_conversation *conversation);

/**
 * The id of the request that this answers; for a batch, that of its first request. Borrowed:
 * valid until the response is freed. NULL for NULL.
 */
const char *lpc_response_request_id(const struct lpc_response *response);

/**
 * The HTTP status, any of 200 to 299; 0 for NULL.
 */
int32_t lpc_response_http_status(const struct lpc_response *response);

/**
 * The code as the service wrote it, mostly "OK". Borrowed: valid until the response is freed.
 * NULL for NULL.
 */
const char *lpc_response_code(const struct lpc_response *response);

/**
 * body.sequence of the answer, handed on as it came; -1 if absent, for a batch, and for NULL.
 */
int64_t lpc_response_sequence(const struct lpc_response *response);

/**
 * The JSON of the answer's body, `*len` bytes, not NUL-terminated; `len` may be NULL. For a batch
 * it is the whole array of answers. Borrowed: valid until the response is freed. NULL for NULL.
 */
const uint8_t *lpc_response_body(const struct lpc_response *response, size_t *len);

/**
 * The whole answer as it came, `*len` bytes, not NUL-terminated; `len` may be NULL. Borrowed:
 * valid until the response is freed. NULL for NULL.
 */
const uint8_t *lpc_response_raw(const struct lpc_response *response, size_t *len);

/**
 * How often the request was sent until this answer came; 0 for NULL.
 */
uint32_t lpc_response_attempts(const struct lpc_response *response);

/**
 * Frees a response, and every string borrowed from it. Freeing NULL is fine.
 */
void lpc_response_free(struct lpc_response *response);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LPCONNECTOR_H */
