// Every exception that a C++ program can meet, from its real cause, and what it says.
#include "harness.hpp"

#include <type_traits>

namespace {

/// An open conversation.
struct Scene {
    explicit Scene(const std::string &key = "call.timeout.ms", const std::string &value = "60000")
        : client(account.client_with(key, value)), consumer(client.consumer("errors")),
          conversation(consumer.open()) {}

    Account account;
    lpc::Client client;
    lpc::Consumer consumer;
    lpc::Conversation conversation;
};

bool says(const lpc::Error &error, const std::string &part) {
    return std::string(error.what()).find(part) != std::string::npos;
}

/// The class that a status gives, thrown by the check that every call goes through.
template <typename Expected>
void check_class(lpc_status status) {
    lpc_error *none = nullptr;
    const auto error = THROWS(Expected, lpc::detail::check(status, none));
    CHECK(error.status() == static_cast<lpc::Status>(status));
}

} // namespace

void tests::error_fields() {
    Scene scene;
    lpc::Conversation foreign = scene.client.consumer("stranger").attach(scene.conversation.id());

    const auto refused = THROWS(lpc::Unauthorized, foreign.send_text("let me in"));
    CHECK(refused.status() == lpc::Status::Unauthorized);
    CHECK(refused.http_status() == 401 && refused.service_code() == 40103);
    CHECK(!refused.title().empty() && !refused.details().empty());
    CHECK(!refused.request_id().empty() && refused.attempts() == 1);
    CHECK(!refused.is_retryable() && !refused.maybe_delivered());
    CHECK(refused.retry_after_ms() == -1);
    CHECK(refused.body().find("40103") != std::string::npos);
    CHECK(std::string(refused.what()).size() > 10);

    // A body is bytes: a NUL ends nothing.
    scene.account.answer("{\"route\":\"send\",\"status\":418,\"body\":\"a\\u0000b\"}");
    CHECK(THROWS(lpc::Rejected, scene.conversation.send_text("x")).body() ==
          std::string("a\0b", 3));

    // Copies, and what was moved from, tell the same.
    lpc::Unauthorized original = refused;
    const lpc::Error sliced = original;
    const lpc::Unauthorized moved = std::move(original);
    CHECK(moved.title() == refused.title() && original.title() == refused.title());
    CHECK(sliced.body() == refused.body() && std::string(sliced.what()) == refused.what());
    static_assert(std::is_nothrow_copy_constructible<lpc::Error>::value, "while it is thrown");
    static_assert(std::is_base_of<std::runtime_error, lpc::Error>::value, "caught as standard");
}

void tests::classes_of_every_status() {
    check_class<lpc::InvalidArgument>(LPC_INVALID_ARGUMENT);
    check_class<lpc::ConfigError>(LPC_CONFIG);
    check_class<lpc::ConnectError>(LPC_CONNECT);
    check_class<lpc::TlsError>(LPC_TLS);
    check_class<lpc::Timeout>(LPC_TIMEOUT);
    check_class<lpc::Unauthorized>(LPC_UNAUTHORIZED);
    check_class<lpc::Rejected>(LPC_REJECTED);
    check_class<lpc::RateLimited>(LPC_RATE_LIMITED);
    check_class<lpc::ServerError>(LPC_SERVER);
    check_class<lpc::ProtocolError>(LPC_PROTOCOL);
    check_class<lpc::Closed>(LPC_CLOSED);
    check_class<lpc::IoError>(LPC_IO);
    check_class<lpc::SignatureError>(LPC_SIGNATURE);
    check_class<lpc::Empty>(LPC_EMPTY);
    check_class<lpc::AlreadyOpen>(LPC_ALREADY_OPEN);
    check_class<lpc::Full>(LPC_FULL);
    check_class<lpc::InternalError>(LPC_INTERNAL);
    static_assert(std::is_base_of<lpc::Rejected, lpc::AlreadyOpen>::value, "caught as refused");
    // A status of a newer library.
    check_class<lpc::Error>(17);
}

