/*!
 * @file
 * lpconnector: LivePerson's Connector API for C.
 *
 * Generated from src/ffi/ by `make docs`; do not edit.
 */
/*!
 * @mainpage lpconnector for C and C++
 *
 * LivePerson's Connector API lets a business put a channel of its own on its account: an SMS gateway, a
 * kiosk, a private app. This library is the way in and out.
 *
 * Most programs need a @ref config "configuration", a @ref connector "connector", and the
 * @ref update "updates" that it gives: submit what a consumer says, poll for what agents answer,
 * acknowledge that.
 *
 * A program that wants to wait for each answer itself takes the parts: a @ref client "client" of the
 * account, a @ref consumer "consumer", their @ref conversation "conversation", and the
 * @ref response "response" to each call. What agents do comes to a @ref receiver "receiver", or to a
 * web server of its own, which has the functions for @ref notification "webhooks and notifications".
 *
 * Any call may fail with an @ref error "error". What the library does meanwhile, a @ref log "log" tells.
 *
 * C++ programs include lpconnector.hpp, which has a class for each handle.
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
 * - lpc_client, lpc_consumer, lpc_conversation, lpc_receiver and lpc_connector may be used from any
 *   number of threads at once; lpc_config, lpc_error, lpc_response, lpc_notification and lpc_update
 *   belong to one thread at a time.
 * - The library installs no signal handler, raises no SIGPIPE, and writes nothing to stdout or
 *   stderr. It starts no thread but those of a receiver or connector, and one for the lookup of a host
 *   name that it does not know yet: the system's resolver cannot be interrupted, so it runs on a thread that
 *   ends with the lookup.
 * - After fork() parent and child go on with the handles they have and never share a connection;
 *   receivers and connectors stay the parent's.
 */

#ifndef LPCONNECTOR_H
#define LPCONNECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The handles; each has its section. */
struct lpc_client;
struct lpc_config;
struct lpc_connector;
struct lpc_consumer;
struct lpc_conversation;
struct lpc_error;
struct lpc_notification;
struct lpc_receiver;
struct lpc_response;
struct lpc_update;

/**
 * @defgroup version Version
 *
 * Which library this is, and which header. As long as the number of the ABI is the same, a program
 * runs with a newer library than it was built with.
 * @{
 */

/** The version of this header; lpc_version() is that of the library in use. */
#define LPC_VERSION_MAJOR 0
/** Its second number. */
#define LPC_VERSION_MINOR 1
/** Its third number. */
#define LPC_VERSION_PATCH 0
/** The number of this header's ABI, to compare with lpc_abi_version(). */
#define LPC_ABI_VERSION 0

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

/** @} */

/**
 * @defgroup error Errors and statuses
 *
 * A call that fails returns a status, and gives an error that tells more: a sentence for a person,
 * what the service said, and whether trying again may help.
 * @{
 */

/**
 * Why a call failed. Made by the call that failed, freed by the caller with lpc_error_free().
 * Belongs to one thread at a time. It outlives the handles of the call that made it.
 */
typedef struct lpc_error lpc_error;

/** @name The outcome of a call */
/** @{ */

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
 * The client, receiver or connector was shut down, or the conversation was closed: by this handle, or the service
 * says so, whatever the HTTP status it says it with.
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
 * The consumer has an open conversation; the service refuses a second one. Its id comes with the
 * consumer's next notification.
 */
#define LPC_ALREADY_OPEN 15

/**
 * A queue of the library's has no room.
 */
#define LPC_FULL 16

/**
 * A defect of this library; the error says where.
 */
#define LPC_INTERNAL 99

/** @} */

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
 * The id of the request that failed; empty where it was never tried or the failing request has no
 * id (tokens, discovery). Borrowed: valid until the error is freed. NULL for NULL.
 */
const char *lpc_error_request_id(const struct lpc_error *error);

/**
 * How often the failing request was tried, connection failures included; 0 if it never was, and
 * for NULL.
 */
uint32_t lpc_error_attempts(const struct lpc_error *error);

/**
 * Whether the same call may succeed later: connection failures, but for a proxy that refuses,
 * timeouts, 429 and 5xx; a refusal that broke off before it said why; a queue of the library's that
 * is full, and a store that could not write. Where lpc_error_maybe_delivered() is true too, repeating
 * a message may deliver it twice. false for NULL.
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

/** @} */

/**
 * @defgroup config Configuration
 *
 * A program begins here: lpc_config_new(), options one by one, from the environment or from a file,
 * and then what is made of them: a connector, a client, or a receiver. Those copy what they need, so
 * that the configuration may be freed at once.
 * @{
 */

/**
 * Options of a client, set as text. Belongs to one thread at a time.
 */
typedef struct lpc_config lpc_config;

/**
 * A configuration in which every option has its default; never NULL. The caller frees it with
 * lpc_config_free(). Any thread may call this.
 */
struct lpc_config *lpc_config_new(void);

/**
 * Sets an option. The keys, their values and defaults are listed in CONFIGURATION.md; an empty value
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
 * with underscores for dots, for example LPC_ACCOUNT_ID. Other variables are ignored; of one that
 * looks like a misspelt option, whatever is made with `config` logs a line of level WARN.
 *
 * `config`: from lpc_config_new(). `err`: may be NULL.
 *
 * LPC_CONFIG as for lpc_config_set(), naming the variable; variables before the faulty one are
 * set then. No other thread may change the environment meanwhile.
 */
lpc_status lpc_config_load_env(struct lpc_config *config, struct lpc_error **err);

/**
 * Sets the options of a file with lines `key = value`. Empty lines and lines that begin with `#`
 * are ignored; space around keys and values is, too.
 *
 * `config`: from lpc_config_new(). `path`: name of the file, UTF-8. `err`: may be NULL.
 *
 * LPC_IO if the file cannot be read. LPC_CONFIG as for lpc_config_set(), naming file and line;
 * lines before the faulty one are set then.
 */
lpc_status lpc_config_load_file(struct lpc_config *config,
                                const char *path,
                                struct lpc_error **err);

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

/** @} */

/**
 * @defgroup log Log
 *
 * What the library does, line by line, given to a function of the program. Without one nothing is
 * logged.
 * @{
 */

/** @name How much a line matters */
/** @{ */

/**
 * How much a log line matters. Other numbers are LPC_INVALID_ARGUMENT.
 */
typedef int32_t lpc_log_level;

/**
 * Nothing is logged.
 */
#define LPC_LOG_LEVEL_OFF 0

/**
 * A request failed for good.
 */
#define LPC_LOG_LEVEL_ERROR 1

/**
 * Something went wrong and is tried again, or was put right.
 */
#define LPC_LOG_LEVEL_WARN 2

/**
 * What happens seldom: tokens, discovery.
 */
#define LPC_LOG_LEVEL_INFO 3

/**
 * Every request.
 */
#define LPC_LOG_LEVEL_DEBUG 4

/**
 * Every connection, name and wait.
 */
#define LPC_LOG_LEVEL_TRACE 5

/** @} */

/**
 * Called with each line that a client, receiver or connector logs: of a client on the thread that makes
 * the call, of a receiver and a connector on their own threads, and on those that call them. `level`: one of LPC_LOG_....
 * `line`: one line of UTF-8 text, without a secret and without a line break at its end; valid until the
 * function returns.
 *
 * A line about a request ends with its id, and the conversation's where there is one:
 * "[request 1f0e...-3, conversation 8602...]". So do those about what is done for that request: tokens,
 * discovery, connections, waits, and the way of its file to or from the storage.
 *
 * It delays what it tells about, so it must be quick. It must not throw, and not leave by longjmp() or
 * pthread_exit().
 *
 * On the thread that runs it, calls of the library that may wait return LPC_INVALID_ARGUMENT at once,
 * because they could wait for the very call that logs: whatever makes requests (of consumers, jws and
 * lp_id included), lpc_receiver_poll(), _ack and _nack, lpc_connector_submit(), _submit_text, _receive,
 * _poll, _ack, _nack and _download_file. All others are allowed: those of configurations, errors,
 * responses, notifications and updates, _new, accessors, the three _stats, set_app_jwt,
 * set_credentials, _shutdown and _free. The last two do not wait for the threads of a receiver or
 * connector then. What the call that logs was given may be freed by it, too. A child that it forks may
 * call everything, but of a thread of a receiver or connector it must end with _exit() or become
 * another program with exec(), and not return: in the child that thread has nothing to go on with.
 */
typedef void (*lpc_log_fn)(void *user_data, lpc_log_level level, const char *line);

/**
 * The name of a level, for example "WARN"; "UNKNOWN" for a number that is none.
 *
 * The string is static: it is valid for ever and never freed. Any thread may call this.
 */
const char *lpc_log_level_name(lpc_log_level level);

