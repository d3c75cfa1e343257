// Webhooks: signatures, notifications, and a receiver to which the sandbox posts.
#include "harness.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <type_traits>


namespace {

const std::string secret = "k3y-0f-an-app";
const std::string empty_body = "{\"body\":{\"changes\":[]}}";
const std::string sha1 = "sha1=HGqzl/MTlb8f+I0/qA7jBplgQ2Q=";
const std::string sha256 = "sha256=kjOHtksR5cbIdpn0ziwB+Zfqko/bOS14+4UmUXIblTI=";

/// One HTTP request without TLS; gives the whole answer. `header` ends with CR LF, or is empty.
std::string http(const std::string &method, const std::string &url, const std::string &body,
                 const std::string &header = "") {
    const std::size_t host = url.find("//") + 2, port = url.find(':', host) + 1;
    const std::size_t path = url.find('/', port);
    const std::string request = method + " " + url.substr(path) + " HTTP/1.1\r\n" +
                                "Host: " + url.substr(host, path - host) + "\r\nConnection: close\r\n" + header +
                                "Content-Type: application/json\r\nContent-Length: " +
                                std::to_string(body.size()) + "\r\n\r\n" + body;
    const int there = tcp_connect(url.c_str() + port);
    CHECK(there >= 0 && tcp_send(there, request.data(), request.size()));
    std::string answer;
    char piece[4096];
    for (long got; (got = tcp_receive(there, piece, sizeof piece)) > 0;)
        answer.append(piece, static_cast<std::size_t>(got));
    tcp_close(there);
    return answer;
}

void control(const std::string &method, const Account &account, const std::string &what,
             const std::string &body) {
    const std::string base = std::getenv("LPC_SANDBOX_CONTROL");
    const std::string answer = http(method, base + "/accounts/" + account.id() + what, body);
    CHECK(answer.find(" 200 ") < 20);
}

/// Listens without TLS, and gets what happens in the account's conversations.
lpc::Config listening(const Account &account) {
    return account.config().set("receiver.tls.cert.file", "").set("receiver.tls.key.file", "");
}

/// A receiver for what a test posts by itself.
lpc::Config alone() { return lpc::Config().set("receiver.secret", secret); }

/// Posts the empty notification to a receiver; gives the status of the answer.
int post(const lpc::Receiver &receiver, const std::string &signature = sha1) {
    const std::string header = "x-liveperson-signature: " + signature + "\r\n";
    return std::stoi(http("POST", receiver.url(), empty_body, header).substr(9));
}

bool says(const lpc::Error &error, const std::string &part) {
    return std::string(error.what()).find(part) != std::string::npos;
}

std::string in_changes(const std::string &changes) {
    return "{\"type\":\"ms.MessagingEventNotification\",\"body\":{\"changes\":[" + changes + "]}}";
}

} // namespace

void tests::webhook_signatures() {
    lpc::verify_webhook(secret, empty_body, sha1);
    lpc::verify_webhook(secret, empty_body, sha256);
    lpc::verify_webhook("another\n" + secret, empty_body, "sha1=bogus, " + sha1);
    lpc::verify_webhook(secret, "", "sha1=O8rXW08ZjAHYtoUl56DOeBMLcp4=");

    const auto other = THROWS(lpc::SignatureError,
                              lpc::verify_webhook(secret, empty_body + " ", sha1));
    CHECK(says(other, "does not match") && other.status() == lpc::Status::Signature);
    CHECK(!says(other, secret) && !says(other, sha1) && other.http_status() == 0);
    THROWS(lpc::SignatureError, lpc::verify_webhook("another", empty_body, sha1));
    CHECK(says(THROWS(lpc::SignatureError, lpc::verify_webhook(secret, empty_body, "")),
               "is missing"));
    THROWS(lpc::InvalidArgument, lpc::verify_webhook("", empty_body, sha1));
    THROWS(lpc::InvalidArgument, lpc::verify_webhook(secret + "\n\nx", empty_body, sha1));
    const std::string nul(1, '\0');
    CHECK(says(THROWS(lpc::InvalidArgument, lpc::verify_webhook(nul, "", sha1)), "secret has"));
    CHECK(says(THROWS(lpc::InvalidArgument, lpc::verify_webhook(secret, "", nul)),
               "signature has"));
    // A body is bytes.
    THROWS(lpc::SignatureError, lpc::verify_webhook(secret, empty_body + nul, sha1));
}

