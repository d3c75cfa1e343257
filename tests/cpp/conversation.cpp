// What works when everything works.
#include "harness.hpp"

void tests::version_and_names() {
    CHECK(lpc::version() == std::to_string(LPC_VERSION_MAJOR) + "." +
                                std::to_string(LPC_VERSION_MINOR) + "." +
                                std::to_string(LPC_VERSION_PATCH));
    CHECK(lpc::abi_version() == LPC_ABI_VERSION);
    CHECK(lpc::status_name(lpc::Status::Ok) == "LPC_OK");
    CHECK(lpc::status_name(lpc::Status::RateLimited) == "LPC_RATE_LIMITED");
    CHECK(lpc::status_name(lpc::Status::AlreadyOpen) == "LPC_ALREADY_OPEN");
    CHECK(lpc::status_name(lpc::Status::Full) == "LPC_FULL");
    CHECK(lpc::status_name(static_cast<lpc::Status>(17)) == "LPC_UNKNOWN");
    CHECK(lpc::log_level_name(lpc::LogLevel::Off) == "OFF");
    CHECK(lpc::log_level_name(lpc::LogLevel::Trace) == "TRACE");
    CHECK(lpc::log_level_name(static_cast<lpc::LogLevel>(6)) == "UNKNOWN");
}

void tests::config() {
    Directory directory;
    const std::string path = directory.write(
        "settings.conf", "# settings\naccount.id = le2\ncall.timeout.ms = 7\n");
    lpc::Config config;

    CHECK(config.get("call.timeout.ms") == "60000");
    CHECK(config.get("account.id") == "");
    CHECK(config.get("no.such.key") == "");
    // Calls are chained on a name and on a temporary.
    CHECK(&config.set("account.id", "le1").set("client.secret", "very secret") == &config);
    CHECK(config.get("account.id") == "le1");
    CHECK(config.get("client.secret") == "***");
    config.set("account.id", "");
    CHECK(config.get("account.id") == "");

    lpc::Config chained = lpc::Config().load_env().load_file(path).set("call.timeout.ms", "8");
    CHECK(chained.get("account.id") == "le2");
    CHECK(chained.get("call.timeout.ms") == "8");
    CHECK(chained.get("domain.api.url") == std::getenv("LPC_DOMAIN_API_URL"));
    CHECK(config.load_env().load_file(path).get("account.id") == "le2");
}

void tests::conversation() {
    Account account;
    lpc::Client client = account.client();
    lpc::Consumer consumer = client.consumer("conversation");
    lpc::Conversation conversation = consumer.open();

    CHECK(conversation.id().size() == 36);
    CHECK(conversation.dialog_id() == conversation.id());
    const lpc::Response response =
        conversation.send_text("quote \" backslash \\ tab \t \xF0\x9F\x91\x8D");
    CHECK(response.http_status() == 200);
    CHECK(response.code() == "OK");
    CHECK(response.has_sequence() && response.sequence() == 0);
    CHECK(response.attempts() == 1);
    CHECK(response.request_id().size() >= 1 && response.request_id().size() <= 64);
    CHECK(response.body() == "{\"sequence\":0}");
    CHECK(response.raw().find(response.body()) != std::string::npos);
    CHECK(response.raw().find(response.request_id()) != std::string::npos);
    CHECK(conversation.close().code() == "OK");

    const std::string held = account.conversations();
    CHECK(count(held, "\"state\":\"CLOSE\"") >= 1);
    CHECK(count(held, "quote \\\" backslash \\\\ tab \\t \xF0\x9F\x91\x8D") == 1);
}