/**
 * Gives the lines that clients, receivers and connectors of this configuration log, up to this level, to
 * `fn`; NULL, or the level LPC_LOG_LEVEL_OFF, stops that, which is the default. It goes for those made
 * later; those that exist keep what they were made with. Nothing is ever logged anywhere else.
 *
 * `config`: from lpc_config_new(). `user_data`: handed to `fn` as it is. Both must be fit for every
 * thread that makes calls and for the threads of receivers and connectors, several at once. They may go
 * once every client made from the configuration and every consumer and conversation of those are freed
 * and no call of them is under way any more, and lpc_receiver_free() or lpc_connector_free() has
 * returned for every receiver and connector, with no other call of it under way and outside of `fn`: one
 * that `fn` itself frees may call it until the process ends. `level`: one of LPC_LOG_...: lines of this level and of those that matter
 * more are given. `err`: may be NULL.
 *
 * What `fn` must not do, and which calls it may make, is said at lpc_log_fn.
 *
 * LPC_INVALID_ARGUMENT if the configuration is NULL or there is no such level; what was set before
 * stays then.
 */
lpc_status lpc_config_set_log_callback(struct lpc_config *config,
                                       lpc_log_fn fn,
                                       void *user_data,
                                       lpc_log_level level,
                                       struct lpc_error **err);

/** @} */

/**
 * @defgroup client Client
 *
 * An account, for programs that send each request themselves. It finds the account's services,
 * obtains the tokens, and keeps connections; one is enough for a whole program. A connector has one
 * of its own.
 * @{
 */

/**
 * An account's connector. May be used from any number of threads at once, and after a fork() in
 * parent and child: the child makes connections of its own.
 */
typedef struct lpc_client lpc_client;

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
 * Uses these credentials for AppJWTs obtained from now on: a rotated secret, without a restart. The
 * AppJWT in use stays until it ends or is refused.
 *
 * `client`: from lpc_client_new(). `client_id`, `client_secret`: copied. `err`: may be NULL. Any
 * thread may call this.
 *
 * LPC_INVALID_ARGUMENT for NULL, and if one is empty or has control characters; those in use stay.
 */
lpc_status lpc_client_set_credentials(struct lpc_client *client,
                                      const char *client_id,
                                      const char *client_secret,
                                      struct lpc_error **err);

/**
 * What the client has done so far, in this process: after a fork() the child counts from 0. Makes
 * no request. The counters never fall; together they are no snapshot where calls are under way.
 *
 * `client`: from lpc_client_new(). `response`: receives the counters as a JSON object in
 * lpc_response_raw(), and as text in the exposition format of Prometheus in lpc_response_body(),
 * to be freed with lpc_response_free(); NULL after an error. As no service answered, its HTTP
 * status and attempts are 0, its sequence is -1, its code and request id are empty. `err`: may be
 * NULL. Any thread may call this; it does not wait.
 *
 * - "requests": HTTP requests tried, each attempt counted.
 * - "retries": those among them that were another attempt of the same request.
 * - "failures": requests that failed for good.
 * - "token_refreshes": AppJWTs obtained.
 * - "connections_opened": connections made, those to a proxy included.
 * - "bytes_sent", "bytes_received": bytes written to and read from connections, TLS included.
 * - "latency_ms": how long attempts took: "count", attempts; "sum", their times together, in
 *   milliseconds; "buckets", an array of {"up_to","count"} with rising bounds: so many attempts
 *   took up to so many milliseconds, those of the buckets before included. The last "up_to" is
 *   null: without bound.
 * - "operations": an array of {"operation","status","requests"}: the requests by what they were
 *   for ("domain", "token", "keys", "consumer", "conversation", "send", "storage") and what came
 *   of them ("OK", or the name of a status, for example "TIMEOUT").
 *
 * Later versions may add members. LPC_INVALID_ARGUMENT for NULL.
 */
lpc_status lpc_client_stats(struct lpc_client *client,
                            struct lpc_response **response,
                            struct lpc_error **err);

/**
 * Ends the client for good: calls in flight in other threads return LPC_CLOSED, whatever they wait
 * for: an answer, a connection, the lookup of a name, the next attempt. Later ones return it, too.
 * Shutting down twice, or NULL, is fine. Any thread may call this.
 */
void lpc_client_shutdown(struct lpc_client *client);

/**
 * Frees a client. Its consumers and conversations stay usable, and calls that other threads have
 * begun finish safely; beginning a call on a freed handle is the caller's error. Freeing NULL is
 * fine.
 */
void lpc_client_free(struct lpc_client *client);

/** @} */

/**
 * @defgroup consumer Consumer
 *
 * Who talks to the business: made with the id by which the program knows them. From a consumer come
 * conversations.
 * @{
 */

/**
 * An end user of the account. May be used from any number of threads at once.
 */
typedef struct lpc_consumer lpc_consumer;

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
 * may repeat: answers belong to requests by their position. The answer's lpc_response_body() is
 * the whole array of answers. The rest is as for lpc_consumer_send_json().
 *
 * LPC_REJECTED if the service refused one of the requests; lpc_error_request_id() says which.
 */
lpc_status lpc_consumer_batch_json(struct lpc_consumer *consumer,
                                   const uint8_t *json,
                                   size_t len,
                                   struct lpc_response **response,
                                   struct lpc_error **err);

/**
 * Frees a consumer, and every string borrowed from it. Its conversations stay usable, and calls
 * that other threads have begun finish safely, except lpc_consumer_jws() and lpc_consumer_lp_id(),
 * whose string is the consumer's. Freeing NULL is fine.
 */
void lpc_consumer_free(struct lpc_consumer *consumer);

/** @} */

/**
 * @defgroup conversation Conversation
 *
 * What a consumer and the agents say to each other. It is opened, or attached to when it was opened
 * earlier; then texts, rich content, files and all else go out, and at last it is closed.
 * @{
 */

/**
 * One conversation of a consumer, in one of its dialogs. May be used from any number of threads
 * at once: its sends go out one at a time, those of one thread in their order.
 */
typedef struct lpc_conversation lpc_conversation;

/** @name What the consumer is doing */
/** @{ */

/**
 * What the consumer is doing. Other numbers are LPC_INVALID_ARGUMENT.
 */
typedef int32_t lpc_chat_state;

/**
 * In the conversation.
 */
#define LPC_CHAT_STATE_ACTIVE 0

/**
 * Not looking at the moment.
 */
#define LPC_CHAT_STATE_INACTIVE 1

/**
 * Left.
 */
#define LPC_CHAT_STATE_GONE 2

/**
 * Typing. Another state must follow, or the agent sees typing for ever.
 */
#define LPC_CHAT_STATE_COMPOSING 3

/**
 * Stopped typing.
 */
#define LPC_CHAT_STATE_PAUSE 4

/** @} */

/** @name What became of a message */
/** @{ */

/**
 * What became of a message. Other numbers are LPC_INVALID_ARGUMENT.
 */
typedef int32_t lpc_accept_status;

/**
 * It arrived.
 */
#define LPC_ACCEPT_STATUS_ACCEPT 0

/**
 * It was read.
 */
#define LPC_ACCEPT_STATUS_READ 1

/**
 * Its file was opened.
 */
#define LPC_ACCEPT_STATUS_ACCESS 2

/**
 * It could not be shown.
 */
#define LPC_ACCEPT_STATUS_NACK 3

/**
 * Its structured content was answered; with metadata.
 */
#define LPC_ACCEPT_STATUS_ACTION 4

/** @} */

/** @name How far a rating was filled in */
/** @{ */

/**
 * How far the consumer filled in the rating. Other numbers are LPC_INVALID_ARGUMENT.
 */
typedef int32_t lpc_csat_status;

/**
 * Completely.
 */
#define LPC_CSAT_STATUS_FILLED 0

/**
 * In part.
 */
#define LPC_CSAT_STATUS_PARTIALLY_FILLED 1

/**
 * Not at all.
 */
#define LPC_CSAT_STATUS_SKIPPED 2

/** @} */

/**
 * Called while a file goes up or comes down, with the bytes done and the bytes in all (0: unknown),
 * on the thread that sends or fetches the file. Where an attempt fails and another follows, `done` falls
 * back and the count begins again. It must not free the conversation, must not throw, and
 * not leave by longjmp() or pthread_exit(). It may make any other call of the library.
 */
typedef void (*lpc_progress_fn)(void *user_data, uint64_t done, uint64_t total);

