// The connector: a chat in both directions, what it refuses, and its lifetime.
#include "harness.hpp"

#include <atomic>
#include <thread>
#include <type_traits>

namespace {

using std::chrono::milliseconds;

const std::string alice = "+4915112345678";

/// One that the program hands in what it heard.
lpc::Config deaf(const Account &account) { return account.config().set("connector.store", "memory"); }

/// Acknowledges what comes until there is one of this kind.
lpc::Update next_of(lpc::Connector &connector, lpc::UpdateKind kind) {
    lpc::Update update = connector.poll();
    while (update.kind() != kind) {
        CHECK(update.error().status() == lpc::Status::Ok);
        connector.ack(update);
        update = connector.poll();
    }
    return update;
}

void expect_sent(lpc::Connector &connector, const std::string &key) {
    const lpc::Update update = next_of(connector, lpc::UpdateKind::Sent);
    CHECK(update.key() == key);
    connector.ack(update);
}

/// Opens the consumer's conversation with a text; gives its id.
std::string open(lpc::Connector &connector) {
    connector.submit_text(alice, "Hi", "first");
    const lpc::Update update = next_of(connector, lpc::UpdateKind::Opened);
    connector.ack(update);
    expect_sent(connector, "first");
    return update.conversation_id();
}

/// What an agent says in it.
std::string says_hello(const std::string &conversation) {
    return "{\"type\":\"ms.MessagingEventNotification\",\"body\":{\"changes\":[{\"sequence\":1,"
           "\"conversationId\":\"" + conversation + "\",\"dialogId\":\"" + conversation +
           "\",\"originatorMetadata\":{\"role\":\"ASSIGNED_AGENT\"},\"event\":{\"type\":"
           "\"ContentEvent\",\"message\":\"Hello\"}}]}}";
}

std::uint64_t number(const lpc::Connector &connector, const char *name) {
    return number_of(connector.stats().c_str(), name);
}

bool says(const lpc::Error &error, const std::string &part) {
    return std::string(error.what()).find(part) != std::string::npos;
}

} // namespace

void tests::connector() {
    Account account;
    lpc::Connector connector(deaf(account).set("receiver.listen", "127.0.0.1:0"));
    CHECK(connector.url().find("http://127.0.0.1:") == 0);
    account.set_webhook(connector.url());
    CHECK(!connector.poll(milliseconds(0)) && !connector.poll(milliseconds(-1)));

    connector.submit_text(alice, "Hi", "k1");
    lpc::Update opened = connector.poll();
    while (opened.kind() != lpc::UpdateKind::Opened) {
        connector.ack(opened);
        opened = connector.poll();
    }
    CHECK(opened && opened.consumer_id() == alice && !opened.is_repeat());
    const std::string conversation = opened.conversation_id();
    CHECK(!conversation.empty() && opened.dialog_id() == conversation && opened.key().empty());
    CHECK(!opened.has_sequence() && !opened.has_event() && opened.event().text().empty());
    CHECK(opened.event().kind() == lpc::EventKind::Other);
    connector.ack(opened);
    connector.ack(opened);
    expect_sent(connector, "k1");
    connector.submit(alice, "{\"text\":\"more\"}", "k2");
    const lpc::Update sent = next_of(connector, lpc::UpdateKind::Sent);
    CHECK(sent.key() == "k2" && sent.has_sequence() && sent.attempts() == 1);
    connector.ack(sent);

    account.act(conversation, "{\"say\":\"Hello\"}");
    lpc::Update event = next_of(connector, lpc::UpdateKind::Event);
    while (event.event().kind() != lpc::EventKind::Text) {
        connector.ack(event);
        event = next_of(connector, lpc::UpdateKind::Event);
    }
    const lpc::Event view = event.event();
    const lpc::Update moved = std::move(event);
    CHECK(view.text() == "Hello" && view.originator_role() == "ASSIGNED_AGENT");
    CHECK(moved.has_event() && moved.sequence() == view.sequence());
    CHECK(moved.conversation_id() == conversation && moved.dialog_id() == view.dialog_id());
    CHECK(!event && event.key().empty() && event.event().text().empty());
    CHECK(event.error().status() == lpc::Status::Ok);
    THROWS(lpc::InvalidArgument, connector.ack(event));
    connector.ack(moved);

    account.close_conversation(conversation);
    const lpc::Update closed = next_of(connector, lpc::UpdateKind::Closed);
    CHECK(closed.conversation_id() == conversation);
    connector.ack(closed);
    connector.shutdown();
    connector.shutdown(milliseconds::max());
    CHECK(says(THROWS(lpc::Closed, connector.submit_text(alice, "late")), "shut down"));
}