void tests::every_send() {
    Account account;
    lpc::Client client = account.client();
    lpc::Conversation conversation = client.consumer("sends").open();
    const char *const metadata = "[{\"type\":\"ExternalId\",\"id\":\"order-7\"}]";
    const char *const text_event =
        "{\"type\":\"ContentEvent\",\"contentType\":\"text/plain\",\"message\":\"an event\"}";

    CHECK(conversation.send_event(text_event).code() == "OK");
    CHECK(conversation.send_event(text_event, metadata).code() == "OK");
    CHECK(conversation.send_rich_content("{\"type\":\"vertical\",\"elements\":[]}").code() == "OK");
    CHECK(conversation.send_rich_content("{\"type\":\"carousel\",\"elements\":[]}", metadata)
              .code() == "OK");
    conversation.send_chat_state(lpc::ChatState::Active);
    conversation.send_chat_state(lpc::ChatState::Inactive);
    conversation.send_chat_state(lpc::ChatState::Gone);
    conversation.send_chat_state(lpc::ChatState::Composing);
    conversation.send_chat_state(lpc::ChatState::Pause);
    conversation.send_accept_status(lpc::AcceptStatus::Accept, {1});
    conversation.send_accept_status(lpc::AcceptStatus::Read, {2, 3});
    conversation.send_accept_status(lpc::AcceptStatus::Access, {4});
    conversation.send_accept_status(lpc::AcceptStatus::Nack, {5});
    conversation.send_accept_status(lpc::AcceptStatus::Action, {6}, metadata);
    conversation.set_profile("{\"personal\":{\"firstname\":\"Ada\"}}");
    conversation.set_ttr("URGENT");
    conversation.set_ttr("CUSTOM", 42);
    conversation.rate(4, true, lpc::CsatStatus::PartiallyFilled);
    conversation.close_dialog(conversation.dialog_id());

    const std::string held = account.conversations(), requests = account.requests();
    CHECK(count(held, "\"an event\"") == 2);
    CHECK(count(held, "\"order-7\"") == 3);
    CHECK(count(held, "\"vertical\"") == 1 && count(held, "\"carousel\"") == 1);
    for (const char *state : {"ACTIVE", "INACTIVE", "GONE", "COMPOSING", "PAUSE"})
        CHECK(count(requests, "\\\"chatState\\\":\\\"" + std::string(state) + "\\\"") == 1);
    const struct {
        const char *status, *sequences;
    } accepts[] = {{"ACCEPT", "1"}, {"READ", "2,3"}, {"ACCESS", "4"}, {"NACK", "5"}, {"ACTION", "6"}};
    for (const auto &accept : accepts)
        CHECK(count(requests, "\\\"status\\\":\\\"" + std::string(accept.status) +
                                  "\\\",\\\"sequenceList\\\":[" + accept.sequences + "]") == 1);
    CHECK(count(held, "\"Ada\"") >= 1);
    CHECK(count(requests, "\\\"csatRate\\\":4,\\\"csatResolutionConfirmation\\\":true,"
                          "\\\"status\\\":\\\"PARTIALLY_FILLED\\\"") == 1);
    CHECK(count(held, "Closed by consumer") >= 1);
    CHECK(count(requests, "\\\"ttrType\\\":\\\"URGENT\\\",\\\"value\\\":300}") == 1);
    CHECK(count(requests, "\\\"ttrType\\\":\\\"CUSTOM\\\",\\\"value\\\":42}") == 1);

    // That was its only dialog: closed, it can still be rated.
    conversation.rate(1, false, lpc::CsatStatus::Filled);
    conversation.rate(5, false, lpc::CsatStatus::Skipped);
    const std::string after = account.requests();
    CHECK(count(after, "\\\"status\\\":\\\"FILLED\\\"") == 1);
    CHECK(count(after, "\\\"status\\\":\\\"SKIPPED\\\"") == 1);
}

void tests::optional_text() {
    Account account;
    lpc::Consumer consumer = account.client().consumer("optional");
    lpc::Conversation conversation = consumer.open("");

    CHECK(consumer.attach(conversation.id(), "").dialog_id() == conversation.id());
    conversation.send_event("{\"type\":\"ChatStateEvent\",\"chatState\":\"PAUSE\"}", "");
    conversation.send_rich_content("{\"type\":\"text\"}", "");
    conversation.send_accept_status(lpc::AcceptStatus::Read, {0}, "");
    CHECK(count(account.requests(), "\\\"metadata\\\"") == 0);
}

void tests::attach() {
    Account account;
    lpc::Consumer consumer = account.client().consumer("attach");
    const lpc::Conversation opened = consumer.open();
    const lpc::Conversation dialog = consumer.attach("c-1", "{\"dialogId\":\"d-2\"}");

    CHECK(dialog.id() == "c-1" && dialog.dialog_id() == "d-2");
    consumer.attach(opened.id()).send_text("by another handle");
    CHECK(count(account.conversations(), "by another handle") == 1);

    // What a conversation was opened with belongs on each of its requests, also after a restart.
    CHECK(count(account.requests(), "client-properties") == 0);
    consumer
        .attach(opened.id(), "{\"clientProperties\":{\"appId\":\"kiosk\",\"new\":7},"
                             "\"features\":[\"MULTI_DIALOG\",\"OF_TOMORROW\"]}")
        .send_text("after a restart");
    const std::string requests = account.requests();
    CHECK(count(requests, "client-properties") == 1);
    CHECK(count(requests, "\\\"appId\\\":\\\"kiosk\\\"") == 1);
    CHECK(count(requests, "\\\"new\\\":7") == 1);
    CHECK(count(requests, "[\\\"MULTI_DIALOG\\\",\\\"OF_TOMORROW\\\"]") == 1);
}

void tests::close_stage() {
    Account account;
    lpc::Conversation conversation = account.client().consumer("stage").open();

    CHECK(conversation.close_stage().code() == "OK");
    CHECK(THROWS(lpc::Closed, conversation.send_text("late")).attempts() == 0);
    CHECK(count(account.requests(), "\\\"field\\\":\\\"Stage\\\"") == 1);
    CHECK(count(account.conversations(), "\"state\":\"CLOSE\"") >= 1);
}

