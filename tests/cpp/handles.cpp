// Handles are moved, and keep alive what they need.
#include "harness.hpp"

#include <type_traits>

namespace {

template <typename T>
void check_type() {
    static_assert(!std::is_copy_constructible<T>::value && !std::is_copy_assignable<T>::value,
                  "two owners would free twice");
    static_assert(std::is_nothrow_move_constructible<T>::value &&
                      std::is_nothrow_move_assignable<T>::value,
                  "so that vectors move them");
}

/// Moves a handle into itself; compilers warn where they can see it.
template <typename T>
void move_into_itself(T &handle) {
    T &same = handle;
    const auto before = handle.handle();
    handle = std::move(same);
    CHECK(handle.handle() == before && before != nullptr);
}

} // namespace

void tests::moved_from() {
    check_type<lpc::Config>();
    check_type<lpc::Client>();
    check_type<lpc::Consumer>();
    check_type<lpc::Conversation>();
    check_type<lpc::Response>();

    Account account;
    lpc::Config config = account.config();
    lpc::Client client(config);
    lpc::Consumer consumer = client.consumer("moved");
    lpc::Conversation conversation = consumer.open();
    lpc::Response response = conversation.send_text("x");
    const lpc::Config config_to = std::move(config);
    const lpc::Client client_to = std::move(client);
    const lpc::Consumer consumer_to = std::move(consumer);
    const lpc::Conversation conversation_to = std::move(conversation);
    const lpc::Response response_to = std::move(response);

    CHECK(config.get("call.timeout.ms") == "");
    CHECK(conversation.id() == "" && conversation.dialog_id() == "");
    CHECK(response.request_id() == "" && response.code() == "" && response.body() == "");
    CHECK(response.raw() == "" && response.http_status() == 0 && response.attempts() == 0);
    CHECK(!response.has_sequence());
    CHECK(!config.handle() && !client.handle() && !consumer.handle() && !conversation.handle() &&
          !response.handle());
    client.shutdown();
    THROWS(lpc::InvalidArgument, config.set("account.id", "x"));
    THROWS(lpc::InvalidArgument, config.load_env());
    THROWS(lpc::InvalidArgument, config.load_file("x"));
    THROWS(lpc::InvalidArgument, lpc::Client{config});
    THROWS(lpc::InvalidArgument, config.set_log(lpc::LogLevel::Off, nullptr));
    THROWS(lpc::InvalidArgument, client.stats());
    THROWS(lpc::InvalidArgument, client.prometheus());
    THROWS(lpc::InvalidArgument, client.set_app_jwt("x"));
    THROWS(lpc::InvalidArgument, client.drop_app_jwt());
    THROWS(lpc::InvalidArgument, client.set_credentials("x", "y"));
    THROWS(lpc::InvalidArgument, client.consumer("x"));
    THROWS(lpc::InvalidArgument, client.consumer_from_jws("x"));
    THROWS(lpc::InvalidArgument, consumer.jws());
    THROWS(lpc::InvalidArgument, consumer.lp_id());
    THROWS(lpc::InvalidArgument, consumer.open());
    THROWS(lpc::InvalidArgument, consumer.attach("x"));
    THROWS(lpc::InvalidArgument, consumer.send_json("{}"));
    THROWS(lpc::InvalidArgument, consumer.batch_json("[]"));
    THROWS(lpc::InvalidArgument, conversation.send_text("x"));
    THROWS(lpc::InvalidArgument, conversation.send_event("{}"));
    THROWS(lpc::InvalidArgument, conversation.send_rich_content("{}"));
    THROWS(lpc::InvalidArgument, conversation.send_chat_state(lpc::ChatState::Pause));
    THROWS(lpc::InvalidArgument, conversation.send_accept_status(lpc::AcceptStatus::Read, {1}));
    THROWS(lpc::InvalidArgument, conversation.send_file("x.png"));
    THROWS(lpc::InvalidArgument, conversation.send_file_bytes("x", 1, "TXT"));
    THROWS(lpc::InvalidArgument, conversation.download_file("x", "y"));
    THROWS(lpc::InvalidArgument, conversation.set_progress([](std::uint64_t, std::uint64_t) {}));
    THROWS(lpc::InvalidArgument, conversation.set_progress(nullptr));
    THROWS(lpc::InvalidArgument, conversation.set_profile("{}"));
    THROWS(lpc::InvalidArgument, conversation.rate(5, true, lpc::CsatStatus::Filled));
    THROWS(lpc::InvalidArgument, conversation.set_ttr("URGENT"));
    THROWS(lpc::InvalidArgument, conversation.close());
    THROWS(lpc::InvalidArgument, conversation.close_stage());
    THROWS(lpc::InvalidArgument, conversation.close_dialog("x"));
}

void tests::moved_to() {
    Account account;
    lpc::Config config = account.config();
    lpc::Client client(config);
    lpc::Consumer consumer = client.consumer("moved");
    std::vector<lpc::Conversation> conversations;

    // The vector grows, and moves what it has.
    for (int i = 0; i < 5; i++)
        conversations.push_back(client.consumer("moved " + std::to_string(i)).open());
    for (auto &conversation : conversations)
        conversation.send_text("moved about");
    CHECK(count(account.conversations(), "moved about") == 5);
    // What was there is freed.
    conversations[0] = std::move(conversations[1]);
    conversations[0].send_text("assigned");
    conversations[1] = consumer.open();
    conversations[1].send_text("assigned");
    lpc::Response response = conversations[1].send_text("assigned");
    response = conversations[0].send_text("assigned");
    CHECK(response.code() == "OK");
    CHECK(count(account.conversations(), "assigned") == 4);
    config = account.config();
    client = lpc::Client(config);
    consumer = client.consumer("moved");
    CHECK(consumer.lp_id().size() == 64);
}

void tests::self_move() {
    Account account;
    lpc::Config config = account.config();
    lpc::Client client(config);
    lpc::Consumer consumer = client.consumer("moved");
    lpc::Conversation conversation = consumer.open();
    lpc::Response response = conversation.send_text("before");

    move_into_itself(config);
    move_into_itself(client);
    move_into_itself(consumer);
    move_into_itself(conversation);
    move_into_itself(response);
    CHECK(response.code() == "OK");
    conversation.set_progress([](std::uint64_t, std::uint64_t) {});
    conversation.send_text("after");
    CHECK(count(account.conversations(), "after") == 1);
}

void tests::handles_outlive_their_makers() {
    Account account;
    const auto send = [&account] {
        // Config, Client and Consumer are gone when this sends, the Conversation when it returns.
        lpc::Conversation conversation =
            lpc::Client(account.config()).consumer("outlive").open();
        return conversation.send_text("all others are gone");
    };
    const lpc::Response response = send();
    CHECK(response.code() == "OK" && response.body() == "{\"sequence\":0}");
    CHECK(count(account.conversations(), "all others are gone") == 1);
}

void tests::errors_outlive_everything() {
    std::exception_ptr kept;
    try {
        Account account;
        account.answer("{\"route\":\"send\",\"status\":503,\"body\":\"down\"}");
        account.client().consumer("errors").open().send_text("x");
    } catch (...) {
        kept = std::current_exception();
    }
    const auto error = THROWS(lpc::ServerError, std::rethrow_exception(kept));
    CHECK(error.body() == "down" && !error.request_id().empty());
}