void tests::notifications() {
    const std::string text =
        "{\"sequence\":7,\"originatorId\":\"a-1\",\"originatorMetadata\":{\"id\":\"a-1\","
        "\"role\":\"ASSIGNED_AGENT\"},\"serverTimestamp\":1700000000123,\"event\":{\"type\":"
        "\"ContentEvent\",\"message\":\"Gr\xC3\xBC\xC3\x9F" "e\"},\"conversationId\":\"c-1\","
        "\"dialogId\":\"d-1\",\"messageAudience\":\"ALL\"}";
    const std::string typing =
        "{\"dialogId\":\"d-2\",\"event\":{\"type\":\"ChatStateEvent\",\"chatState\":\"PAUSE\"}}";
    const std::string body = in_changes(text + "," + typing + ",7");
    const lpc::Notification notification = lpc::Notification::parse(body);

    CHECK(notification && notification.raw() == body);
    CHECK(notification.type_name() == "ms.MessagingEventNotification");
    const lpc::Events events = notification.events();
    CHECK(events.size() == 3 && !events.empty());
    const lpc::Event first = events[0];
    CHECK(first.kind() == lpc::EventKind::Text && first.text() == "Gr\xC3\xBC\xC3\x9F" "e");
    CHECK(first.conversation_id() == "c-1" && first.dialog_id() == "d-1");
    CHECK(first.has_sequence() && first.sequence() == 7);
    CHECK(first.originator_id() == "a-1" && first.originator_role() == "ASSIGNED_AGENT");
    CHECK(first.has_timestamp() && first.timestamp_ms() == 1700000000123);
    CHECK(first.audience() == "ALL" && first.json() == text);
    const lpc::Event second = events[1];
    CHECK(second.kind() == lpc::EventKind::ChatState && second.state() == "PAUSE");
    CHECK(second.conversation_id() == "" && second.dialog_id() == "d-2");
    CHECK(second.json() == typing && second.metadata_json() == "" && !second.is_closed());
    CHECK(!second.has_sequence() && second.sequence() == -1);
    CHECK(!second.has_timestamp() && second.timestamp_ms() == -1);
    CHECK(events[2].kind() == lpc::EventKind::Other && events[2].json() == "7");
    // There is none.
    CHECK(events[3].kind() == lpc::EventKind::Other && events[3].json() == "");
    CHECK(events[3].metadata_json() == "" && !events[3].is_closed());

    std::vector<std::string> texts;
    for (const lpc::Event event : notification.events())
        texts.push_back(event.text());
    CHECK(texts == (std::vector<std::string>{first.text(), "", ""}));
    CHECK(std::count_if(events.begin(), events.end(), [](const lpc::Event &event) {
              return event.has_sequence();
          }) == 1);
    auto next = events.begin();
    CHECK((*next++).json() == text && (*next).json() == typing && next != events.begin());

    const std::pair<const char *, lpc::EventKind> kinds[] = {
        {"{\"type\":\"ContentEvent\",\"message\":{\"relativePath\":\"/a\"}}", lpc::EventKind::File},
        {"{\"type\":\"RichContentEvent\"}", lpc::EventKind::RichContent},
        {"{\"type\":\"AcceptStatusEvent\"}", lpc::EventKind::AcceptStatus},
        {"{\"type\":\"New\"}", lpc::EventKind::Other},
    };
    for (const auto &kind : kinds) {
        const auto one = lpc::Notification::parse(
            in_changes(std::string("{\"event\":") + kind.first + "}"));
        CHECK(one.events()[0].kind() == kind.second);
    }
    const auto told = lpc::Notification::parse(
        in_changes("{\"result\":{\"conversationDetails\":{\"state\":\"OPEN\"}}}"));
    CHECK(told.events()[0].kind() == lpc::EventKind::Conversation);
    CHECK(told.events()[0].state() == "OPEN" && told.events()[0].text().empty());
    const auto unknown = lpc::Notification::parse("{\"type\":\"new.Kind\"}");
    CHECK(unknown.type_name() == "new.Kind" && unknown.events().size() == 1);
    CHECK(unknown.events()[0].kind() == lpc::EventKind::Other);
    CHECK(unknown.events()[0].json() == unknown.raw());
    CHECK(lpc::Notification::parse(empty_body).type_name() == "");
}

