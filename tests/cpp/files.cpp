// Files, and the function that follows them on their way.
#include "harness.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

namespace {

/// A file of more than one piece.
std::string picture() { return "\x89PNG\r\n\x1a\n" + std::string(200000, '\0'); }

/// Of a consumer of its own.
lpc::Conversation open(const Account &account, const std::string &consumer_id = "files") {
    return account.client().consumer(consumer_id).open();
}

void send_picture(lpc::Conversation &conversation) {
    const std::string png = picture();
    CHECK(conversation.send_file_bytes(png.data(), png.size(), "PNG").code() == "OK");
}

/// The path of the last file that was published.
std::string last_path(const Account &account) {
    const std::string held = account.conversations(), name = "\"relativePath\":\"";
    const std::size_t at = held.rfind(name);
    CHECK(at != std::string::npos);
    return held.substr(at + name.size(), held.find('"', at + name.size()) - at - name.size());
}

std::size_t published(const Account &account) {
    return count(account.conversations(), "\"hosted/file\"");
}

void never(std::uint64_t, std::uint64_t) { fail(__FILE__, __LINE__, "called"); }

} // namespace

void tests::files() {
    Account account;
    Directory directory;
    lpc::Conversation conversation = open(account);
    const std::string png = picture(), path = directory.write("photo.png", png),
                      preview = directory.write("small.png", png.substr(0, 100)),
                      fetched = directory.file("fetched.png");

    CHECK(conversation.send_file(path, "{\"caption\":\"a caption\",\"previewPath\":\"" + preview +
                                           "\",\"metadata\":[{\"type\":\"ExternalId\",\"id\":\"7\"}]}")
              .code() == "OK");
    std::string held = account.conversations();
    CHECK(count(held, "\"a caption\"") == 1 && count(held, "\"data:image/png;base64,") == 1);
    CHECK(count(account.requests(), "[{\\\"type\\\":\\\"ExternalId\\\",\\\"id\\\":\\\"7\\\"}]") == 1);
    conversation.download_file(last_path(account), fetched);
    CHECK(content_of(fetched) == png);

    // Without what is optional, and from memory.
    const std::vector<std::uint8_t> gif{'G', 'I', 'F', '8', '9', 'a', 0, 255};
    CHECK(conversation.send_file(path).code() == "OK");
    CHECK(conversation.send_file_bytes(gif, "GIF").code() == "OK");
    conversation.download_file(last_path(account), fetched);
    CHECK(content_of(fetched) == std::string(gif.begin(), gif.end()));
    CHECK(conversation.send_file_bytes(gif.data(), 6, "gif", "{\"caption\":\"from memory\"}").code() ==
          "OK");
    conversation.download_file(last_path(account), fetched);
    CHECK(content_of(fetched) == "GIF89a");
    held = account.conversations();
    CHECK(published(account) == 4);
    // Each has a caption, if an empty one.
    CHECK(count(held, "\"caption\"") == 4 && count(held, "\"preview\"") == 1);
    CHECK(count(held, "\"from memory\"") == 1);
}

void tests::files_that_fail() {
    Account account;
    Directory directory;
    lpc::Conversation conversation = open(account);
    const std::string png = picture(), text = directory.write("text.png", "not a picture"),
                      fetched = directory.file("fetched.png");

    THROWS(lpc::InvalidArgument, conversation.send_file(text));
    THROWS(lpc::InvalidArgument, conversation.send_file_bytes(png.data(), png.size(), "GIF"));
    THROWS(lpc::IoError, conversation.send_file(directory.write("a.png", png),
                                                "{\"previewPath\":\"/nonexistent\"}"));
    account.answer("{\"route\":\"storage\",\"status\":507,\"body\":\"full\"}");
    CHECK(THROWS(lpc::ServerError, send_picture(conversation)).body() == "full");
    CHECK(published(account) == 0);
    THROWS(lpc::Rejected, conversation.download_file("/v1/no/such/file", fetched));
    send_picture(conversation);
    THROWS(lpc::IoError, conversation.download_file(last_path(account), "/nonexistent/a.png"));
    CHECK(!std::ifstream(fetched));
    conversation.close();
    THROWS(lpc::Closed, send_picture(conversation));
}

void tests::progress() {
    Account account;
    Directory directory;
    const std::string fetched = directory.file("fetched.png");
    lpc::Conversation conversation = open(account);
    const std::uint64_t size = picture().size();
    std::uint64_t last = 0, calls = 0;
    const auto follow = [&](std::uint64_t done, std::uint64_t total) {
        CHECK(done > last && total == size);
        last = done;
        calls++;
    };

    conversation.set_progress(follow);
    send_picture(conversation);
    CHECK(calls > 1 && last == size);
    last = calls = 0;
    conversation.download_file(last_path(account), fetched);
    CHECK(calls > 1 && last == size);

    // It goes with the conversation that is moved,
    lpc::Conversation moved = std::move(conversation);
    last = calls = 0;
    send_picture(moved);
    CHECK(calls > 1 && last == size);
    // and ends with the one that is assigned to.
    moved.set_progress(never);
    moved = open(account, "another");
    send_picture(moved);
    moved.set_progress(never);
    moved.set_progress(follow);
    last = calls = 0;
    send_picture(moved);
    CHECK(last == size);
    moved.set_progress(never);
    moved.set_progress(nullptr);
    send_picture(moved);
    moved.set_progress(never);
    moved.set_progress(lpc::Conversation::Progress());
    send_picture(moved);
    CHECK(published(account) == 6);
}