void tests::invalid_argument() {
    Account account;
    lpc::Client client = account.client();
    lpc::Consumer consumer = client.consumer("invalid");
    lpc::Conversation conversation = consumer.attach("c-1");
    const std::string bad = "\xC3\x28";

    CHECK(says(THROWS(lpc::InvalidArgument, conversation.send_text(bad)), "text is not UTF-8"));
    THROWS(lpc::InvalidArgument, client.consumer(""));
    THROWS(lpc::InvalidArgument, consumer.attach(""));
    CHECK(says(THROWS(lpc::InvalidArgument, consumer.open("{\"firstMesage\":1}")),
               "did you mean 'firstMessage'?"));
    CHECK(says(THROWS(lpc::InvalidArgument, consumer.attach("c-1", "{\"dialogid\":\"d\"}")),
               "did you mean 'dialogId'?"));
    THROWS(lpc::InvalidArgument, consumer.attach("c-1", "d-2"));
    THROWS(lpc::InvalidArgument, consumer.attach("c-1", "{\"dialogId\":\"\"}"));
    CHECK(says(THROWS(lpc::InvalidArgument, conversation.send_file("x", "{\"preview\":\"y\"}")),
               "did you mean 'previewPath'?"));
    THROWS(lpc::InvalidArgument, conversation.send_file_bytes("x", 1, "TXT", "a caption"));
    THROWS(lpc::InvalidArgument, conversation.set_ttr(""));
    THROWS(lpc::InvalidArgument, conversation.set_ttr("CUSTOM"));
    THROWS(lpc::InvalidArgument, conversation.set_ttr("URGENT", -2));
    THROWS(lpc::InvalidArgument, consumer.open("[]"));
    THROWS(lpc::InvalidArgument, conversation.send_event("[]"));
    THROWS(lpc::InvalidArgument, conversation.send_event("{}", "{}"));
    THROWS(lpc::InvalidArgument, conversation.send_rich_content("5"));
    THROWS(lpc::InvalidArgument, conversation.send_chat_state(static_cast<lpc::ChatState>(5)));
    THROWS(lpc::InvalidArgument, conversation.send_accept_status(lpc::AcceptStatus::Read, {}));
    THROWS(lpc::InvalidArgument, conversation.send_accept_status(lpc::AcceptStatus::Read, {-1}));
    THROWS(lpc::InvalidArgument, conversation.set_profile("{\"personal\":1}"));
    THROWS(lpc::InvalidArgument, conversation.rate(0, true, lpc::CsatStatus::Filled));
    THROWS(lpc::InvalidArgument, conversation.rate(6, true, lpc::CsatStatus::Filled));
    THROWS(lpc::InvalidArgument, conversation.close_dialog(""));
    THROWS(lpc::InvalidArgument, conversation.send_file_bytes(nullptr, 5, "PNG"));
    THROWS(lpc::InvalidArgument, conversation.send_file_bytes({}, "PNG"));
    CHECK(account.requests() == "[]");
}

void tests::config_error() {
    lpc::Config config;
    const auto error = THROWS(lpc::ConfigError, config.set("conect.timeout.ms", "1"));

    CHECK(says(error, "did you mean 'connect.timeout.ms'?"));
    CHECK(error.http_status() == 0 && error.attempts() == 0 && error.request_id().empty());
    CHECK(error.body().empty() && error.retry_after_ms() == -1);
    THROWS(lpc::ConfigError, lpc::Config().set("call.timeout.ms", "soon"));
    CHECK(says(THROWS(lpc::ConfigError, lpc::Client(std::move(config))), "account.id"));
}

void tests::io_error() {
    Account account;

    CHECK(says(THROWS(lpc::IoError, lpc::Config().load_file("/nonexistent/lp.conf")),
               "/nonexistent/lp.conf"));
    THROWS(lpc::IoError, account.client_with("tls.ca.file", "/nonexistent/ca.pem"));
    THROWS(lpc::IoError,
           account.client().consumer("io").attach("c-1").send_file("/nonexistent/a.png"));
}

