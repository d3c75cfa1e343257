// Many threads.
#include "harness.hpp"

#include <thread>

namespace {

const int threads = 8, texts = 10;

/// Runs the work in threads, with their numbers; what one throws ends the program.
template <typename Work>
void run_threads(Work work) {
    std::vector<std::thread> running;
    for (int i = 0; i < threads; i++)
        running.emplace_back(work, i);
    for (auto &thread : running)
        thread.join();
}

std::string text(int thread, int number) {
    return "thread " + std::to_string(thread) + " text " + std::to_string(number);
}

void send_texts(lpc::Conversation &conversation, int thread) {
    for (int i = 0; i < texts; i++)
        conversation.send_text(text(thread, i));
}

/// Every text of every thread arrived once, those of one thread in its order.
void check_texts(const Account &account) {
    const std::string held = account.conversations();
    for (int thread = 0; thread < threads; thread++) {
        std::size_t before = 0;
        for (int i = 0; i < texts; i++) {
            const std::string quoted = "\"" + text(thread, i) + "\"";
            CHECK(count(held, quoted) == 1);
            CHECK(held.find(quoted) > before);
            before = held.find(quoted);
        }
    }
}

} // namespace

void tests::threads_on_one_client() {
    Account account;
    lpc::Client client = account.client();

    run_threads([&client](int number) {
        lpc::Conversation conversation =
            client.consumer("consumer " + std::to_string(number)).open();
        send_texts(conversation, number);
        conversation.close();
    });
    check_texts(account);
    const std::string requests = account.requests();
    CHECK(count(requests, "\"route\":\"token\"") == 1);
    CHECK(count(requests, "\"route\":\"consumer\"") == threads);
}

void tests::threads_on_one_conversation() {
    Account account;
    lpc::Conversation conversation = account.client().consumer("shared").open();

    run_threads([&conversation](int number) {
        conversation.set_progress([](std::uint64_t, std::uint64_t) {});
        send_texts(conversation, number);
    });
    check_texts(account);
}

void tests::shutdown_ends_calls_in_flight() {
    Account account;
    // Without the shutdown, the call would wait for a minute.
    lpc::Client client = account.client_with("request.timeout.ms", "3600000");
    lpc::Conversation conversation = client.consumer("shutdown").open();

    account.answer("{\"route\":\"send\",\"stall\":true}");
    std::thread thread(
        [&conversation] { THROWS(lpc::Closed, conversation.send_text("does not get through")); });
    while (count(account.requests(), "does not get through") == 0) {
    }
    client.shutdown();
    thread.join();
}