void tests::notifications_of_an_end_and_metadata() {
    const auto ends = lpc::Notification::parse(in_changes(
        "{\"result\":{\"conversationDetails\":{\"state\":\"CLOSE\",\"stage\":\"OPEN\"}}},"
        "{\"result\":{\"conversationDetails\":{\"state\":\"CLOSE\",\"stage\":\"CLOSE\"}}}"));
    CHECK(ends.account_id() == "");
    CHECK(ends.events()[0].state() == "CLOSE" && !ends.events()[0].is_closed());
    CHECK(ends.events()[1].state() == "CLOSE" && ends.events()[1].is_closed());

    const auto question = lpc::Notification::parse(in_changes(
        "{\"dialogId\":\"d-2\",\"metadata\":[{\"type\":\"SurveyQuestion\"}],\"event\":{\"type\":"
        "\"RichContentEvent\",\"content\":{\"type\":\"vertical\",\"elements\":[{\"type\":\"text\","
        "\"text\":\"How was it?\"},{\"type\":\"button\",\"title\":\"Fine\"}]}}}"));
    const lpc::Event event = question.events()[0];
    CHECK(event.metadata_json() == "[{\"type\":\"SurveyQuestion\"}]");
    CHECK(event.kind() == lpc::EventKind::RichContent && event.text() == "How was it?\nFine");
    CHECK(event.conversation_id() == "" && event.dialog_id() == "d-2");
}

void tests::notifications_that_are_none() {
    for (const std::string body : {"", "{", "[]", "5", "\xC3"}) {
        const auto error = THROWS(lpc::ProtocolError, lpc::Notification::parse(body));
        CHECK(says(error, "the notification ") && error.status() == lpc::Status::Protocol);
    }
    // A body is bytes: a NUL ends nothing.
    THROWS(lpc::ProtocolError, lpc::Notification::parse(empty_body + std::string(1, '\0')));
}

void tests::notifications_are_handed_on() {
    static_assert(!std::is_copy_constructible<lpc::Notification>::value, "freed once");
    static_assert(std::is_nothrow_move_constructible<lpc::Notification>::value &&
                      std::is_nothrow_move_assignable<lpc::Notification>::value,
                  "so that vectors move them");
    lpc::Notification from = lpc::Notification::parse(in_changes("1,2"));
    const lpc::Event event = from.events()[1];
    lpc::Notification to = std::move(from);
    CHECK(to && event.json() == "2");
    // What is empty now tells nothing.
    CHECK(!from && from.handle() == nullptr && from.raw() == "" && from.type_name() == "");
    CHECK(from.account_id() == "");
    CHECK(from.events().empty() && from.events()[0].json() == "");
    CHECK(from.events().begin() == from.events().end());
    to = lpc::Notification::parse(in_changes("3"));
    CHECK(to.events()[0].json() == "3");
}

void tests::receiver() {
    Account account;
    lpc::Receiver receiver(listening(account));
    control("PUT", account, "/webhook", "{\"url\":\"" + receiver.url() + "\"}");
    control("PUT", account, "/agent", "{\"agent\":\"echo\"}");
    lpc::Client client = account.client();
    lpc::Consumer consumer = client.consumer("receiver");
    lpc::Conversation conversation = consumer.open();
    conversation.send_text("Hi");

    bool opened = false, own = false, answered = false;
    while (!answered) {
        const lpc::Notification notification = receiver.poll();
        CHECK(static_cast<bool>(notification));
        receiver.ack(notification);
        for (const lpc::Event event : notification.events()) {
            CHECK(event.conversation_id() == conversation.id());
            CHECK(notification.account_id() == account.id());
            opened = opened || event.kind() == lpc::EventKind::Conversation;
            if (event.kind() != lpc::EventKind::Text)
                continue;
            if (event.originator_id() == consumer.lp_id()) {
                CHECK(event.text() == "Hi" && event.originator_role() == "CONSUMER");
                own = true;
            } else {
                CHECK(event.text() == "You said: Hi");
                CHECK(event.originator_role() == "ASSIGNED_AGENT");
                answered = true;
            }
        }
    }
    CHECK(opened && own);
}

