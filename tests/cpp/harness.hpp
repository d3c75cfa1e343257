// What every C++ test uses: the checks and the sandbox's control of the C tests, an account of its
// own, and a check of what is thrown.
#ifndef HARNESS_HPP
#define HARNESS_HPP

#include "lpconnector.hpp"

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <typeinfo>
#include <vector>

#include "../c/harness.h"

/// An account that only this test uses.
class Account {
public:
    /// The environment's options, with those of the account on top. Nothing is tried twice, so that
    /// a failure is seen at once.
    lpc::Config config() const {
        return lpc::Config()
            .load_env()
            .set("account.id", account_.id)
            .set("client.id", account_.client_id)
            .set("client.secret", account_.client_secret)
            .set("retry.max.attempts", "1");
    }

    lpc::Client client() const { return lpc::Client(config()); }

    /// A client with one more option.
    lpc::Client client_with(const std::string &key, const std::string &value) const {
        return lpc::Client(config().set(key, value));
    }

    std::string id() const { return account_.id; }
    std::string client_id() const { return account_.client_id; }
    std::string client_secret() const { return account_.client_secret; }

    /// The next request of a route gets this answer, as the control API takes it.
    void answer(const std::string &json) const { account_answer_json(&account_, json.c_str()); }

    /// What the sandbox holds, as JSON.
    std::string conversations() const { return take(account_conversations(&account_)); }

    /// What came in, as JSON.
    std::string requests() const { return take(account_requests(&account_)); }

    /// An AppJWT of this account.
    std::string app_jwt() const { return take(account_app_jwt(&account_)); }

    void close_conversation(const std::string &id) const {
        account_close_conversation(&account_, id.c_str());
    }

    /// From now on the sandbox tells this URL what happens.
    void set_webhook(const std::string &url) const { account_set_webhook(&account_, url.c_str()); }

    /// An agent does this by hand: a step, as the control API takes it.
    void act(const std::string &conversation, const std::string &step) const {
        account_act(&account_, conversation.c_str(), step.c_str());
    }

    /// The signature of a body.
    std::string sign(const std::string &body) const {
        return take(account_sign(&account_, body.c_str()));
    }

    /// A picture, put there as by an agent; gives its relativePath.
    std::string put_file(const std::string &content) const {
        return take(account_put_file(&account_, "PNG", content.c_str()));
    }

private:
    static std::string take(char *text) {
        const std::unique_ptr<char, void (*)(void *)> owned(text, std::free);
        return text;
    }

    account account_ = account_new();
};

/// A directory for the files of one test, removed with them.
class Directory {
public:
    Directory() { folder_new(path_); }
    ~Directory() {
        for (const auto &file : files_)
            file_remove(file.c_str());
        folder_remove(path_);
    }
    Directory(const Directory &) = delete;
    Directory &operator=(const Directory &) = delete;

    /// The path of a file that may come to be here.
    std::string file(const std::string &name) {
        files_.push_back(std::string(path_) + "/" + name);
        return files_.back();
    }

    std::string write(const std::string &name, const std::string &content) {
        std::ofstream(file(name), std::ios::binary) << content;
        return files_.back();
    }

private:
    char path_[32];
    std::vector<std::string> files_;
};

inline std::string content_of(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

inline std::size_t count(const std::string &text, const std::string &part) {
    return occurrences(text.c_str(), part.c_str());
}

/// Gives the exception that the call throws; it must be of this class exactly.
template <typename Expected, typename Call>
Expected thrown_by(const char *file, int line, const char *what, Call call) {
    std::string instead = "nothing";
    try {
        call();
    } catch (const Expected &error) {
        if (typeid(error) == typeid(Expected))
            return error;
        instead = std::string("a derived class: ") + error.what();
    } catch (const std::exception &error) {
        instead = std::string(typeid(error).name()) + ": " + error.what();
    }
    fail(file, line, (std::string(what) + "\n  throws " + instead).c_str());
    std::abort(); // fail() has ended the program.
}

#define THROWS(type, call) thrown_by<type>(__FILE__, __LINE__, #call, [&] { (void)(call); })

// The tests; main.cpp lists them.
namespace tests {
void version_and_names();
void config();
void conversation();
void every_send();
void optional_text();
void attach();
void close_stage();
void consumer_tokens();
void raw_json();
void given_app_jwt();
void new_credentials();
void profile_and_first_message();
void mixing_with_c();

void error_fields();
void classes_of_every_status();
void invalid_argument();
void config_error();
void io_error();
void connect_error();
void tls_error();
void timeout();
void unauthorized();
void rejected();
void rate_limited();
void server_error();
void protocol_error();
void closed();
void already_open();
void nul_inside();

void moved_from();
void moved_to();
void self_move();
void handles_outlive_their_makers();
void errors_outlive_everything();

void threads_on_one_client();
void threads_on_one_conversation();
void shutdown_ends_calls_in_flight();

void files();
void files_that_fail();
void progress();
void progress_that_throws();
void progress_within_progress();
void progress_in_threads();
void progress_is_kept_as_long_as_needed();

void log_levels();
void log_that_throws();
void log_that_calls_the_library();
void log_in_threads();
void log_is_kept_as_long_as_needed();
void stats();
void a_failure_that_passes_is_tried_again();

void webhook_signatures();
void notifications();
void notifications_of_an_end_and_metadata();
void notifications_that_are_none();
void notifications_are_handed_on();
void receiver();
void receiver_polls();
void receiver_stats();
void receiver_new_credentials();
void receiver_acknowledgements();
void receiver_in_threads();
void receiver_log();
void receiver_moved();
void receiver_assigned_while_it_logs();

void connector();
void connector_failures();
void connector_receives();
void connector_restart();
void connector_in_threads();
void connector_moved();
void connector_assigned_while_it_logs();

void assigning_frees_the_handle_before_its_log();
} // namespace tests

#endif