void tests::new_credentials() {
    Account account;
    lpc::Client client = account.client_with("client.secret", "of-yesterday");
    lpc::Consumer consumer = client.consumer("credentials");

    THROWS(lpc::Unauthorized, consumer.open());
    THROWS(lpc::InvalidArgument, client.set_credentials("x", ""));
    client.set_credentials(account.client_id(), account.client_secret());
    consumer.open().send_text("x");
}

void tests::consumer_tokens() {
    Account account;
    lpc::Client client = account.client();
    lpc::Consumer consumer = client.consumer("tokens");
    const std::string lp_id = consumer.lp_id(), jws = consumer.jws();

    CHECK(lp_id.size() == 64);
    CHECK(consumer.jws() == jws);
    CHECK(count(account.requests(), "\"route\":\"consumer\"") == 1);
    lpc::Consumer same = client.consumer_from_jws(jws);
    CHECK(same.lp_id() == lp_id);
    same.attach(consumer.open().id()).send_text("same consumer");
    CHECK(count(account.requests(), "\"route\":\"consumer\"") == 1);

    const auto error = THROWS(lpc::InvalidArgument, client.consumer_from_jws("not a jws"));
    CHECK(std::string(error.what()).find("not a jws") == std::string::npos);
}

void tests::raw_json() {
    Account account;
    lpc::Consumer consumer = account.client().consumer("raw");
    lpc::Conversation conversation = consumer.open();
    const lpc::Response sent = consumer.send_json(
        "{ \"kind\":\"req\", \"id\": 5, \"type\":\"ms.PublishEvent\", \"body\":{\"dialogId\":\"" +
        conversation.id() +
        "\",\"event\":{\"type\":\"ChatStateEvent\",\"chatState\":\"COMPOSING\"}}}");

    CHECK(sent.request_id() == "5");
    CHECK(count(account.requests(), "{ \\\"kind\\\":\\\"req\\\", \\\"id\\\": 5,") == 1);
    conversation.close(); // A consumer has one that is open.
    const lpc::Response batch = consumer.batch_json(
        "[{\"kind\":\"req\",\"id\":\"1,\",\"type\":\"userprofile.SetUserProfile\",\"body\":{}},"
        "{\"kind\":\"req\",\"type\":\"cm.ConsumerRequestConversation\",\"body\":{\"brandId\":\"" +
        account.id() +
        "\"}},{\"kind\":\"req\",\"id\":\"1,\",\"type\":\"ms.PublishEvent\",\"body\":{\"dialogId\":\"\","
        "\"event\":{\"type\":\"ContentEvent\",\"contentType\":\"text/plain\",\"message\":\"x\"}}}]");
    CHECK(batch.request_id() == "1,");
    CHECK(!batch.has_sequence() && batch.sequence() == -1);
    CHECK(batch.body().front() == '[' && batch.body().back() == ']');
    THROWS(lpc::InvalidArgument, consumer.send_json("[]"));
    THROWS(lpc::InvalidArgument, consumer.batch_json("{}"));
    THROWS(lpc::InvalidArgument, consumer.batch_json(""));
}

void tests::given_app_jwt() {
    Account account;
    const std::string jwt = account.app_jwt();
    lpc::Client client(account.config()
                           .set("client.id", "")
                           .set("client.secret", "")
                           .set("app.jwt", jwt));
    lpc::Conversation conversation = client.consumer("given").open();

    CHECK(count(account.requests(), "\"route\":\"token\"") == 0);
    THROWS(lpc::InvalidArgument, client.set_app_jwt("a\r\nb"));
    THROWS(lpc::InvalidArgument, client.set_app_jwt(""));
    conversation.send_text("still the first token");
    client.set_app_jwt("abc.def.ghi");
    CHECK(THROWS(lpc::Unauthorized, conversation.send_text("x")).service_code() == 40102);
    client.drop_app_jwt();
    THROWS(lpc::ConfigError, conversation.send_text("x"));
    client.set_app_jwt(jwt);
    conversation.send_text("again");
}

void tests::profile_and_first_message() {
    Account account;
    account.client()
        .consumer("profile")
        .open("{\"profile\":{\"personal\":{\"firstname\":\"Grace\"}},\"firstMessage\":\"Hi \\u263a\"}");
    const std::string held = account.conversations();
    CHECK(count(held, "\"Grace\"") >= 1);
    CHECK(count(held, "\"Hi \xE2\x98\xBA\"") == 1);
    CHECK(count(account.requests(), "\"route\":\"conversation\"") == 1);
}

void tests::mixing_with_c() {
    Account account;
    lpc::Conversation conversation = account.client().consumer("mixing").open();
    lpc_error *err = nullptr;

    CHECK_OK(lpc_conversation_send_text(conversation.handle(), "from C", nullptr, &err), &err);
    const lpc::Response response = conversation.send_text("from C++");
    CHECK(lpc_response_http_status(response.handle()) == 200);
    const std::string held = account.conversations();
    CHECK(count(held, "\"from C\"") == 1 && count(held, "\"from C++\"") == 1);
}