/**
 * Opens a conversation, with the consumer's first message in the same round trip if there is one.
 *
 * `consumer`: from lpc_consumer_new(); may be freed before the conversation. `conversation`:
 * receives the handle, to be freed with lpc_conversation_free(); NULL after an error. `err`: may
 * be NULL. Any thread may call this. `options_json`: NULL, or a JSON object of these members, all
 * optional:
 *
 * - "firstMessage": what the consumer says first, in the same round trip.
 * - "profile": the consumer's profile: the body of SetUserProfile, or its short form
 *   {"customer":{...},"personal":{...}}; see lpc_conversation_set_profile(). An attribute of another
 *   type goes in as the service has it: {"authenticatedData":{"lp_sdes":[{"type":"cart",...}]}}.
 *   Every opening sends a profile in front, an empty one where none is given, and it takes effect
 *   even where the opening is refused.
 * - "campaign": {"campaignId","engagementId"}.
 * - "context": {"visitorId","sessionId","interactionContextId","lang","type"}; the type is
 *   "SharkContext" where nothing is said.
 * - "skillId": a string or a number, "-1" is any. "ttr": "NORMAL", "URGENT", "PRIORITIZED" or
 *   "CUSTOM".
 * - "clientProperties":
 *   {"appId","appVersion","deviceFamily","deviceManufacture","deviceModel","os",
 *   "osName","osVersion","browser","browserVersion","integration","integrationVersion","timeZone",
 *   "ipAddress","features"}, over those of the option client.properties. "features": array of
 *   "CO_BROWSE", "CO_APP", "PHOTO_SHARING", "SECURE_FORMS", "AUTO_MESSAGES", "RICH_CONTENT",
 *   "QUICK_REPLIES", "MULTI_DIALOG" (without it the account starts no survey), "FILE_SHARING",
 *   "MARKDOWN_HYPERLINKS", in place of the option features. Both go with every later request of
 *   the conversation, too; after a restart, give them to lpc_conversation_attach().
 *
 * These are the library's own names. What lies inside profile, campaign, context, clientProperties
 * and features belongs to the service: numbers or strings, other members, other names and values
 * go out as they are written, and the service judges them.
 *
 * LPC_INVALID_ARGUMENT for NULL, and for an unknown member of the options themselves, with the
 * nearest name, or one of the wrong type; nothing was sent. LPC_ALREADY_OPEN if the consumer has
 * an open conversation: there can be one only, and a survey that still runs keeps it open. Attach to
 * it with the id that you kept, or that its next notification tells, and go on;
 * lpc_conversation_close_stage() ends it with its survey. LPC_REJECTED if the service refused one of the
 * requests for another reason: where the conversation was opened but its first message refused,
 * the message names the conversation, and lpc_conversation_attach() goes on with it. Otherwise any
 * status from LPC_CONFIG to LPC_CLOSED.
 */
lpc_status lpc_conversation_open(struct lpc_consumer *consumer,
                                 const char *options_json,
                                 struct lpc_conversation **conversation,
                                 struct lpc_error **err);

/**
 * Goes on with a conversation opened earlier. Sends nothing.
 *
 * `conversation_id`: copied. `options_json`: NULL, or a JSON object of these members, all optional:
 * "dialogId": another dialog of the conversation, a survey for example; the first one where nothing
 * is said. "clientProperties" and "features", as for lpc_conversation_open(): those that the
 * conversation was opened with belong on every request of it, also after a restart. The rest is as
 * for lpc_conversation_open().
 *
 * LPC_INVALID_ARGUMENT for NULL, empty ids, and an unknown member, with the nearest name.
 */