void tests::connect_error() {
    Account account;
    // Port 1 of this machine: nothing listens there.
    const auto refused = THROWS(
        lpc::ConnectError, account.client_with("domain.messaging", "https://127.0.0.1:1")
                               .consumer("x").attach("c-1").send_text("x"));
    CHECK(refused.is_retryable() && !refused.maybe_delivered());

    Scene scene;
    scene.account.answer("{\"route\":\"send\",\"reset\":true}");
    const auto broken = THROWS(lpc::ConnectError, scene.conversation.send_text("x"));
    CHECK(broken.maybe_delivered() && !broken.request_id().empty());
}

void tests::tls_error() {
    Account account;
    // The system's roots do not know the sandbox's CA.
    lpc::Client client = account.client_with("tls.ca.file", "");
    CHECK(!THROWS(lpc::TlsError, client.consumer("x").open()).maybe_delivered());
}

void tests::timeout() {
    Scene scene("request.timeout.ms", "3000");
    scene.account.answer("{\"route\":\"send\",\"stall\":true}");
    const auto error = THROWS(lpc::Timeout, scene.conversation.send_text("x"));
    CHECK(error.is_retryable() && error.maybe_delivered() && error.http_status() == 0);
}

void tests::unauthorized() {
    Account account;
    lpc::Consumer consumer =
        account.client_with("client.secret", "wr0ng-s3cret").consumer("unauthorized");
    const auto error = THROWS(lpc::Unauthorized, consumer.open());
    CHECK(error.title() == "invalid_client");
    CHECK(!says(error, "wr0ng"));
    THROWS(lpc::Unauthorized, consumer.jws());
    THROWS(lpc::Unauthorized, consumer.lp_id());
}

void tests::rejected() {
    Scene scene;
    // In whatever form the service says why, its text gets here.
    scene.account.answer("{\"route\":\"send\",\"status\":400,\"body\":"
                         "\"[{\\\"code\\\":\\\"BAD_REQUEST\\\",\\\"body\\\":\\\"Not like this\\\"}]\"}");
    const auto told = THROWS(lpc::Rejected, scene.conversation.send_text("x"));
    CHECK(told.http_status() == 400 && told.details() == "Not like this");

    // A request inside the batch is refused, in an answer with HTTP 200.
    lpc::Consumer other = scene.client.consumer("another");
    const auto error = THROWS(lpc::Rejected, other.batch_json(
        "[{\"kind\":\"req\",\"id\":\"a\",\"type\":\"userprofile.SetUserProfile\",\"body\":{}},"
        "{\"kind\":\"req\",\"id\":\"b\",\"type\":\"cm.ConsumerRequestConversation\",\"body\":"
        "{\"brandId\":\"" + scene.account.id() + "\"}},"
        "{\"kind\":\"req\",\"id\":\"c\",\"type\":\"ms.PublishEvent\",\"body\":{\"dialogId\":\"\","
        "\"event\":5}}]"));
    CHECK(error.http_status() == 200 && error.request_id() == "c");
}

void tests::rate_limited() {
    Scene scene;
    scene.account.answer("{\"route\":\"send\",\"status\":429,\"headers\":{\"Retry-After\":\"2\"},"
                         "\"body\":\"\"}");
    const auto error = THROWS(lpc::RateLimited, scene.conversation.send_text("x"));
    CHECK(error.http_status() == 429 && error.retry_after_ms() == 2000 && error.is_retryable());
}

void tests::server_error() {
    Scene scene;
    scene.account.answer("{\"route\":\"send\",\"status\":503,\"body\":\"<html>down</html>\"}");
    const auto error = THROWS(lpc::ServerError, scene.conversation.send_text("x"));
    CHECK(error.http_status() == 503 && error.body() == "<html>down</html>");
}