void tests::connector_failures() {
    Account account;
    lpc::Connector connector(deaf(account));
    open(connector);
    account.answer("{\"route\":\"send\",\"status\":400,\"body\":\"no\"}");
    connector.submit_text(alice, "refused", "bad");
    const lpc::Update failed = connector.poll();
    CHECK(failed.kind() == lpc::UpdateKind::Failed && failed.key() == "bad");
    const lpc::Error why = failed.error();
    CHECK(why.status() == lpc::Status::Rejected && why.http_status() == 400 && why.body() == "no");
    CHECK(why.what() == std::string(lpc_error_message(lpc_update_error(failed.handle()))));
    connector.ack(failed);

    CHECK(says(THROWS(lpc::InvalidArgument, connector.submit(alice, "{}")), "it takes one of"));
    CHECK(says(THROWS(lpc::InvalidArgument, connector.submit_text("", "x")), "consumer_id is empty"));
    const std::string nul(1, '\0');
    CHECK(says(THROWS(lpc::InvalidArgument, connector.submit(nul, "{}")), "consumer_id has"));
    CHECK(says(THROWS(lpc::InvalidArgument, connector.submit(alice, nul)), "action_json has"));
    CHECK(says(THROWS(lpc::InvalidArgument, connector.submit_text(alice, nul)), "text has"));
    CHECK(says(THROWS(lpc::InvalidArgument, connector.submit_text(alice, "x", nul)), "key has"));
    CHECK(says(THROWS(lpc::InvalidArgument, connector.receive("{}", nul)), "signature has"));
    THROWS(lpc::IoError, connector.submit(alice, "{\"file\":\"/nowhere/a.png\"}"));
    CHECK(says(THROWS(lpc::ConfigError, lpc::Connector(account.config())), "connector.store"));

    lpc::Connector full(deaf(account)
                            .set("connector.queue.max", "1")
                            .set("domain.messaging", "https://127.0.0.1:1"));
    full.submit_text(alice, "waits");
    THROWS(lpc::Full, full.submit_text(alice, "too many"));
}

void tests::connector_receives() {
    Account account;
    lpc::Connector connector(deaf(account)), other(deaf(account));
    CHECK(connector.url().empty());
    const std::string body = says_hello(open(connector));
    THROWS(lpc::SignatureError, connector.receive(body, "sha1=bogus"));
    THROWS(lpc::SignatureError, connector.receive(body, ""));
    connector.receive(body, account.sign(body));
    const int fd = connector.fd();
#ifdef __linux__
    CHECK(fd >= 0);
#endif
    CHECK(connector.fd() == fd);
    lpc::Update update = connector.poll();
    CHECK(update.event().text() == "Hello" && !update.is_repeat());
    CHECK(fd == -1 || !readable(fd, 0));
    THROWS(lpc::InvalidArgument, connector.nack(update, milliseconds(-1)));
    THROWS(lpc::InvalidArgument, other.nack(update));
    THROWS(lpc::InvalidArgument, other.ack(update));
    connector.nack(update, milliseconds(20));
    CHECK(fd == -1 || readable(fd, 60000));
    update = connector.poll();
    CHECK(update.event().text() == "Hello" && update.is_repeat());
    connector.nack(update);
    update = connector.poll(std::chrono::hours(1));
    CHECK(update.event().text() == "Hello");
    connector.ack(update);
    CHECK(!connector.poll(milliseconds(1)));

    connector.set_credentials(account.client_id(), "of-tomorrow");
    THROWS(lpc::SignatureError, connector.receive(body, account.sign(body)));
    THROWS(lpc::InvalidArgument, connector.set_credentials(account.client_id(), ""));
    CHECK(number(connector, "acknowledged") == 3 && number(connector, "opened") == 1);
    CHECK(count(connector.prometheus(), "\nlpconnector_connector_opened_total 1\n") == 1);

    Directory directory;
    const std::string path = directory.file("invoice.png"), file = account.put_file("an invoice");
    connector.download_file(alice, file, path);
    CHECK(content_of(path) == "an invoice");
    THROWS(lpc::Closed, connector.download_file("nobody", file, path));
}