void tests::receiver_polls() {
    using std::chrono::milliseconds;
    lpc::Receiver receiver(alone().set("receiver.path", "/hooks"));
    CHECK(receiver.url().find("http://127.0.0.1:") == 0 && count(receiver.url(), "/hooks") == 1);
    for (const int timeout : {-1, 0, 1})
        CHECK(!receiver.poll(milliseconds(timeout)));
    CHECK(post(receiver, "sha1=bogus") == 401 && !receiver.poll(milliseconds(0)));
    CHECK(post(receiver) == 200);
    if (const lpc::Notification notification = receiver.poll(std::chrono::hours(1)))
        CHECK(notification.raw() == empty_body);
    else
        CHECK(!"it was queued");
    CHECK(post(receiver, sha1 + ",sha1=bogus") == 200);
    CHECK(!receiver.poll(milliseconds(0))); // It came before.

    lpc::Receiver kept(alone().set("receiver.duplicates.window", "0"));
    CHECK(post(kept) == 200 && post(kept) == 200);
    kept.shutdown();
    kept.shutdown();
    CHECK(kept.poll() && kept.poll(milliseconds::max()));
    CHECK(says(THROWS(lpc::Closed, kept.poll()), "receiver was shut down"));
    THROWS(lpc::Closed, kept.poll(milliseconds(0)));

    CHECK(says(THROWS(lpc::ConfigError, lpc::Receiver(lpc::Config())), "receiver.secret"));
    const std::string taken = receiver.url().substr(7, receiver.url().find('/', 7) - 7);
    CHECK(says(THROWS(lpc::IoError, lpc::Receiver(alone().set("receiver.listen", taken))),
               "cannot listen"));
}

void tests::receiver_stats() {
    lpc::Receiver receiver(alone());
    const auto number = [&receiver](const char *name) {
        return number_of(receiver.stats().c_str(), name);
    };
    CHECK(number("taken") == 0 && number("oldest_ms") == 0);
    CHECK(post(receiver) == 200 && post(receiver, "sha1=bogus") == 401);
    CHECK(number("taken") == 1 && number("queued") == 1 && number("given_out") == 0);
    CHECK(count(receiver.stats(), "\"refused\":[{\"status\":401,\"requests\":1}]") == 1);
    CHECK(count(receiver.prometheus(), "\nlpconnector_receiver_taken_total 1\n") == 1);
    receiver.ack(receiver.poll());
    CHECK(number("queued") == 0 && number("given_out") == 1 && number("acknowledged") == 1);
    receiver.shutdown();
    CHECK(number("taken") == 1);
}

void tests::receiver_new_credentials() {
    lpc::Receiver receiver(alone());
    THROWS(lpc::InvalidArgument, receiver.set_credentials("an-app", ""));
    CHECK(says(THROWS(lpc::InvalidArgument, receiver.set_credentials(std::string(1, '\0'), "x")),
               "client_id has"));
    CHECK(post(receiver) == 200);
    receiver.set_credentials("an-app", "of-tomorrow");
    CHECK(post(receiver) == 401);
    receiver.set_credentials("an-app", "of-tomorrow," + secret);
    CHECK(post(receiver) == 200);
}

void tests::receiver_acknowledgements() {
    lpc::Receiver receiver(alone().set("receiver.ack", "manual"));
    int status = 0;
    std::thread posts([&] { status = post(receiver); });
    const lpc::Notification notification = receiver.poll();
    receiver.ack(notification);
    posts.join();
    CHECK(status == 200);
    receiver.ack(notification);
    THROWS(lpc::InvalidArgument, receiver.ack(lpc::Notification::parse(empty_body)));
    lpc::Receiver other(alone());
    CHECK(says(THROWS(lpc::InvalidArgument, other.ack(notification)), "did not come from"));
    // Nothing came, and nothing is to be acknowledged.
    THROWS(lpc::InvalidArgument, receiver.ack(receiver.poll(std::chrono::milliseconds(0))));

    const int fd = other.fd();
#ifdef __linux__
    CHECK(fd >= 0);
#endif
    CHECK(other.fd() == fd);
    CHECK(post(other) == 200);
    const lpc::Notification first = other.poll();
    THROWS(lpc::InvalidArgument, other.nack(first, std::chrono::milliseconds(-1)));
    THROWS(lpc::InvalidArgument, other.nack(notification));
    other.nack(first);
    CHECK(other.poll().raw() == first.raw());
    other.nack(first, std::chrono::milliseconds(20));
    CHECK(other.poll().raw() == first.raw());

    lpc::Receiver hasty(alone().set("receiver.ack", "manual").set("receiver.ack.timeout.ms", "1"));
    CHECK(post(hasty) == 503);

    Directory directory;
    const std::string path = directory.file("inbox.db");
    directory.file("inbox.db-wal");
    directory.file("inbox.db-shm");
    const std::string store = "sqlite:" + path;
    {
        lpc::Receiver first(alone().set("receiver.store", store));
        CHECK(post(first) == 200);
    }
    lpc::Receiver second(alone().set("receiver.store", store));
    const lpc::Notification again = second.poll();
    CHECK(again.raw() == empty_body);
    second.ack(again);
}

