// Runs the C++ tests: all, or those whose name holds the argument. A new test is a line in the list.
#include "harness.hpp"

namespace {

// Windows has no function of its own in front of a library's.
#ifdef _WIN32
#define INTERPOSED(test) nullptr
#else
#define INTERPOSED(test) test
#endif

const struct {
    const char *name;
    void (*run)();
} list[] = {
    {"version and names", tests::version_and_names},
    {"config", tests::config},
    {"conversation", tests::conversation},
    {"every send", tests::every_send},
    {"optional text", tests::optional_text},
    {"attach", tests::attach},
    {"close stage", tests::close_stage},
    {"consumer tokens", tests::consumer_tokens},
    {"raw json", tests::raw_json},
    {"given app jwt", tests::given_app_jwt},
    {"new credentials", tests::new_credentials},
    {"profile and first message", tests::profile_and_first_message},
    {"mixing with C", tests::mixing_with_c},
    {"error: fields", tests::error_fields},
    {"error: classes of every status", tests::classes_of_every_status},
    {"error: invalid argument", tests::invalid_argument},
    {"error: config", tests::config_error},
    {"error: io", tests::io_error},
    {"error: connect", tests::connect_error},
    {"error: tls", tests::tls_error},
    {"error: timeout", tests::timeout},
    {"error: unauthorized", tests::unauthorized},
    {"error: rejected", tests::rejected},
    {"error: rate limited", tests::rate_limited},
    {"error: server", tests::server_error},
    {"error: protocol", tests::protocol_error},
    {"error: closed", tests::closed},
    {"error: already open", tests::already_open},
    {"NUL inside", tests::nul_inside},
    {"moved from", tests::moved_from},
    {"moved to", tests::moved_to},
    {"self move", tests::self_move},
    {"handles outlive their makers", tests::handles_outlive_their_makers},
    {"errors outlive everything", tests::errors_outlive_everything},
    {"threads on one client", tests::threads_on_one_client},
    {"threads on one conversation", tests::threads_on_one_conversation},
    {"shutdown ends calls in flight", tests::shutdown_ends_calls_in_flight},
    {"files", tests::files},
    {"files that fail", tests::files_that_fail},
    {"progress", tests::progress},
    {"progress that throws", tests::progress_that_throws},
    {"progress within progress", tests::progress_within_progress},
    {"progress in threads", tests::progress_in_threads},
    {"progress is kept as long as needed", tests::progress_is_kept_as_long_as_needed},
    {"log: levels", tests::log_levels},
    {"log: one that throws", tests::log_that_throws},
    {"log: one that calls the library", tests::log_that_calls_the_library},
    {"log: in threads", tests::log_in_threads},
    {"log: kept as long as needed", tests::log_is_kept_as_long_as_needed},
    {"stats", tests::stats},
    {"a failure that passes is tried again", tests::a_failure_that_passes_is_tried_again},
    {"webhook signatures", tests::webhook_signatures},
    {"notifications", tests::notifications},
    {"notifications: end and metadata", tests::notifications_of_an_end_and_metadata},
    {"notifications that are none", tests::notifications_that_are_none},
    {"notifications are handed on", tests::notifications_are_handed_on},
    {"receiver", tests::receiver},
    {"receiver: polls", tests::receiver_polls},
    {"receiver: stats", tests::receiver_stats},
    {"receiver: new credentials", tests::receiver_new_credentials},
    {"receiver: acknowledgements", tests::receiver_acknowledgements},
    {"receiver: in threads", tests::receiver_in_threads},
    {"receiver: log", tests::receiver_log},
    {"receiver: moved", tests::receiver_moved},
    {"receiver: assigned while it logs", tests::receiver_assigned_while_it_logs},
    {"connector", tests::connector},
    {"connector: failures", tests::connector_failures},
    {"connector: receives", tests::connector_receives},
    {"connector: restart", tests::connector_restart},
    {"connector: in threads", tests::connector_in_threads},
    {"connector: moved", tests::connector_moved},
    {"connector: assigned while it logs", tests::connector_assigned_while_it_logs},
    {"assigning frees the handle before its log",
     INTERPOSED(tests::assigning_frees_the_handle_before_its_log)},
};

} // namespace

int main(int argc, char **argv) {
    const std::string wanted = argc > 1 ? argv[1] : "";
    unsigned passed = 0;

    for (const auto &test : list) {
        if (std::string(test.name).find(wanted) == std::string::npos)
            continue;
        if (test.run == nullptr) {
            std::printf("test %s ... means nothing on this system\n", test.name);
            continue;
        }
        std::printf("test %s ... ", test.name);
        std::fflush(stdout);
        try {
            test.run();
        } catch (const std::exception &error) {
            fail(test.name, 0, error.what());
        }
        std::printf("ok\n");
        std::fflush(stdout);
        passed++;
    }
    std::printf("%u passed, 0 failed\n", passed);
    return passed > 0 ? 0 : 1;
}