lpc_status lpc_conversation_attach(struct lpc_consumer *consumer,
                                   const char *conversation_id,
                                   const char *options_json,
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
 * thread may call this; it blocks for at most call.timeout.ms. A request that fails is tried again
 * as the options retry.* say, with the same id; one that may have been delivered is not, unless
 * retry.ambiguous is set.
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
 * Sends any event, for example a text with metadata.
 *
 * `event_json`: a JSON object, which goes out as it is. `metadata_json`: NULL, or a JSON array of
 * objects, for example [{"type":"ExternalId","id":"…"}], with an id of up to 64 characters; they go
 * out as they are, too. The rest is as for lpc_conversation_send_text().
 *
 * LPC_INVALID_ARGUMENT also for JSON of another shape.
 */
lpc_status lpc_conversation_send_event(struct lpc_conversation *conversation,
                                       const char *event_json,
                                       const char *metadata_json,
                                       struct lpc_response **response,
                                       struct lpc_error **err);

/**
 * Sends rich content: cards, buttons, carousels and so on.
 *
 * `content_json`: the vendor's JSON of the content, an object, which goes out as it is. The rest is
 * as for lpc_conversation_send_event().
 */
lpc_status lpc_conversation_send_rich_content(struct lpc_conversation *conversation,
                                              const char *content_json,
                                              const char *metadata_json,
                                              struct lpc_response **response,
                                              struct lpc_error **err);

/**
 * Tells the agent what the consumer is doing.
 *
 * `state`: one of LPC_CHAT_STATE_...; after COMPOSING another must follow, or the agent sees typing
 * for ever. The rest is as for lpc_conversation_send_text().
 */
lpc_status lpc_conversation_send_chat_state(struct lpc_conversation *conversation,
                                            lpc_chat_state state,
                                            struct lpc_response **response,
                                            struct lpc_error **err);

/**
 * Tells the agent what became of messages.
 *
 * `status`: one of LPC_ACCEPT_STATUS_.... `sequences`: the sequences of the messages, `count` of
 * them, at least one and none negative. `metadata_json`: as for lpc_conversation_send_event(). The
 * rest is as for lpc_conversation_send_text().
 */
lpc_status lpc_conversation_send_accept_status(struct lpc_conversation *conversation,
                                               lpc_accept_status status,
                                               const int64_t *sequences,
                                               size_t count,
                                               const char *metadata_json,
                                               struct lpc_response **response,
                                               struct lpc_error **err);

/**
 * Sets the consumer's profile.
 *
 * `profile_json`: the body of SetUserProfile ("authenticatedData", "firstName", "lastName",
 * "userId", "avatarUrl", "role", "backgndImgUri", "description", "privateData"), or its short form
 * {"customer":{...},"personal":{...}}, which becomes the "lp_sdes" of authenticatedData. The rest
 * is as for lpc_conversation_send_text(); this works after the conversation was closed, too.
 *
 * LPC_INVALID_ARGUMENT also if it is no object, or "authenticatedData", "customer", "personal" or
 * "privateData" is none. All else is the service's to judge and goes out as it is written.
 */
lpc_status lpc_conversation_set_profile(struct lpc_conversation *conversation,
                                        const char *profile_json,
                                        struct lpc_response **response,
                                        struct lpc_error **err);

/**
 * Rates the conversation; possible after it was closed, too.
 *
 * `stars`: 1 to 5. `resolved`: whether the consumer's matter is resolved. `status`: one of
 * LPC_CSAT_STATUS_.... The rest is as for lpc_conversation_send_text().
 */
lpc_status lpc_conversation_rate(struct lpc_conversation *conversation,
                                 int32_t stars,
                                 bool resolved,
                                 lpc_csat_status status,
                                 struct lpc_response **response,
                                 struct lpc_error **err);

/**
 * Says how urgent the conversation is from now on: its time to respond.
 *
 * `ttr`: "URGENT", "NORMAL", "PRIORITIZED", "CUSTOM" or another name that the account knows.
 * `seconds`: the time; -1: the type's usual value, which is 300 for URGENT, 600 for PRIORITIZED and
 * 1800 for NORMAL; for names that the library does not know none is sent then. The rest is as for
 * lpc_conversation_send_text().
 *
 * LPC_INVALID_ARGUMENT also for an empty name, another negative time, and CUSTOM with -1.
 */
lpc_status lpc_conversation_set_ttr(struct lpc_conversation *conversation,
                                    const char *ttr,
                                    int64_t seconds,
                                    struct lpc_response **response,
                                    struct lpc_error **err);

/**
 * Closes the conversation. Later sends of this handle return LPC_CLOSED without a request. Where the
 * account has a survey and the conversation was opened with the feature MULTI_DIALOG, the survey
 * begins now: its notifications name its dialog, for lpc_conversation_attach().
 *
 * Where the answer to an attempt is lost and the next one is refused because the conversation is
 * closed, it is done and LPC_OK: the response has the code "OK", the sequence -1, the body "null", all
 * attempts, and HTTP status and bytes of that refusal.
 *
 * Arguments and errors are as for lpc_conversation_send_text().
 */
lpc_status lpc_conversation_close(struct lpc_conversation *conversation,
                                  struct lpc_response **response,
                                  struct lpc_error **err);

/**
 * Closes the conversation with all its dialogs: no survey follows, and one that runs ends. Later
 * texts and other events of this handle return LPC_CLOSED without a request. This works after
 * lpc_conversation_close(), too, as long as a survey runs.
 *
 * Arguments, errors, and what follows a lost answer are as for lpc_conversation_close().
 */
lpc_status lpc_conversation_close_stage(struct lpc_conversation *conversation,
                                        struct lpc_response **response,
                                        struct lpc_error **err);

/**
 * Closes one dialog of the conversation, for example a survey. Where it is the handle's own, its later
 * texts and other events return LPC_CLOSED without a request.
 *
 * `dialog_id`: not empty. The rest is as for lpc_conversation_close(), a lost answer included; this works
 * after the conversation was closed, too.
 */
lpc_status lpc_conversation_close_dialog(struct lpc_conversation *conversation,
                                         const char *dialog_id,
                                         struct lpc_response **response,
                                         struct lpc_error **err);

/**
 * Frees the handle, and every string borrowed from it. It does not close the conversation, which
 * lives on at the service; calls that other threads have begun finish safely. Freeing NULL is fine.
 */
void lpc_conversation_free(struct lpc_conversation *conversation);

/**
 * Sends a file: asks for a place in the storage, puts the file there, and publishes it. Other sends
 * of the conversation may go out while the file is on its way. The file is never held in memory as
 * a whole.
 *
 * `path`: name of the file, UTF-8; the ending of the name is its type. `options_json`: NULL, or a
 * JSON object of these members, all optional: "caption": text beside the file. "previewPath": name
 * of a small JPEG, PNG or GIF to show in its place. "metadata": as metadata_json of
 * lpc_conversation_send_event(). The rest is as for lpc_conversation_send_text().
 *
 * LPC_IO if a file cannot be read. LPC_INVALID_ARGUMENT also for an unknown member of the options,
 * with the nearest name; for a file above the option file.max.bytes, a preview above
 * file.preview.max.bytes (as base64), and for a file that is JPG, JPEG, PNG, GIF or PDF by name and
 * not by content. Other types are sent; whether they are taken depends on the account.
 */
lpc_status lpc_conversation_send_file(struct lpc_conversation *conversation,
                                      const char *path,
                                      const char *options_json,
                                      struct lpc_response **response,
                                      struct lpc_error **err);

/**
 * As lpc_conversation_send_file(), for a file in memory.
 *
 * `data`: the file, `len` bytes, unchanged during the call. `file_type`: for example "PNG".
 */
lpc_status lpc_conversation_send_file_bytes(struct lpc_conversation *conversation,
                                            const uint8_t *data,
                                            size_t len,
                                            const char *file_type,
                                            const char *options_json,
                                            struct lpc_response **response,
                                            struct lpc_error **err);

/**
 * Fetches a file that was sent in the conversation. It is written beside its place and then
 * renamed, so that nobody ever sees half of it.
 *
 * `relative_path`: from the file's event: event.message.relativePath in lpc_event_json(). `to_path`:
 * where it goes, UTF-8. A regular file there is
 * replaced and its mode kept; behind a symbolic link it is the file that the link leads to. A new file has
 * the mode that the umask leaves. Where this fails, the old file stays as it was. `err`: may be NULL. Any
 * thread may call this.
 *
 * LPC_IO if the file cannot be written; before any request if there is something else than a regular
 * file (a directory, a pipe, a device, a link to nothing), or no such directory. LPC_PROTOCOL if it is
 * longer than the option response.max.bytes. Otherwise as for lpc_conversation_send_text().
 */
lpc_status lpc_conversation_download_file(struct lpc_conversation *conversation,
                                          const char *relative_path,
                                          const char *to_path,
                                          struct lpc_error **err);

/**
 * Calls `fn` while files of this conversation go up or come down; NULL stops that.
 *
 * `user_data`: handed to `fn` as it is. Both must stay valid until they are replaced or the
 * conversation is freed, and no call is under way any more; and be fit for every thread that sends
 * or fetches files of the conversation. `err`: may be NULL. Any thread may call this.
 *
 * LPC_INVALID_ARGUMENT if the conversation is NULL.
 */
lpc_status lpc_conversation_set_progress_callback(struct lpc_conversation *conversation,
                                                  lpc_progress_fn fn,
                                                  void *user_data,
                                                  struct lpc_error **err);

/** @} */

/**
 * @defgroup response Response
 *
 * What the service answered. Calls that send give one to those who want it; who does not passes
 * NULL.
 * @{
 */

/**
 * The service's answer to a request that it accepted, or what lpc_client_stats(), lpc_receiver_stats()
 * and lpc_connector_stats() tell. Belongs to one thread at a time. It outlives the handles of the call that gave it.
 */
typedef struct lpc_response lpc_response;

/**
 * The id of the request that this answers; for a batch, that of its first request. Borrowed:
 * valid until the response is freed. NULL for NULL.
 */
const char *lpc_response_request_id(const struct lpc_response *response);

/**
 * The HTTP status, any of 200 to 299; for a close that was done although its answer was lost, that of
 * the refusal which says so; 0 from lpc_client_stats(), and for NULL.
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
 * it is the whole array of answers, from lpc_client_stats() text for Prometheus. Borrowed: valid
 * until the response is freed. NULL for NULL.
 */
const uint8_t *lpc_response_body(const struct lpc_response *response, size_t *len);

/**
 * The whole answer as it came, `*len` bytes, not NUL-terminated; `len` may be NULL. Borrowed:
 * valid until the response is freed. NULL for NULL.
 */
const uint8_t *lpc_response_raw(const struct lpc_response *response, size_t *len);

/**
 * How often the request was sent until this answer came; 0 from lpc_client_stats(), and for NULL.
 */
uint32_t lpc_response_attempts(const struct lpc_response *response);

/**
 * Frees a response, and every string borrowed from it. Freeing NULL is fine.
 */
void lpc_response_free(struct lpc_response *response);

/** @} */

/**
 * @defgroup notification Webhooks and notifications
 *
 * What the service posts to a webhook: check the signature, read the body, and go through its
 * events. A receiver and a connector do the first two.
 * @{
 */

/**
 * What the service posted to a webhook: one or more events, counted from 0. Belongs to one thread
 * at a time.
 */
typedef struct lpc_notification lpc_notification;

/** @name What an event is about */
/** @{ */

/**
 * What an event is about; lpc_event_kind() gives it. This: something else, or of a type that the
 * library does not know.
 */
#define LPC_EVENT_KIND_OTHER 0

/**
 * A text.
 */
#define LPC_EVENT_KIND_TEXT 1

/**
 * A file, also one to listen to.
 */
#define LPC_EVENT_KIND_FILE 2

/**
 * Cards, buttons, carousels and so on.
 */
#define LPC_EVENT_KIND_RICH_CONTENT 3

/**
 * What somebody is doing.
 */
#define LPC_EVENT_KIND_CHAT_STATE 4

/**
 * What became of messages.
 */
#define LPC_EVENT_KIND_ACCEPT_STATUS 5

/**
 * The state of a conversation.
 */
#define LPC_EVENT_KIND_CONVERSATION 6

/** @} */

/**
 * Checks that the body of a webhook was signed with the client secret. Call it before anything
 * else is done with the body.
 *
 * `secret`: the client secret of the app install. While it is replaced, the old and the new one
 * with a line feed between them: either will do. One line feed at the end is no part of it. `body`:
 * the `len` bytes as they came; JSON that was read and written again has another signature. NULL is
 * allowed where `len` is 0. `signature`: the header x-liveperson-signature, "" if there was none:
 * "sha1=" or "sha256=" in any letter case, then base64 or hexadecimal; several with commas between
 * them, of which one must match. `err`: may be NULL. Any thread may call this. The time of a
 * comparison tells nothing about the signature that was expected.
 *
 * LPC_SIGNATURE if it does not match or is none; the message says which, and repeats nothing of
 * what was received. LPC_INVALID_ARGUMENT for an empty secret, with which anybody could sign.
 */
lpc_status lpc_webhook_verify(const char *secret,
                              const uint8_t *body,
                              size_t len,
                              const char *signature,
                              struct lpc_error **err);

/**
 * Reads the body of a webhook. Check its signature first, with lpc_webhook_verify().
 *
 * Webhooks are account-wide: they tell of all conversations of the account, also of those that
 * this connector did not open. And a refusal is not free: whatever was signed right is answered
 * 200, also where this function cannot read it, or the service holds back all that follows.
 *
 * `body`: `len` bytes, copied. `notification`: where the new notification goes, freed with
 * lpc_notification_free(). `err`: may be NULL. Any thread may call this.
 *
 * What it takes is a JSON object. Each item of its `body.changes` becomes one event, in their
 * order; a single one may stand for an array. Members, event types and notifications that the
 * library does not know are no error: where there are no changes, the whole is one event of the
 * kind LPC_EVENT_KIND_OTHER.
 *
 * LPC_PROTOCOL for what is no JSON object; for a body above 4 MiB, with more than 128 levels of
 * arrays and objects, or with more than 10000 changes, participants, dialogs and sequences.
 */
lpc_status lpc_notification_parse(const uint8_t *body,
                                  size_t len,
                                  struct lpc_notification **notification,
                                  struct lpc_error **err);

/**
 * The type as the service wrote it: "cqm.ExConversationChangeNotification", or
 * "ms.MessagingEventNotification" and what may follow that; "" if absent, and for NULL. Borrowed:
 * valid until the notification is freed.
 */
const char *lpc_notification_type(const struct lpc_notification *n);

/**
 * The body as it came, `*len` bytes, not NUL-terminated; `len` may be NULL. Borrowed: valid until
 * the notification is freed. NULL for NULL.
 */
const uint8_t *lpc_notification_raw(const struct lpc_notification *n, size_t *len);

/**
 * The account that the notification belongs to: of one from a receiver what the header
 * x-liveperson-account-id named. "" if unknown, as after lpc_notification_parse(), and for NULL.
 * Borrowed: valid until the notification is freed.
 */
const char *lpc_notification_account_id(const struct lpc_notification *n);

/**
 * How many events there are; 0 for NULL.
 */
size_t lpc_notification_event_count(const struct lpc_notification *n);

/**
 * What event `i` is about, one of LPC_EVENT_KIND_...; _OTHER where there is no such event, and
 * for NULL. A number that this header does not know may come from a newer library.
 */
int32_t lpc_event_kind(const struct lpc_notification *n, size_t i);

/**
 * The id of the conversation of event `i`. "" if absent, as where older notifications and those of a
 * survey name only the dialog, where there is no such event, and for NULL. Borrowed: valid until the
 * notification is freed. The main dialog's id is the conversation's; that of a survey is not.
 */
const char *lpc_event_conversation_id(const struct lpc_notification *n,
                                      size_t i);

/**
 * The id of the dialog of event `i`. "" if absent, for the state of a conversation (its dialogs are
 * in the JSON), where there is no such event, and for NULL. Borrowed: valid until the notification
 * is freed.
 */
const char *lpc_event_dialog_id(const struct lpc_notification *n, size_t i);

/**
 * The number of event `i` in its dialog, from 0 on. -1 if absent, as for a chat state and the state
 * of a conversation; where there is no such event, and for NULL.
 */
int64_t lpc_event_sequence(const struct lpc_notification *n, size_t i);

/**
 * Who caused event `i`: for a consumer what lpc_consumer_lp_id() gives. "" if absent, for the state
 * of a conversation, where there is no such event, and for NULL. Borrowed: valid until the
 * notification is freed.
 */
const char *lpc_event_originator_id(const struct lpc_notification *n, size_t i);

/**
 * The role of who caused event `i`: "CONSUMER", "ASSIGNED_AGENT", "AGENT", "MANAGER", "READER",
 * "CONTROLLER" or another. "" if absent, for the state of a conversation, where there is no such
 * event, and for NULL. Borrowed: valid until the notification is freed.
 */
const char *lpc_event_originator_role(const struct lpc_notification *n, size_t i);

/**
 * When the service took event `i`, in milliseconds since 1970, UTC; for the state of a conversation
 * when it changed last. -1 if absent, as for a chat state; where there is no such event, and for
 * NULL.
 */
int64_t lpc_event_timestamp_ms(const struct lpc_notification *n, size_t i);

/**
 * What a person reads of event `i`: of a text the message; of a file its caption; of rich content its
 * texts, titles and captions, a line each; of a secure form its title. "" if absent, for all else, which
 * says nothing to the consumer (see lpc_event_state()), where there is no such event, and for NULL. A NUL
 * character in it is given as U+FFFD. Borrowed: valid until the notification is freed.
 */
const char *lpc_event_text(const struct lpc_notification *n,
                           size_t i);

/**
 * The name of the state that event `i` tells: of a chat state ("COMPOSING"), of an accept status
 * ("READ"), of a conversation ("OPEN", "CLOSE"), which is that of the main dialog: see
 * lpc_event_is_closed(). "" if absent, for all else, where there is no such event, and for NULL.
 * Borrowed: valid until the notification is freed.
 */
const char *lpc_event_state(const struct lpc_notification *n, size_t i);

/**
 * Who is to see event `i`: "ALL", or "AGENTS_AND_MANAGERS", which is not for the consumer. "" if
 * absent, which means all; where there is no such event, and for NULL. Borrowed: valid until the
 * notification is freed.
 */
const char *lpc_event_audience(const struct lpc_notification *n, size_t i);

/**
 * Whether event `i` says that the whole conversation is over: it is the state of a conversation whose
 * stage is CLOSE. While a survey runs the state is CLOSE, which is that of the main dialog, and the
 * stage still OPEN. false for all else, where there is no such event, and for NULL.
 */
bool lpc_event_is_closed(const struct lpc_notification *n,
                         size_t i);

/**
 * The JSON of what event `i` carries beside its content: an ExternalId, the question of a survey,
 * the answer to structured content. Mostly an array. "" if absent, where there is no such event,
 * and for NULL. Borrowed: valid until the notification is freed.
 */
const char *lpc_event_metadata_json(const struct lpc_notification *n, size_t i);

/**
 * The JSON of the change that event `i` is, byte for byte: what no other function gives stands
 * there, such as event.message.relativePath of a file, for lpc_conversation_download_file(). Of a
 * notification without changes it is the whole. "" where it is no JSON or nested more than 128 levels
 * deep (see lpc_notification_raw()), where there is no such event, and for NULL. Borrowed: valid until
 * the notification is freed.
 */
const char *lpc_event_json(const struct lpc_notification *n,
                           size_t i);

/**
 * Frees a notification, and everything borrowed from it. Freeing NULL is fine.
 */
void lpc_notification_free(struct lpc_notification *n);

/** @} */

#ifndef LPC_SENDING_ALONE /* What receives needs more than such a build has. */

/**
 * @defgroup receiver Receiver
 *
 * An endpoint for webhooks inside the program. It listens, checks signatures, drops what comes twice
 * and queues; the program polls, deals with each notification, and acknowledges it.
 * @{
 */

/**
 * An endpoint for webhooks, for programs that have no web server of their own. May be used from any
 * number of threads at once. It belongs to the process that made it: after a fork() the child gets
 * LPC_CLOSED, and may free it; sockets of the receiver are closed there (a handler of
 * pthread_atfork() does that), so that the port is free once the parent ended.
 */
typedef struct lpc_receiver lpc_receiver;

/**
 * Begins to listen, with the options receiver.* and, for signatures, client.secret. Starts the one
 * thread that a receiver needs, and a second one for receiver.store; they end with
 * lpc_receiver_free(). Its threads take no signals: those go to the program's own threads.
 *
 * Webhooks are account-wide: it hears of all conversations of the account, also of those that this
 * connector did not open. Where account.id and client.id are set, notifications of other accounts
 * and app installs are refused (401); receiver.accounts names further accounts, told apart by
 * lpc_notification_account_id(). Whatever was signed right is taken: what the library cannot read
 * is given out as one event of the kind LPC_EVENT_KIND_OTHER, because a refusal would make the
 * service hold back all that follows. What an earlier process left unacknowledged in
 * receiver.store comes first.
 *
 * `config`: stays the caller's, who may change or free it at once. `receiver`: receives the
 * handle, to be freed with lpc_receiver_free(); NULL after an error. `err`: may be NULL.
 *
 * LPC_INVALID_ARGUMENT for NULL. LPC_CONFIG if there is no secret to check signatures with, or
 * options contradict each other. LPC_IO if it cannot listen there, a file cannot be read or
 * written, or the system has no thread or descriptor left for it; with receiver.store also in a process
 * that was forked while its parent had such a file open. Once this succeeded, it listens.
 */
lpc_status lpc_receiver_new(const struct lpc_config *config,
                            struct lpc_receiver **receiver,
                            struct lpc_error **err);

/**
 * Waits for the next notification.
 *
 * `receiver`: from lpc_receiver_new(). `timeout_ms`: how long, in milliseconds; 0 looks only, a
 * negative number waits for ever. `notification`: receives the handle, to be freed with
 * lpc_notification_free(); NULL if there is none. `err`: may be NULL. Any thread may call this, and
 * several at once: each notification goes to one of them.
 *
 * LPC_EMPTY if nothing arrived in time: this gives an error as well, to be freed as any other; who does
 * not want it passes NULL for `err`. LPC_CLOSED after lpc_receiver_shutdown(), once all that was queued
 * is given out. LPC_INVALID_ARGUMENT for NULL.
 */
lpc_status lpc_receiver_poll(struct lpc_receiver *receiver,
                             int64_t timeout_ms,
                             struct lpc_notification **notification,
                             struct lpc_error **err);

/**
 * Says that the program dealt with a notification: it will not come again. With receiver.ack=manual
 * the service is told now, and with receiver.store=sqlite:… it is removed from the file; otherwise
 * this changes nothing. The notification is not freed.
 *
 * `receiver`: from lpc_receiver_new(). `notification`: from lpc_receiver_poll() of this receiver.
 * `err`: may be NULL. Any thread may call this.
 *
 * LPC_INVALID_ARGUMENT for NULL and for a notification that came from elsewhere. LPC_IO if the file
 * cannot be written: then it stays unacknowledged, and may be acknowledged again. LPC_CLOSED where the
 * service could not be told, which is after lpc_receiver_shutdown() with receiver.ack=manual and no
 * receiver.store: then it comes again. LPC_CLOSED after a fork(), too.
 */
lpc_status lpc_receiver_ack(struct lpc_receiver *receiver,
                            const struct lpc_notification *notification,
                            struct lpc_error **err);

/**
 * Says that the program could not deal with a notification now: it is given out again, after that
 * time, and before what came later in its dialogs and was not given out yet, which waits for it. The
 * notification is not freed. Nothing counts how often it was given out: a program that tries again and
 * again counts itself, and acknowledges what will never work.
 *
 * With receiver.ack=manual the service's request stays open meanwhile, and is answered as if nothing
 * had been said: what is not kept in receiver.store goes back to the service (503) once
 * receiver.ack.timeout.ms is over, and comes again from there. Nothing happens for one that was
 * acknowledged, or was given out again since; with neither receiver.ack=manual nor receiver.store,
 * where an acknowledgement changes nothing, it is given out again in any case. After
 * lpc_receiver_shutdown() nothing is given out again, but what is in the store comes after a restart.
 *
 * `receiver`: from lpc_receiver_new(). `notification`: from lpc_receiver_poll() of this receiver.
 * `after_ms`: in milliseconds; 0 is at once. `err`: may be NULL. Any thread may call this.
 *
 * LPC_INVALID_ARGUMENT for NULL, for a negative time, and for a notification that came from
 * elsewhere. LPC_CLOSED after a fork().
 */
lpc_status lpc_receiver_nack(struct lpc_receiver *receiver,
                             const struct lpc_notification *notification,
                             int64_t after_ms,
                             struct lpc_error **err);

/**
 * A file descriptor that is readable while lpc_receiver_poll() would not wait, because there is a
 * notification or the receiver was shut down: for epoll, select, libuv, Qt and the like. -1 where
 * there is none: for NULL, on systems other than Linux, where no more can be opened, and in a child
 * after a fork().
 *
 * `receiver`: from lpc_receiver_new(). Once it is readable, poll with a time-out of 0 until that gives
 * nothing. The descriptor is the receiver's: wait for it, but neither read nor close it. It is made by
 * the first call, the same for all, and closed in lpc_receiver_free(): take it out of what waits for it
 * before that. Any thread may call this.
 */
int32_t lpc_receiver_fd(const struct lpc_receiver *receiver);

/**
 * Takes notifications for this app install and with these secrets from now on, in place of those of
 * client.id and receiver.secret or client.secret: a rotated secret, without a restart. Those of
 * receiver.accounts stay as they are: for them name the old and the new secret while it is replaced.
 *
 * `receiver`: from lpc_receiver_new(). `client_id`: copied. `client_secret`: one, or several
 * separated by commas while one replaces another; copied. `err`: may be NULL. Any thread may call
 * this.
 *
 * LPC_INVALID_ARGUMENT for NULL, and if one is empty or has control characters; those in use stay.
 */
lpc_status lpc_receiver_set_credentials(struct lpc_receiver *receiver,
                                        const char *client_id,
                                        const char *client_secret,
                                        struct lpc_error **err);

/**
 * Where it listens, for example "https://127.0.0.1:8443/". NULL for NULL. Borrowed: valid until the
 * receiver is freed.
 */
const char *lpc_receiver_url(const struct lpc_receiver *receiver);

/**
 * What the receiver has done so far, and what it holds. The counters never fall; together they are no
 * snapshot while it works.
 *
 * `receiver`: from lpc_receiver_new(). `response`: receives the numbers as a JSON object in
 * lpc_response_raw(), and as text in the exposition format of Prometheus in lpc_response_body(),
 * to be freed with lpc_response_free(); NULL after an error. As no service answered, its HTTP
 * status and attempts are 0, its sequence is -1, its code and request id are empty. `err`: may be
 * NULL. Any thread may call this; it does not wait for the network.
 *
 * - "taken": notifications taken for the program, without duplicates and without what an earlier
 *   process left in receiver.store. With receiver.ack=manual and no store, what comes again after a 503
 *   is taken again: it counts here again, and not as a duplicate.
 * - "duplicates": notifications that came again, and were dropped.
 * - "refused": an array of {"status","requests"}: requests refused, by HTTP status. Checks of health
 *   do not count, nor does what is no HTTP.
 * - "given_out": notifications given to the program, those included that it was given again.
 * - "acknowledged": acknowledgements of the program.
 * - "queued", "in_flight", "held": notifications that now wait for the program, that it has and must
 *   still acknowledge, and that are held back until what is missing in front of them comes.
 * - "oldest_ms": how long the oldest of these has been here, in milliseconds; 0 if there is none.
 *   What an earlier process left counts from when this receiver was made.
 * - "connections_open": connections now. "connections_evicted": those ended because another one
 *   needed the place.
 * - "bytes_received": bytes read from connections, TLS included.
 * - "store_failures": notifications that receiver.store failed to keep.
 *
 * Later versions may add members. LPC_INVALID_ARGUMENT for NULL. LPC_CLOSED after a fork().
 */
lpc_status lpc_receiver_stats(struct lpc_receiver *receiver,
                              struct lpc_response **response,
                              struct lpc_error **err);

/**
 * Stops listening; the service is no longer answered, and told nothing of what is acknowledged later.
 * lpc_receiver_poll() gives out what is queued, and then LPC_CLOSED, also to threads that wait in it.
 *
 * What to do for an orderly end: with receiver.store nothing, as what was not acknowledged comes again
 * after a restart. With receiver.ack=manual and no store, poll no more and acknowledge what you have,
 * before this: later that is LPC_CLOSED, and those notifications come again, as do those that were
 * queued. With receiver.ack=enqueue and no store, poll after this until LPC_CLOSED, and deal with all of
 * it: the service thinks that it arrived, and what is left is lost with the process.
 *
 * It waits until the receiver's thread has ended, and with it the last call of the log callback; not where
 * it is called inside a log callback. Shutting down twice, or NULL, is fine. Any thread may call this.
 */
void lpc_receiver_shutdown(struct lpc_receiver *receiver);

/**
 * Frees a receiver, and stops listening. Calls that other threads have begun finish safely, those that
 * wait in lpc_receiver_poll() with LPC_CLOSED at once, whatever is queued; beginning one after it is
 * the caller's error. The receiver's threads have ended when this returns: the log callback with its
 * user_data may go, and another receiver may use the file of receiver.store; not so inside a log callback, see there. Notifications stay valid. Freeing NULL is
 * fine.
 */
void lpc_receiver_free(struct lpc_receiver *receiver);

/** @} */

/**
 * @defgroup update Update
 *
 * What a connector tells the program: an action was sent or failed, an agent did something, a
 * conversation began or ended.
 * @{
 */

/**
 * What became of an action, or what happened in a consumer's conversation; from lpc_connector_poll().
 * The program acknowledges it with lpc_connector_ack(), and frees it, whether it did or not. Belongs to
 * one thread at a time. It outlives its connector.
 */
typedef struct lpc_update lpc_update;

/** @name What an update is about */
/** @{ */

/**
 * What an update of a connector is about; lpc_update_kind() gives it. This: an action that had a key was
 * sent. One that had none is not told.
 */
#define LPC_UPDATE_KIND_SENT 1

/**
 * An action was not sent, and never will be: lpc_update_error() tells why.
 */
#define LPC_UPDATE_KIND_FAILED 2

/**
 * A conversation was opened for the consumer.
 */
#define LPC_UPDATE_KIND_OPENED 3

/**
 * Something happened in the consumer's conversation: an agent wrote, types, was assigned.
 */
#define LPC_UPDATE_KIND_EVENT 4

/**
 * The consumer's conversation is over; the next message opens another one.
 */
#define LPC_UPDATE_KIND_CLOSED 5

/** @} */

/**
 * What the update is about, one of LPC_UPDATE_KIND_...; 0 for NULL. A number that this header does not
 * know may come from a newer library: acknowledge it.
 */
int32_t lpc_update_kind(const struct lpc_update *update);

/**
 * The consumer, as the program named it to lpc_connector_submit(). "" for an event of a conversation that
 * the connector did not open, which comes with connector.foreign=true alone, and for NULL. Borrowed:
 * valid until the update is freed.
 */
const char *lpc_update_consumer_id(const struct lpc_update *update);

/**
 * The id of the conversation; "" where there is none, and for NULL. Borrowed: valid until the update is
 * freed.
 */
const char *lpc_update_conversation_id(const struct lpc_update *update);

/**
 * The id of the dialog in it; "" where there is none, and for NULL. Borrowed: valid until the update is
 * freed.
 */
const char *lpc_update_dialog_id(const struct lpc_update *update);

/**
 * Of SENT and FAILED the key with which the action was submitted; "" where it had none, for all else,
 * and for NULL. Borrowed: valid until the update is freed.
 */
const char *lpc_update_key(const struct lpc_update *update);

/**
 * Of SENT the sequence that the service gave the message, of EVENT that of the event; -1 if absent, as
 * for the message that opened its conversation, for all else, and for NULL.
 */
int64_t lpc_update_sequence(const struct lpc_update *update);

/**
 * Of SENT and FAILED how often the action was sent since the connector was made; 0 where it never was,
 * for all else, and for NULL.
 */
uint32_t lpc_update_attempts(const struct lpc_update *update);

/**
 * Whether the program may have had it before: it was not acknowledged in time, was put back, or comes
 * from an earlier process. false for NULL.
 */
bool lpc_update_is_repeat(const struct lpc_update *update);

/**
 * Of FAILED why, for the lpc_error_...() functions; NULL for all else, and for NULL. Borrowed: valid until
 * the update is freed, and never freed by the caller.
 */
const struct lpc_error *lpc_update_error(const struct lpc_update *update);

/**
 * Of EVENT, and of CLOSED where the service told of it, a notification with the one event that it is
 * about, for the lpc_notification_...() and lpc_event_...() functions with index 0; NULL for all else, and
 * for NULL. Borrowed: valid until the update is freed, and never freed by the caller.
 */
const struct lpc_notification *lpc_update_notification(const struct lpc_update *update);

/**
 * Frees an update, and everything borrowed from it. It is not acknowledged by that. Freeing NULL is fine.
 */
void lpc_update_free(struct lpc_update *update);

/** @} */

/**
 * @defgroup connector Connector
 *
 * A whole channel, and the place to begin for most programs: submit what consumers say, poll for
 * what agents answer, acknowledge that. It keeps both until they are done, in the store that
 * connector.store names.
 * @{
 */

/**
 * A channel on an account: it takes what the channel's consumers say, and tells what the agents answer.
 * What is submitted is kept in connector.store and goes out in order for each consumer; conversations are
 * found, opened and opened again; what cannot be sent now is tried later; and what the program did not
 * acknowledge comes again. May be used from any number of threads at once.
 *
 * It belongs to the process that made it: after a fork() the child gets LPC_CLOSED, and may free it.
 */
typedef struct lpc_connector lpc_connector;

/**
 * Begins to work with a copy of the configuration, and with what an earlier process left in
 * connector.store. It uses the options connector.*, those of a client, and those of receiver.* that say
 * where and how it listens.
 *
 * With connector.store=memory everything is lost with the process, and with lpc_connector_free(). With
 * sqlite:FILE both directions survive a crash and a loss of power: what was submitted goes out after a
 * restart, and what was not acknowledged comes again. The file belongs to one connector at a time.
 *
 * It starts connector.workers threads that send, and more while all of these wait for the network; one
 * that writes the file; and, where receiver.listen is set, one that listens for notifications. Without
 * receiver.listen the program has a web server of its own, and hands in what that got with
 * lpc_connector_receive(). The threads take no signals: those go to the program's own. They end with
 * lpc_connector_shutdown() and lpc_connector_free(). The log callback is called on all of them but the one
 * that writes.
 *
 * `config`: stays the caller's, who may change or free it at once. `connector`: receives the handle, to
 * be freed with lpc_connector_free(); NULL after an error. `err`: may be NULL.
 *
 * LPC_INVALID_ARGUMENT for NULL. LPC_CONFIG if an option is missing or options contradict each other:
 * connector.store has no default. LPC_IO if it cannot listen there, a file cannot be read or written,
 * another connector has it, or the system has no thread or descriptor left; with sqlite: also in a process
 * that was forked while its parent had such a file open. Nothing is sent before there is something to send.
 */
lpc_status lpc_connector_new(const struct lpc_config *config,
                             struct lpc_connector **connector,
                             struct lpc_error **err);

/**
 * Takes an action for a consumer. Once this returns LPC_OK it is safe in connector.store, and goes out
 * after the consumer's earlier ones: sent, or reported as failed once connector.give.up.ms is over or the
 * service refuses it for good. It does not wait for the network.
 *
 * `connector`: from lpc_connector_new(). `consumer_id`: any id by which the program knows the consumer, 1
 * to 1024 bytes. `action_json`: a JSON object, at most 1 MiB, with one of these members:
 *
 * - "text": a message.
 * - "richContent": as the content of lpc_conversation_send_rich_content().
 * - "event": as that of lpc_conversation_send_event().
 * - "file": the path of a file of at most file.max.bytes, and 64 MiB, whose content is what its name says;
 *   where wanted "caption" and "previewPath". Both files are copied into the store now, so that they may
 *   go. Files in memory take 64 MiB together at most.
 * - "chatState": "COMPOSING" and so on. It means something only now: where it cannot go out at once, or
 *   there is no conversation, it is dropped. Only where it has a key an update tells so.
 * - "acceptStatus": "READ" and so on, with "sequences", an array of the numbers of the messages that it is
 *   about, and where wanted "dialogId".
 * - "profile": as for lpc_conversation_set_profile().
 * - "rate": 1 to 5 stars, and where wanted "resolved", true or false.
 * - "ttr": "URGENT" and so on, as for lpc_conversation_set_ttr().
 * - "close": true.
 *
 * Beside "text", "richContent", "event", "file" and "acceptStatus" there may be "metadata", an array;
 * beside the first four also "open": the options of lpc_conversation_open() without "firstMessage", for
 * the case that a conversation is opened for it; the option connector.open is the default. Those four open
 * one where the consumer has none.
 *
 * `key`: NULL, or the program's own id of the action, 1 to 512 bytes. The same key of the same consumer
 * again within connector.key.window.ms is LPC_OK, and not sent twice. What becomes of an action with a key
 * comes as an update. `err`: may be NULL. Any thread may call this; the order of one consumer's actions is
 * that of the calls.
 *
 * After an error it was not taken. LPC_INVALID_ARGUMENT for NULL where none is allowed, and for what is no
 * action, or a file that could not be sent, with what is wrong. LPC_FULL where connector.queue.max actions, or updates, wait. LPC_IO if the store or the
 * action's file fails. LPC_CLOSED after lpc_connector_shutdown() and after a fork().
 */
lpc_status lpc_connector_submit(struct lpc_connector *connector,
                                const char *consumer_id,
                                const char *action_json,
                                const char *key,
                                struct lpc_error **err);

/**
 * As lpc_connector_submit(), for a text.
 *
 * `connector`: from lpc_connector_new(). `consumer_id`, `key`: as there. `text`: the message. `err`: may be
 * NULL. Any thread may call this.
 */
lpc_status lpc_connector_submit_text(struct lpc_connector *connector,
                                     const char *consumer_id,
                                     const char *text,
                                     const char *key,
                                     struct lpc_error **err);

/**
 * Takes the body of a webhook that the program's own web server got; the signature is checked here. Once
 * this returns LPC_OK it is safe in connector.store: answer the service with 200. After LPC_SIGNATURE
 * answer with 401, after any other error with 503: then it comes again. What was signed right is taken,
 * whatever it says.
 *
 * `connector`: from lpc_connector_new(). `body`: the `len` bytes as they came. NULL is allowed where `len`
 * is 0. `signature`: the header x-liveperson-signature, "" if there was none. `err`: may be NULL. Any thread
 * may call this; it does not wait for the network. A connector that listens takes what it is handed, too.
 *
 * LPC_SIGNATURE if it was not signed with one of the connector's secrets. LPC_FULL where
 * connector.queue.max updates wait for the program. LPC_IO if the store fails. LPC_CLOSED after
 * lpc_connector_shutdown() and after a fork(). LPC_INVALID_ARGUMENT for NULL.
 */
lpc_status lpc_connector_receive(struct lpc_connector *connector,
                                 const uint8_t *body,
                                 size_t len,
                                 const char *signature,
                                 struct lpc_error **err);

/**
 * Waits for the next update. Of one consumer at most one is out at a time: the next follows once this one
 * was acknowledged, so that order holds with any number of threads that poll. One that is neither
 * acknowledged nor put back within connector.ack.timeout.ms comes again.
 *
 * `connector`: from lpc_connector_new(). `timeout_ms`: how long, in milliseconds; 0 looks only, a negative
 * number waits for ever. `update`: receives the handle, to be freed with lpc_update_free(); NULL if there
 * is none. `err`: may be NULL. Any thread may call this, and several at once: each update goes to one of
 * them.
 *
 * LPC_EMPTY if nothing came in time: this gives an error as well, to be freed as any other; who does not
 * want it passes NULL for `err`. LPC_CLOSED after lpc_connector_shutdown(), once all that can be told is
 * given out, and after a fork(). LPC_INVALID_ARGUMENT for NULL.
 */
lpc_status lpc_connector_poll(struct lpc_connector *connector,
                              int64_t timeout_ms,
                              struct lpc_update **update,
                              struct lpc_error **err);

/**
 * Says that the program dealt with an update: it will not come again, and the next one of its consumer
 * follows. It is removed from connector.store when this returns. The agent is told that a message arrived,
 * or was read, as connector.receipts says. The update is not freed. Twice is fine.
 *
 * `connector`: from lpc_connector_new(). `update`: from lpc_connector_poll() of this connector. `err`: may
 * be NULL. Any thread may call this, also after lpc_connector_shutdown().
 *
 * LPC_INVALID_ARGUMENT for NULL, and for an update of another connector. LPC_IO if the store fails, and
 * LPC_CONNECT where a fleet's could not be reached, or not in time: then it comes again. LPC_CLOSED after a
 * fork().
 */
lpc_status lpc_connector_ack(struct lpc_connector *connector,
                             const struct lpc_update *update,
                             struct lpc_error **err);

/**
 * Says that the program could not deal with an update now: it is given out again, after that time, and
 * what follows for its consumer waits for it. The update is not freed. Nothing counts how often: a program
 * that tries again and again counts itself, and acknowledges what will never work. Nothing happens for one
 * that was acknowledged, or was given out again since.
 *
 * `connector`: from lpc_connector_new(). `update`: from lpc_connector_poll() of this connector. `after_ms`:
 * in milliseconds; 0 is at once. `err`: may be NULL. Any thread may call this.
 *
 * LPC_INVALID_ARGUMENT for NULL, for a negative time, and for an update of another connector. LPC_CLOSED
 * after a fork().
 */
lpc_status lpc_connector_nack(struct lpc_connector *connector,
                              const struct lpc_update *update,
                              int64_t after_ms,
                              struct lpc_error **err);

/**
 * A file descriptor that is readable while lpc_connector_poll() would not wait, because there is an
 * update or the connector was shut down: for epoll, select, libuv, Qt and the like. -1 where there is none:
 * for NULL, on systems other than Linux, where no more can be opened, and in a child after a fork().
 *
 * `connector`: from lpc_connector_new(). Once it is readable, poll with a time-out of 0 until that gives
 * nothing. The descriptor is the connector's: wait for it, but neither read nor close it. It is made by the
 * first call, the same for all, and closed in lpc_connector_free(): take it out of what waits for it before
 * that. Any thread may call this.
 */
int32_t lpc_connector_fd(const struct lpc_connector *connector);

/**
 * What the connector has done since it was made, and what it holds. The counters never fall; together they
 * are no snapshot while it works.
 *
 * `connector`: from lpc_connector_new(). `response`: receives the numbers as a JSON object in
 * lpc_response_raw(), and as text in the exposition format of Prometheus in lpc_response_body(), to be
 * freed with lpc_response_free(); NULL after an error. As no service answered, its HTTP status and attempts
 * are 0, its sequence is -1, its code and request id are empty. `err`: may be NULL. Any thread may call
 * this; it does not wait for the network.
 *
 * - "waiting": actions that wait to be sent now, those included that are being sent.
 * - "oldest_ms": how long the oldest of those that go next has waited, in milliseconds; 0 if none waits.
 * - "updates_waiting": updates that wait for the program now, those included that it must still
 *   acknowledge. "updates_out": those of them that it has.
 * - "consumers": those that are known. "conversations": those with an open conversation.
 * - "workers": threads that send now.
 * - "submitted": actions taken, without those that came again. "repeated_keys": those that came again with
 *   a key that was known, and were not sent twice.
 * - "sent", "failed": actions sent, and actions that never will be.
 * - "put_off": attempts after which an action had to wait.
 * - "repeated": messages sent again although nobody knew whether they had arrived. "settled_by_echo":
 *   messages of which the service's own notification told that they arrived.
 * - "opened": conversations opened. "closed": those of which the service told that they are over.
 * - "received": notifications that came. "duplicates": events that came again, and were dropped.
 *   "foreign": events of conversations that the connector did not open, and were dropped.
 * - "given_out": updates given to the program, those included that it was given again. "acknowledged":
 *   those it acknowledged.
 * - "refused": an array of {"status","requests"}: requests that its endpoint refused, by HTTP status.
 *   "connections_open": connections to it now.
 * - "store_failures": what connector.store failed to keep.
 * - "latency_ms": how long actions took from when they were submitted until they were sent, a histogram as
 *   lpc_client_stats() has it.
 * - "client": what its client has done, as from lpc_client_stats(); in the text, its metrics.
 *
 * Later versions may add members. LPC_INVALID_ARGUMENT for NULL. LPC_CLOSED after a fork().
 */
lpc_status lpc_connector_stats(struct lpc_connector *connector,
                               struct lpc_response **response,
                               struct lpc_error **err);

/**
 * Fetches a file that an agent sent to the consumer, on the thread that calls this, as
 * lpc_conversation_download_file() does. Not kept in the store, and not tried again.
 *
 * `connector`: from lpc_connector_new(). `consumer_id`: of the update. `relative_path`:
 * event.message.relativePath of the event's JSON. `to_path`: where the file goes; it appears there once it
 * is complete, and replaces one that is there. `err`: may be NULL. Any thread may call this.
 *
 * LPC_CLOSED if the consumer has had no conversation of which the connector knows, after
 * lpc_connector_shutdown() and after a fork(). LPC_INVALID_ARGUMENT for NULL. Otherwise as
 * lpc_conversation_download_file().
 */
lpc_status lpc_connector_download_file(struct lpc_connector *connector,
                                       const char *consumer_id,
                                       const char *relative_path,
                                       const char *to_path,
                                       struct lpc_error **err);

/**
 * Uses these credentials from now on, for AppJWTs and for signatures, in place of those of client.id,
 * client.secret and receiver.secret: a rotated secret, without a restart. The AppJWT in use stays until it
 * ends or is refused. Secrets of receiver.accounts stay as they are.
 *
 * `connector`: from lpc_connector_new(). `client_id`: copied. `client_secret`: one, or several separated by
 * commas while one replaces another: AppJWTs are obtained with the first, notifications may be signed with
 * any of them; copied. `err`: may be NULL. Any thread may call this.
 *
 * LPC_INVALID_ARGUMENT for NULL, and if one is empty or has control characters; those in use stay.
 */
lpc_status lpc_connector_set_credentials(struct lpc_connector *connector,
                                         const char *client_id,
                                         const char *client_secret,
                                         struct lpc_error **err);

/**
 * Where it listens, for example "https://127.0.0.1:8443/"; "" where receiver.listen is not set. NULL for
 * NULL. Borrowed: valid until the connector is freed.
 */
const char *lpc_connector_url(const struct lpc_connector *connector);

/**
 * Takes nothing new, goes on sending what waits for so long, and then stops: requests that are still under
 * way are broken off, and it listens no more. What could not be sent stays in connector.store, for the next
 * start; with memory it is lost. lpc_connector_poll() gives out what the program was not told yet, also to
 * threads that wait in it, and then LPC_CLOSED; what it has may be acknowledged.
 *
 * `connector`: from lpc_connector_new(). `drain_ms`: how long at most, in milliseconds; 0 stops at once, a
 * negative number goes on until all is sent or has failed. Any thread may call this.
 *
 * When this returns, the threads that send and listen have ended, and with them the last call of the log
 * callback. Inside of a log callback it stops at once, and does not wait for them. Shutting down twice, or
 * NULL, is fine: the shorter time counts for both.
 */
void lpc_connector_shutdown(struct lpc_connector *connector,
                            int64_t drain_ms);

/**
 * Frees a connector, and stops it at once, as lpc_connector_shutdown() with 0; what waits stays in
 * connector.store, with memory it is lost. Calls that other threads have begun finish safely, those that
 * wait in lpc_connector_poll() with LPC_CLOSED at once, whatever there is to tell; beginning one after it is
 * the caller's error. The connector's threads have ended when this returns: the log callback with its
 * user_data may go, and another connector may use the file of connector.store; not so inside a log
 * callback, see there. Updates stay valid. Freeing NULL is fine.
 */
void lpc_connector_free(struct lpc_connector *connector);

/** @} */

#endif /* LPC_SENDING_ALONE */

#ifdef __cplusplus
}
#endif

#endif /* LPCONNECTOR_H */
