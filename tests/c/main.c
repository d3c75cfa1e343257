/* Runs the C tests: all, or those whose name holds the argument. A new test is a line in the list. */
#include "harness.h"

/* Of fork(), signals and a resolver that the program replaces: Windows has none of them. */
#ifdef _WIN32
#define POSIX(test) NULL
#else
#define POSIX(test) test
#endif

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"versions", test_versions},
    {"status names", test_status_names},
    {"log level names", test_log_level_names},
    {"config", test_config},
    {"conversation", test_conversation},
    {"attach", test_attach},
    {"attach with a channel", test_attach_with_a_channel},
    {"consumer tokens", test_consumer_tokens},
    {"raw json", test_raw_json},
    {"given app jwt", test_given_app_jwt},
    {"new credentials", test_new_credentials},
    {"everything can be sent", test_everything_can_be_sent},
    {"urgency, and closing without a survey", test_urgency_and_closing_without_a_survey},
    {"files", test_files},
    {"values out of range", test_values_out_of_range},
    {"config file", test_config_file},
    {"paths: not ASCII", test_names_of_files_that_are_not_ascii},
    {"paths: long", test_paths_that_are_long},
    {"status: config", test_status_config},
    {"status: io", test_status_io},
    {"status: connect", test_status_connect},
    {"status: tls", test_status_tls},
    {"status: timeout", test_status_timeout},
    {"status: unauthorized", test_status_unauthorized},
    {"status: rejected", test_status_rejected},
    {"status: rate limited", test_status_rate_limited},
    {"status: server", test_status_server},
    {"status: protocol", test_status_protocol},
    {"status: closed", test_status_closed},
    {"status: already open", test_status_already_open},
    {"shutdown ends calls in flight", test_shutdown_ends_calls_in_flight},
    {"null pointers", test_null_pointers},
    {"null out pointers", test_null_out_pointers_are_optional_where_documented},
    {"accessors of null", test_accessors_of_null},
    {"invalid UTF-8", test_invalid_utf8},
    {"names of options", test_names_of_options},
    {"freeing in every order", test_freeing_in_every_order},
    {"handles outlive their makers", test_handles_outlive_their_makers},
    {"eight threads on one client", test_eight_threads_on_one_client},
    {"eight threads on one conversation", test_eight_threads_on_one_conversation},
    {"free while another thread sends", test_free_while_another_thread_sends},
    {"fork", POSIX(test_fork)},
    {"fork with the same process id", POSIX(test_fork_with_the_same_process_id)},
    {"fork in a log callback", POSIX(test_fork_in_a_log_callback)},
    {"fork while threads send", POSIX(test_fork_while_threads_send)},
    {"log: levels", test_log_levels},
    {"log: quiet unless asked", test_log_is_quiet_unless_asked},
    {"log: no secret", test_log_tells_no_secret},
    {"log: callback that calls the library", test_log_callback_that_calls_the_library},
    {"log: callback that makes requests", test_log_callback_that_makes_requests},
    {"log: callback that frees what logs", test_log_callback_that_frees_what_logs},
    {"log: callback that forks a child that sends", POSIX(test_log_callback_that_forks_a_child_that_sends)},
    {"log: eight threads", test_log_of_eight_threads},
    {"stats: nothing done", test_stats_of_a_client_that_did_nothing},
    {"stats: a conversation", test_stats_count_a_conversation},
    {"stats: eight threads", test_stats_of_eight_threads},
    {"stats: a receiver", test_stats_of_a_receiver},
    {"retry: a failure that passes", test_a_failure_that_passes_is_tried_again},
    {"retry: a lost answer", test_a_text_whose_answer_was_lost},
    {"retry: a refused AppJWT", test_a_refused_app_jwt_is_replaced},
    {"no signal for a broken connection", POSIX(test_no_signal_for_a_broken_connection)},
    {"names: looked up once", POSIX(test_names_are_looked_up_once)},
    {"names: an address that hangs", POSIX(test_an_address_that_hangs_leaves_time_for_the_next)},
    {"names: not found", POSIX(test_a_name_that_is_not_found)},
    {"names: a lookup that hangs", POSIX(test_a_lookup_that_hangs)},
    {"names: shutdown ends a lookup", POSIX(test_shutdown_ends_a_lookup_that_hangs)},
    {"notifications: signatures", test_webhook_signatures},
    {"notifications: every kind", test_notifications},
    {"notifications: end and metadata", test_notifications_of_an_end_and_metadata},
    {"notifications: none", test_notifications_that_are_none},
    {"notifications: bad arguments", test_notifications_bad_arguments},
    {"notifications: gone wrong", test_notifications_gone_wrong},
    {"receiver", test_receiver},
    {"receiver: new credentials", test_receiver_with_new_credentials},
    {"receiver: acknowledged by hand", test_receiver_that_is_acknowledged_by_hand},
    {"receiver: put back", test_receiver_that_is_put_back},
    {"receiver: bad arguments", test_receiver_bad_arguments},
    {"receiver: shutdown", test_receiver_shutdown},
    {"receiver: freed while threads poll", test_receiver_that_is_freed_while_threads_poll},
    {"receiver: in a forked child", POSIX(test_receiver_in_a_forked_child)},
    {"receiver: with a store after a fork", POSIX(test_receiver_with_a_store_after_a_fork)},
    {"receiver: killed while its child lives", POSIX(test_receiver_killed_while_its_child_lives)},
    {"receiver: stopped by its log callback", test_receiver_stopped_by_its_log_callback},
    {"receiver: who left", test_receiver_answers_who_left},
    {"connector", test_connector},
    {"connector: failures", test_connector_failures},
    {"connector: receives what it is handed", test_connector_receives_what_it_is_handed},
    {"connector: updates come again", test_connector_updates_come_again},
    {"connector: restart", test_connector_restart},
    {"connector: files", test_connector_files},
    {"connector: stats", test_connector_stats},
    {"connector: new credentials", test_connector_with_new_credentials},
    {"connector: bad arguments", test_connector_bad_arguments},
    {"connector: shutdown", test_connector_shutdown},
    {"connector: freed while threads poll", test_connector_that_is_freed_while_threads_poll},
    {"connector: in a forked child", POSIX(test_connector_in_a_forked_child)},
    {"connector: stopped by its log callback", test_connector_stopped_by_its_log_callback},
};

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "";
    unsigned passed = 0;
    size_t i;

    for (i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (strstr(tests[i].name, wanted) == NULL)
            continue;
        if (tests[i].run == NULL) {
            printf("test %s ... means nothing on this system\n", tests[i].name);
            continue;
        }
        printf("test %s ... ", tests[i].name);
        fflush(stdout);
        tests[i].run();
        printf("ok\n");
        fflush(stdout);
        passed++;
    }
    printf("%u passed, 0 failed\n", passed);
    return passed > 0 ? 0 : 1;
}
