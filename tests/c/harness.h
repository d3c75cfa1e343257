/* What every C test uses: checks that say what failed, and a sandbox account of its own. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lpconnector.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Ends the program with the place and the reason, if the condition does not hold. */
#define CHECK(condition)                                                                       \
    do {                                                                                       \
        if (!(condition))                                                                      \
            fail(__FILE__, __LINE__, #condition);                                              \
    } while (0)

/* Checks the status of a call; on a surprise the error's message is shown too. */
#define CHECK_STATUS(expected, call, err)                                                      \
    check_status(__FILE__, __LINE__, #call, (expected), (call), (err))

#define CHECK_OK(call, err) CHECK_STATUS(LPC_OK, call, err)

#define CHECK_TEXT(expected, actual) check_text(__FILE__, __LINE__, (expected), (actual))

void fail(const char *file, int line, const char *what);
void check_status(const char *file, int line, const char *call, lpc_status expected,
                  lpc_status actual, lpc_error *const *err);
void check_text(const char *file, int line, const char *expected, const char *actual);

/* An account that only this test uses. */
typedef struct {
    char id[64];
    char client_id[64];
    char client_secret[128];
} account;

account account_new(void);
/* The environment's options, with those of the account on top. Nothing is tried twice, so that a
 * failure is seen at once. */
lpc_config *account_config(const account *a);
lpc_client *account_client(const account *a);
/* A client with one more option. */
lpc_client *account_client_with(const account *a, const char *key, const char *value);
/* The next request on the route ("send", "token", …) gets this answer; body is plain text. */
void account_answer(const account *a, const char *route, int status, const char *body);
/* The same with any answer, as the control API takes it. */
void account_answer_json(const account *a, const char *json);
/* What the sandbox holds, as JSON; the caller frees it. */
char *account_conversations(const account *a);
/* What came in, as JSON; the caller frees it. */
char *account_requests(const account *a);
void account_close_conversation(const account *a, const char *conversation_id);
/* Every AppJWT so far is invalid. */
void account_revoke_tokens(const account *a);
/* An AppJWT of this account, made by the sandbox; the caller frees it. */
char *account_app_jwt(const account *a);

/* An account that tells a receiver what happens; gives the options of that receiver. */
lpc_config *account_receiver_config(account *a);
/* From now on it tells this URL. */
void account_set_webhook(const account *a, const char *url);
/* The same with all that the control API takes. */
void account_put_webhook(const account *a, const char *json);
/* The sandbox delivers this body. */
void account_notify(const account *a, const char *body);
/* How many are on their way. */
uint64_t account_pending(const account *a);

/* From now on an agent answers this way, as the control API takes it. */
void account_set_agent(const account *a, const char *json);
/* An agent does this by hand: a step, as the control API takes it. */
void account_act(const account *a, const char *conversation_id, const char *step);
/* The signature of a body; the caller frees it. */
char *account_sign(const account *a, const char *body);
/* Puts a file there as an agent does, and gives its relativePath; the caller frees it. */
char *account_put_file(const account *a, const char *type, const char *content);

/* Sets an option (receiver.store, connector.store) to a new SQLite file; gives its name. */
void store_new(lpc_config *config, const char *option, char file[32]);
void store_remove(const char *file);

/* What each system has in its own way: system.c, and tests/windows/system.c. */
/* A connection to a port of this machine; -1 if there is none to be had. */
int tcp_connect(const char *port);
bool tcp_send(int to, const char *bytes, size_t length);
/* 0 at the end, -1 if the connection broke. */
long tcp_receive(int from, char *bytes, size_t room);
/* Nothing more will be sent. */
void tcp_end(int to);
void tcp_close(int connection);
/* A variable of the environment; NULL removes it. */
void set_variable(const char *name, const char *value);
/* Paths are UTF-8, and as long as the system lets them be. */
void file_new(char path[32]);
FILE *file_open(const char *path, const char *mode);
bool file_remove(const char *path);
void folder_new(char path[32]);
void folder_make(const char *path);
void folder_remove(const char *path);

/* Whether a descriptor is readable, or becomes so in that time. */
bool readable(int fd, int timeout_ms);
/* Ends a forked child with this code, and without what it inherited and may not touch, which would look
 * like a leak. */
void leave(int code);

/* Whether the system tells what threads do. */
bool threads_can_be_watched(void);
/* A thread says to the other end of a pipe that it begins; there one waits until it is inside a call that
 * waits for another thread. */
void thread_begins(int to);
void thread_until_it_waits(int from);
/* Where the system tells. */
void until_no_thread_of_the_library(void);

/* A copy of what lpc_client_stats() tells, as text; the caller frees it. */
char *client_stats(lpc_client *client);
/* What lpc_connector_stats() tells, as JSON or for Prometheus; the caller frees it. */
char *connector_stats(lpc_connector *connector, bool prometheus);
uint64_t connector_stat(lpc_connector *connector, const char *name);
/* The first number with this name in a JSON text. */
uint64_t number_of(const char *json, const char *name);

/* How often a text occurs in another. */
size_t occurrences(const char *text, const char *part);

lpc_consumer *new_consumer(lpc_client *client, const char *id);
lpc_conversation *new_conversation(lpc_consumer *consumer);

/* The tests; main.c lists them. */
void test_versions(void);
void test_status_names(void);
void test_log_level_names(void);
void test_config(void);
void test_conversation(void);
void test_attach(void);
void test_attach_with_a_channel(void);
void test_consumer_tokens(void);
void test_raw_json(void);
void test_given_app_jwt(void);
void test_new_credentials(void);
void test_everything_can_be_sent(void);
void test_urgency_and_closing_without_a_survey(void);
void test_files(void);
void test_values_out_of_range(void);
void test_config_file(void);
void test_status_config(void);
void test_status_io(void);
void test_status_connect(void);
void test_status_tls(void);
void test_status_timeout(void);
void test_status_unauthorized(void);
void test_status_rejected(void);
void test_status_rate_limited(void);
void test_status_server(void);
void test_status_protocol(void);
void test_status_closed(void);
void test_status_already_open(void);
void test_shutdown_ends_calls_in_flight(void);
void test_null_pointers(void);
void test_null_out_pointers_are_optional_where_documented(void);
void test_accessors_of_null(void);
void test_invalid_utf8(void);
void test_names_of_options(void);
void test_freeing_in_every_order(void);
void test_handles_outlive_their_makers(void);
void test_eight_threads_on_one_client(void);
void test_eight_threads_on_one_conversation(void);
void test_free_while_another_thread_sends(void);
void test_fork(void);
void test_fork_with_the_same_process_id(void);
void test_fork_in_a_log_callback(void);
void test_fork_while_threads_send(void);
void test_log_levels(void);
void test_log_is_quiet_unless_asked(void);
void test_log_tells_no_secret(void);
void test_log_callback_that_calls_the_library(void);
void test_log_callback_that_makes_requests(void);
void test_log_callback_that_frees_what_logs(void);
void test_log_callback_that_forks_a_child_that_sends(void);
void test_log_of_eight_threads(void);
void test_stats_of_a_client_that_did_nothing(void);
void test_stats_count_a_conversation(void);
void test_stats_of_eight_threads(void);
void test_stats_of_a_receiver(void);
void test_a_failure_that_passes_is_tried_again(void);
void test_a_text_whose_answer_was_lost(void);
void test_a_refused_app_jwt_is_replaced(void);
void test_no_signal_for_a_broken_connection(void);
void test_names_are_looked_up_once(void);
void test_an_address_that_hangs_leaves_time_for_the_next(void);
void test_a_name_that_is_not_found(void);
void test_a_lookup_that_hangs(void);
void test_shutdown_ends_a_lookup_that_hangs(void);
void test_webhook_signatures(void);
void test_notifications(void);
void test_notifications_of_an_end_and_metadata(void);
void test_notifications_that_are_none(void);
void test_notifications_bad_arguments(void);
void test_notifications_gone_wrong(void);
void test_receiver(void);
void test_receiver_with_new_credentials(void);
void test_receiver_that_is_acknowledged_by_hand(void);
void test_receiver_that_is_put_back(void);
void test_receiver_bad_arguments(void);
void test_receiver_shutdown(void);
void test_receiver_that_is_freed_while_threads_poll(void);
void test_receiver_in_a_forked_child(void);
void test_receiver_with_a_store_after_a_fork(void);
void test_receiver_killed_while_its_child_lives(void);
void test_receiver_answers_who_left(void);
void test_receiver_stopped_by_its_log_callback(void);
void test_names_of_files_that_are_not_ascii(void);
void test_paths_that_are_long(void);

void test_connector(void);
void test_connector_failures(void);
void test_connector_receives_what_it_is_handed(void);
void test_connector_updates_come_again(void);
void test_connector_restart(void);
void test_connector_files(void);
void test_connector_stats(void);
void test_connector_with_new_credentials(void);
void test_connector_bad_arguments(void);
void test_connector_shutdown(void);
void test_connector_that_is_freed_while_threads_poll(void);
void test_connector_in_a_forked_child(void);
void test_connector_stopped_by_its_log_callback(void);

#ifdef __cplusplus
}
#endif

#endif