void tests::protocol_error() {
    Scene scene;
    scene.account.answer("{\"route\":\"send\",\"status\":200,\"body\":\"not json\"}");
    const auto error = THROWS(lpc::ProtocolError, scene.conversation.send_text("x"));
    CHECK(error.http_status() == 200 && error.maybe_delivered());
}

void tests::closed() {
    Scene scene;
    scene.conversation.close();
    CHECK(THROWS(lpc::Closed, scene.conversation.send_text("x")).attempts() == 0);
    THROWS(lpc::Closed, scene.conversation.close());

    Scene other;
    other.client.shutdown();
    other.client.shutdown();
    THROWS(lpc::Closed, other.conversation.send_text("x"));

    // The service has closed it meanwhile, and says so.
    Scene third;
    third.account.close_conversation(third.conversation.id());
    const auto error = THROWS(lpc::Closed, third.conversation.send_text("x"));
    CHECK(error.http_status() == 400 && error.attempts() == 1 && !error.details().empty());
}

void tests::already_open() {
    Scene scene;
    const auto error = THROWS(lpc::AlreadyOpen, scene.consumer.open());
    CHECK(error.details().find("already has open conversation") != std::string::npos);
    CHECK(!error.is_retryable() && !error.maybe_delivered());
    scene.conversation.close();
    scene.consumer.open();
}

void tests::nul_inside() {
    Account account;
    lpc::Config config = account.config();
    lpc::Client client(config);
    lpc::Consumer consumer = client.consumer("nul");
    lpc::Conversation conversation = consumer.attach("c-1");
    const std::string nul("5\0cut", 5);

// The call must name the argument of this name.
#define REFUSED(name, call)                                                                    \
    CHECK(std::string(THROWS(lpc::InvalidArgument, call).what()) == name " has a NUL inside")

    REFUSED("key", config.set(nul, "x"));
    REFUSED("value", config.set("call.timeout.ms", nul));
    REFUSED("key", config.get(nul));
    REFUSED("path", config.load_file(nul));
    REFUSED("jwt", client.set_app_jwt(nul));
    REFUSED("ext_consumer_id", client.consumer(nul));
    REFUSED("jws", client.consumer_from_jws(nul));
    REFUSED("options_json", consumer.open(nul));
    REFUSED("conversation_id", consumer.attach(nul));
    REFUSED("options_json", consumer.attach("c-1", nul));
    REFUSED("text", conversation.send_text(nul));
    REFUSED("event_json", conversation.send_event(nul));
    REFUSED("metadata_json", conversation.send_event("{}", nul));
    REFUSED("content_json", conversation.send_rich_content(nul));
    REFUSED("metadata_json", conversation.send_rich_content("{}", nul));
    REFUSED("metadata_json", conversation.send_accept_status(lpc::AcceptStatus::Read, {1}, nul));
    REFUSED("profile_json", conversation.set_profile(nul));
    REFUSED("dialog_id", conversation.close_dialog(nul));
    REFUSED("path", conversation.send_file(nul));
    REFUSED("options_json", conversation.send_file("a.png", nul));
    REFUSED("ttr", conversation.set_ttr(nul));
    REFUSED("client_id", client.set_credentials(nul, "x"));
    REFUSED("client_secret", client.set_credentials("x", nul));
    REFUSED("file_type", conversation.send_file_bytes("x", 1, nul));
    REFUSED("options_json", conversation.send_file_bytes("x", 1, "TXT", nul));
    REFUSED("relative_path", conversation.download_file(nul, "x"));
    REFUSED("to_path", conversation.download_file("x", nul));
    // A text that begins with one is not an absent text.
    REFUSED("options_json", consumer.attach("c-1", std::string(1, '\0')));
    // Raw JSON has a length, and no NUL in it.
    THROWS(lpc::InvalidArgument, consumer.send_json(std::string("{}\0", 3)));
    THROWS(lpc::InvalidArgument, consumer.batch_json(std::string("[{}]\0", 5)));

    CHECK(config.get("call.timeout.ms") == "60000");
    CHECK(account.requests() == "[]");
#undef REFUSED
}