void tests::progress_that_throws() {
    Account account;
    Directory directory;
    const std::string path = directory.write("photo.png", picture()),
                      fetched = directory.file("fetched.png");
    lpc::Conversation conversation = open(account);
    int calls = 0;

    conversation.set_progress([&calls](std::uint64_t, std::uint64_t) {
        calls++;
        throw std::domain_error("stop");
    });
    // The file is sent all the same, and nothing is called after it threw.
    CHECK(std::string(THROWS(std::domain_error, send_picture(conversation)).what()) == "stop");
    CHECK(calls == 1 && published(account) == 1);
    THROWS(std::domain_error, conversation.send_file(path));
    CHECK(calls == 2 && published(account) == 2);
    THROWS(std::domain_error, conversation.download_file(last_path(account), fetched));
    CHECK(calls == 3 && content_of(fetched) == picture());
    // It goes before what else fails; where it was not called, there is nothing to throw.
    account.answer("{\"route\":\"storage\",\"status\":507,\"body\":\"full\"}");
    THROWS(std::domain_error, send_picture(conversation));
    THROWS(lpc::IoError, conversation.send_file("/nonexistent/a.png"));
    CHECK(calls == 4);

    // Anything can be thrown.
    conversation.set_progress([](std::uint64_t, std::uint64_t) { throw 5; });
    bool five = false;
    try {
        send_picture(conversation);
    } catch (int thrown) {
        five = thrown == 5;
    }
    CHECK(five);

    // Sent by the C function, there is nobody to throw it to.
    CHECK_OK(lpc_conversation_send_file(conversation.handle(), path.c_str(), nullptr, nullptr,
                                        nullptr), nullptr);
    // Nothing is left behind.
    conversation.set_progress(nullptr);
    send_picture(conversation);
}

void tests::progress_within_progress() {
    Account account;
    lpc::Conversation outer = open(account), inner = open(account, "another");
    int calls = 0;

    inner.set_progress([](std::uint64_t, std::uint64_t) { throw std::domain_error("inner"); });
    outer.set_progress([&](std::uint64_t, std::uint64_t) {
        if (calls++ == 0)
            THROWS(std::domain_error, send_picture(inner));
        else
            throw std::length_error("outer");
    });
    THROWS(std::length_error, send_picture(outer));
    CHECK(calls == 2 && published(account) == 2);
}

void tests::progress_in_threads() {
    Account account;
    lpc::Conversation conversation = open(account);
    const std::thread::id self = std::this_thread::get_id();
    std::atomic<int> calls(0);
    std::vector<std::thread> threads;

    // What is thrown in one thread is no concern of another.
    conversation.set_progress([&calls, self](std::uint64_t, std::uint64_t) {
        calls++;
        if (std::this_thread::get_id() == self)
            throw std::domain_error("this thread only");
    });
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&conversation] { send_picture(conversation); });
    THROWS(std::domain_error, send_picture(conversation));
    for (auto &thread : threads)
        thread.join();
    CHECK(calls > 4 * 2);
    CHECK(published(account) == 5);

    // Replaced by several threads while several send.
    threads.clear();
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&conversation, i] {
            for (int j = 0; j < 20; j++) {
                const std::string kept = "thread " + std::to_string(i);
                conversation.set_progress([kept](std::uint64_t done, std::uint64_t total) {
                    CHECK(done <= total && kept.compare(0, 7, "thread ") == 0);
                });
            }
            send_picture(conversation);
        });
    for (auto &thread : threads)
        thread.join();
    CHECK(published(account) == 9);
}

void tests::progress_is_kept_as_long_as_needed() {
    Account account;
    auto state = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = state;

    {
        lpc::Conversation conversation = open(account);
        conversation.set_progress([state](std::uint64_t, std::uint64_t) { ++*state; });
        state.reset();
        CHECK(!watched.expired());
        send_picture(conversation);
        CHECK(*watched.lock() > 1);
    }
    CHECK(watched.expired());

    // One that removes itself still has what it holds, until it returns.
    lpc::Conversation conversation = open(account, "another");
    state = std::make_shared<int>(0);
    const std::weak_ptr<int> removed = state;
    int calls = 0;
    conversation.set_progress([&conversation, &calls, &removed, state](std::uint64_t, std::uint64_t) {
        conversation.set_progress(nullptr);
        CHECK(!removed.expired());
        calls += ++*state;
    });
    state.reset();
    send_picture(conversation);
    CHECK(calls == 1 && removed.expired());
}