void tests::receiver_in_threads() {
    lpc::Receiver receiver(alone().set("receiver.duplicates.window", "0"));
    std::atomic<int> came(0);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&] {
            try {
                while (receiver.poll())
                    came++;
            } catch (const lpc::Closed &) {
                return;
            }
            fail(__FILE__, __LINE__, "a poll without an end gave nothing");
        });
    for (int i = 0; i < 40; i++)
        CHECK(post(receiver) == 200);
    receiver.shutdown();
    for (auto &thread : threads)
        thread.join();
    CHECK(came == 40);
}

void tests::receiver_log() {
    std::atomic<int> lines(0);
    const std::thread::id here = std::this_thread::get_id();
    std::shared_ptr<int> owned = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = owned;
    {
        lpc::Receiver receiver(
            alone().set_log(lpc::LogLevel::Debug, [&lines, here, owned](lpc::LogLevel,
                                                                        const std::string &line) {
                CHECK(std::this_thread::get_id() != here);
                CHECK(count(line, secret) == 0 && count(line, "receiver") == 1);
                lines++;
            }));
        owned.reset();
        // The configuration is gone, its log is not.
        CHECK(!watched.expired());
        CHECK(post(receiver) == 200 && post(receiver, "sha1=bogus") == 401);
    }
    CHECK(lines == 2 && watched.expired());
}

void tests::receiver_moved() {
    static_assert(!std::is_copy_constructible<lpc::Receiver>::value, "freed once");
    static_assert(std::is_nothrow_move_constructible<lpc::Receiver>::value &&
                      std::is_nothrow_move_assignable<lpc::Receiver>::value,
                  "so that vectors move them");
    lpc::Receiver receiver(alone());
    CHECK(post(receiver) == 200);
    lpc::Receiver to = std::move(receiver);
    CHECK(receiver.handle() == nullptr && receiver.url() == "");
    receiver.shutdown();
    THROWS(lpc::InvalidArgument, receiver.poll());
    THROWS(lpc::InvalidArgument, receiver.poll(std::chrono::milliseconds(0)));
    THROWS(lpc::InvalidArgument, receiver.set_credentials("x", "y"));
    const lpc::Notification notification = to.poll();
    THROWS(lpc::InvalidArgument, receiver.ack(notification));
    to.ack(notification);
    // What was there listens no more, and its notification stays.
    to = lpc::Receiver(alone());
    CHECK(notification.raw() == empty_body && post(to) == 200);
    lpc::Config gone = alone();
    const lpc::Config kept = std::move(gone);
    THROWS(lpc::InvalidArgument, lpc::Receiver{gone});
}

void tests::receiver_assigned_while_it_logs() {
    struct Owned {
        ~Owned() { CHECK(running == 0); }
        std::atomic<int> running{0};
    };
    for (int i = 0; i < 20; i++) {
        auto owned = std::make_shared<Owned>();
        std::atomic<bool> is_in(false), is_assigning(false);
        lpc::Receiver receiver(alone().set_log(
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
        const std::string url = receiver.url();
        std::thread poster([&url] {
            http("POST", url, empty_body, "x-liveperson-signature: " + sha1 + "\r\n");
        });
        while (!is_in)
            std::this_thread::yield();
        is_assigning = true;
        receiver = lpc::Receiver(alone());
        poster.join();
    }
}
