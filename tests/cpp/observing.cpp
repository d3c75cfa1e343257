// What a client tells about its work: its log and its counters.
#include "harness.hpp"

#include <mutex>
#include <thread>

namespace {

/// Every line that is logged into it.
class Book {
public:
    lpc::Config::Log writer() {
        return [this](lpc::LogLevel level, const std::string &line) {
            const std::lock_guard<std::mutex> lock(mutex_);
            CHECK(!line.empty() && line.find('\n') == std::string::npos);
            lines_.emplace_back(level, line);
        };
    }

    std::size_t count(lpc::LogLevel level) const {
        std::size_t count = 0;
        for (const auto &line : lines_)
            count += line.first == level ? 1 : 0;
        return count;
    }

    bool has(const std::string &part) const {
        for (const auto &line : lines_)
            if (line.second.find(part) != std::string::npos)
                return true;
        return false;
    }

private:
    std::mutex mutex_;
    std::vector<std::pair<lpc::LogLevel, std::string>> lines_;
};

/// Discovery, the two tokens, the opening, and a text that fails.
void talk(const Account &account, lpc::Client &client, const std::string &consumer_id = "log") {
    lpc::Conversation conversation = client.consumer(consumer_id).open();
    account.answer("{\"route\":\"send\",\"status\":503,\"body\":\"down\"}");
    THROWS(lpc::ServerError, conversation.send_text("my own words"));
}

/// The AppJWT that the first request with one carried.
std::string app_jwt(const std::string &requests) {
    const std::string before = "\"authorization\":\"";
    const std::size_t begin = requests.find(before) + before.size();
    return requests.substr(begin, requests.find('"', begin) - begin);
}

std::uint64_t number(const std::string &json, const std::string &name) {
    return number_of(json.c_str(), name.c_str());
}

} // namespace

void tests::log_levels() {
    const lpc::LogLevel levels[] = {lpc::LogLevel::Off,  lpc::LogLevel::Error,
                                    lpc::LogLevel::Warn, lpc::LogLevel::Info,
                                    lpc::LogLevel::Debug, lpc::LogLevel::Trace};
    for (const auto level : levels) {
        Account account;
        Book book;
        lpc::Client client(account.config().set_log(level, book.writer()));
        talk(account, client);
        CHECK(book.count(lpc::LogLevel::Error) == (level >= lpc::LogLevel::Error ? 1 : 0));
        CHECK(book.count(lpc::LogLevel::Debug) == (level >= lpc::LogLevel::Debug ? 5 : 0));
        CHECK((book.count(lpc::LogLevel::Info) > 0) == (level >= lpc::LogLevel::Info));
        CHECK((book.count(lpc::LogLevel::Trace) > 0) == (level >= lpc::LogLevel::Trace));
        const std::string secret = app_jwt(account.requests());
        CHECK(secret.size() > 100 && !book.has(secret));
        CHECK(!book.has("my own words") && !book.has(client.consumer("log").jws()));
    }

    Account account;
    Book book;
    lpc::Config config = account.config();
    CHECK(&config.set_log(lpc::LogLevel::Trace, book.writer()) == &config);
    // A bad level changes nothing.
    const auto refused = THROWS(lpc::InvalidArgument,
                                config.set_log(static_cast<lpc::LogLevel>(6), nullptr));
    CHECK(refused.what() == std::string("level is 6; allowed: 0 to 5"));
    lpc::Client loud(config);
    // Clients keep what they were made with.
    config.set_log(lpc::LogLevel::Trace, nullptr);
    lpc::Client quiet(config);
    talk(account, quiet, "quiet");
    CHECK(!book.has(""));
    talk(account, loud);
    CHECK(book.has("the service answered 503"));
}

void tests::log_that_throws() {
    Account account;
    std::size_t calls = 0;
    lpc::Client client(account.config().set_log(
        lpc::LogLevel::Debug, [&calls](lpc::LogLevel, const std::string &) {
            calls++;
            throw std::runtime_error("no");
        }));
    CHECK(client.consumer("log").open().send_text("x").code() == "OK");
    CHECK(calls >= 5);
}

void tests::log_that_calls_the_library() {
    Account account;
    lpc::Client *asked = nullptr;
    std::uint64_t requests = 0;
    lpc::Client client(account.config().set_log(
        lpc::LogLevel::Trace, [&asked, &requests](lpc::LogLevel, const std::string &) {
            requests = number(asked->stats(), "requests");
        }));
    asked = &client;
    client.consumer("log").open().send_text("x");
    CHECK(requests == 5);
}

void tests::log_in_threads() {
    Account account;
    Book book;
    lpc::Client client(account.config().set_log(lpc::LogLevel::Debug, book.writer()));
    std::vector<std::thread> running;
    for (int i = 0; i < 8; i++)
        running.emplace_back([&client, i] {
            client.consumer("consumer " + std::to_string(i)).open().send_text("x");
        });
    for (auto &thread : running)
        thread.join();
    CHECK(book.count(lpc::LogLevel::Debug) == 2 + 8 * 3);
    CHECK(number(client.stats(), "requests") == 2 + 8 * 3);
}

void tests::log_is_kept_as_long_as_needed() {
    Account account;
    const auto owned = std::make_shared<std::size_t>(0);
    std::size_t before = 0;
    {
        std::unique_ptr<lpc::Conversation> last;
        {
            lpc::Config config = account.config();
            config.set_log(lpc::LogLevel::Trace,
                           [owned](lpc::LogLevel, const std::string &) { ++*owned; });
            lpc::Consumer consumer = lpc::Client(config).consumer("log");
            last.reset(new lpc::Conversation(consumer.open()));
            // The configuration lets go of what it no longer tells.
            config.set_log(lpc::LogLevel::Off, nullptr);
            before = *owned;
        }
        // Only the conversation is left.
        CHECK(owned.use_count() == 2);
        last->send_text("x");
        CHECK(*owned > before);
    }
    CHECK(owned.use_count() == 1);
}

void tests::stats() {
    Account account;
    lpc::Client client = account.client();
    const std::string nothing = client.stats();
    CHECK(nothing.front() == '{' && nothing.back() == '}');
    CHECK(number(nothing, "requests") == 0 && number(nothing, "bytes_sent") == 0);
    CHECK(account.requests() == "[]");

    talk(account, client);
    const std::string stats = client.stats();
    CHECK(number(stats, "requests") == 5 && number(stats, "failures") == 1);
    CHECK(number(stats, "retries") == 0 && number(stats, "token_refreshes") == 1);
    CHECK(number(stats, "connections_opened") >= 1 && number(stats, "bytes_received") > 500);
    CHECK(number(stats.substr(stats.find("latency_ms")), "count") == 5);
    CHECK(count(client.prometheus(), "\nlpconnector_failures_total 1\n") == 1);
}

void tests::a_failure_that_passes_is_tried_again() {
    Account account;
    lpc::Client client(
        account.config().set("retry.max.attempts", "2").set("retry.backoff.ms", "1"));
    lpc::Conversation conversation = client.consumer("retry").open();

    account.answer("{\"route\":\"send\",\"status\":503,\"body\":\"down\"}");
    CHECK(conversation.send_text("once").attempts() == 2);
    CHECK(number(client.stats(), "retries") == 1);
    account.answer("{\"route\":\"send\",\"lose\":true}");
    CHECK(THROWS(lpc::ConnectError, conversation.send_text("lost")).maybe_delivered());
}