void tests::connector_restart() {
    Account account;
    Directory directory;
    const std::string path = directory.file("queue.db");
    directory.file("queue.db-wal");
    const auto config = [&] { return account.config().set("connector.store", "sqlite:" + path); };
    std::unique_ptr<lpc::Update> kept;
    {
        lpc::Connector first(config().set("domain.messaging", "https://127.0.0.1:1"));
        first.submit_text(alice, "one", "k1");
        first.submit_text(alice, "two", "k2");
        THROWS(lpc::IoError, lpc::Connector(config()));
    }
    {
        lpc::Connector second(config());
        kept.reset(new lpc::Update(second.poll()));
        CHECK(kept->kind() == lpc::UpdateKind::Opened && !kept->is_repeat());
        second.shutdown(milliseconds::max());
    }
    lpc::Connector third(config());
    const lpc::Update opened = third.poll();
    CHECK(opened.is_repeat() && opened.conversation_id() == kept->conversation_id());
    third.ack(opened);
    expect_sent(third, "k1");
    expect_sent(third, "k2");
}

void tests::connector_in_threads() {
    Account account;
    lpc::Connector connector(deaf(account));
    std::atomic<int> came(0);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&] {
            try {
                while (const lpc::Update update = connector.poll()) {
                    came++;
                    connector.ack(update);
                }
            } catch (const lpc::Closed &) {
                return;
            }
            fail(__FILE__, __LINE__, "a poll without an end gave nothing");
        });
    for (int i = 0; i < 20; i++)
        connector.submit_text("consumer " + std::to_string(i), "x", "k");
    connector.shutdown(milliseconds::max());
    for (auto &thread : threads)
        thread.join();
    // Opened and sent.
    CHECK(came == 40);
}

void tests::connector_moved() {
    static_assert(!std::is_copy_constructible<lpc::Connector>::value &&
                      !std::is_copy_constructible<lpc::Update>::value,
                  "freed once");
    static_assert(std::is_nothrow_move_constructible<lpc::Connector>::value &&
                      std::is_nothrow_move_assignable<lpc::Connector>::value &&
                      std::is_nothrow_move_constructible<lpc::Update>::value &&
                      std::is_nothrow_move_assignable<lpc::Update>::value,
                  "so that vectors move them");
    Account account;
    lpc::Connector connector(deaf(account));
    connector.submit_text(alice, "x", "k");
    lpc::Connector to = std::move(connector);
    CHECK(connector.handle() == nullptr && connector.url().empty() && connector.fd() == -1);
    connector.shutdown();
    THROWS(lpc::InvalidArgument, connector.poll());
    THROWS(lpc::InvalidArgument, connector.poll(milliseconds(0)));
    THROWS(lpc::InvalidArgument, connector.submit_text(alice, "x"));
    THROWS(lpc::InvalidArgument, connector.set_credentials("x", "y"));
    THROWS(lpc::InvalidArgument, connector.stats());
    const lpc::Update update = to.poll();
    THROWS(lpc::InvalidArgument, connector.ack(update));
    to.ack(update);
    // What was there is at its end, and its update stays.
    to = lpc::Connector(deaf(account));
    CHECK(update.consumer_id() == alice && !to.poll(milliseconds(0)));
}

void tests::connector_assigned_while_it_logs() {
    struct Owned {
        ~Owned() { CHECK(running == 0); }
        std::atomic<int> running{0};
    };
    Account account;
    for (int i = 0; i < 20; i++) {
        auto owned = std::make_shared<Owned>();
        std::atomic<bool> is_in(false), is_assigning(false);
        lpc::Connector connector(deaf(account).set_log(
            lpc::LogLevel::Trace, [owned, &is_in, &is_assigning](lpc::LogLevel, const std::string &) {
                owned->running++;
                is_in = true;
                while (!is_assigning)
                    std::this_thread::yield();
                for (int turn = 0; turn < 1000; turn++)
                    std::this_thread::yield();
                owned->running--;
            }));
        owned.reset();
        // A thread of the connector sends it, and logs that.
        connector.submit_text(alice, "x");
        while (!is_in)
            std::this_thread::yield();
        is_assigning = true;
        connector = lpc::Connector(deaf(account));
    }
}
