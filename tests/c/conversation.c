/* What works when everything works. */
#include "harness.h"

void test_versions(void)
{
    char header[32];

    snprintf(header, sizeof header, "%d.%d.%d", LPC_VERSION_MAJOR, LPC_VERSION_MINOR,
             LPC_VERSION_PATCH);
    CHECK_TEXT(header, lpc_version());
    CHECK(lpc_abi_version() == LPC_ABI_VERSION);
}

void test_status_names(void)
{
    CHECK_TEXT("LPC_OK", lpc_status_name(LPC_OK));
    CHECK_TEXT("LPC_REJECTED", lpc_status_name(LPC_REJECTED));
    CHECK_TEXT("LPC_ALREADY_OPEN", lpc_status_name(LPC_ALREADY_OPEN));
    CHECK_TEXT("LPC_FULL", lpc_status_name(LPC_FULL));
    CHECK_TEXT("LPC_INTERNAL", lpc_status_name(LPC_INTERNAL));
    CHECK_TEXT("LPC_UNKNOWN", lpc_status_name(17));
    CHECK_TEXT("LPC_UNKNOWN", lpc_status_name(-1));
}

void test_log_level_names(void)
{
    static const char *const names[] = {"OFF", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"};
    lpc_log_level level;

    for (level = LPC_LOG_LEVEL_OFF; level <= LPC_LOG_LEVEL_TRACE; level++)
        CHECK_TEXT(names[level], lpc_log_level_name(level));
    CHECK_TEXT("UNKNOWN", lpc_log_level_name(LPC_LOG_LEVEL_TRACE + 1));
    CHECK_TEXT("UNKNOWN", lpc_log_level_name(-1));
}

void test_config(void)
{
    lpc_config *config = lpc_config_new();
    const char *kept;
    lpc_error *err = NULL;

    CHECK_TEXT("60000", lpc_config_get(config, "call.timeout.ms"));
    CHECK(lpc_config_get(config, "account.id") == NULL);
    CHECK(lpc_config_get(config, "no.such.key") == NULL);
    CHECK_OK(lpc_config_set(config, "account.id", "le1", &err), &err);
    CHECK_OK(lpc_config_set(config, "client.secret", "very secret", &err), &err);
    kept = lpc_config_get(config, "account.id");
    CHECK_TEXT("***", lpc_config_get(config, "client.secret"));
    CHECK_OK(lpc_config_set(config, "call.timeout.ms", "5", &err), &err);
    CHECK_TEXT("5", lpc_config_get(config, "call.timeout.ms"));
    /* Valid until the same key is set again. */
    CHECK_TEXT("le1", kept);
    CHECK(lpc_config_get(config, "account.id") == kept);
    CHECK_STATUS(LPC_IO, lpc_config_load_file(config, "/nonexistent", &err), &err);
    CHECK_TEXT("le1", kept);
    lpc_error_free(err);
    lpc_config_free(config);
}

void test_conversation(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "conversation");
    lpc_conversation *conversation = NULL;
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    size_t len = 0;
    char *held;

    CHECK_OK(lpc_conversation_open(consumer, "{\"firstMessage\":\"Hi \\u263a\"}", &conversation,
                                   &err), &err);
    CHECK(strlen(lpc_conversation_id(conversation)) == 36);
    CHECK_TEXT(lpc_conversation_id(conversation), lpc_conversation_dialog_id(conversation));

    CHECK_OK(lpc_conversation_send_text(conversation, "quote \" backslash \\ tab \t \xF0\x9F\x91\x8D",
                                        &response, &err), &err);
    CHECK(lpc_response_http_status(response) == 200);
    CHECK_TEXT("OK", lpc_response_code(response));
    CHECK(lpc_response_sequence(response) == 1); /* The first message is 0. */
    CHECK(lpc_response_attempts(response) == 1);
    CHECK(strlen(lpc_response_request_id(response)) >= 1);
    CHECK(strlen(lpc_response_request_id(response)) <= 64);
    CHECK(lpc_response_body(response, &len) != NULL);
    CHECK(len == strlen("{\"sequence\":1}"));
    CHECK(memcmp(lpc_response_body(response, NULL), "{\"sequence\":1}", len) == 0);
    CHECK(lpc_response_raw(response, &len) != NULL && len > 14);
    lpc_response_free(response);

    CHECK_OK(lpc_conversation_close(conversation, &response, &err), &err);
    CHECK_TEXT("OK", lpc_response_code(response));
    lpc_response_free(response);

    held = account_conversations(&a);
    CHECK(occurrences(held, "\"state\":\"CLOSE\"") >= 1);
    CHECK(occurrences(held, "\"Hi \xE2\x98\xBA\"") == 1);
    CHECK(occurrences(held, "quote \\\" backslash \\\\ tab \\t \xF0\x9F\x91\x8D") == 1);
    free(held);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

void test_attach(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "attach");
    lpc_conversation *opened = new_conversation(consumer);
    lpc_conversation *attached = NULL, *dialog = NULL;
    lpc_error *err = NULL;
    char *held;

    CHECK_OK(lpc_conversation_attach(consumer, lpc_conversation_id(opened), NULL, &attached, &err),
             &err);
    CHECK_TEXT(lpc_conversation_id(opened), lpc_conversation_id(attached));
    CHECK_OK(lpc_conversation_attach(consumer, "c-1", "{\"dialogId\":\"d-2\"}", &dialog, &err),
             &err);
    CHECK_TEXT("c-1", lpc_conversation_id(dialog));
    CHECK_TEXT("d-2", lpc_conversation_dialog_id(dialog));
    lpc_conversation_free(opened);
    CHECK_OK(lpc_conversation_send_text(attached, "by another handle", NULL, &err), &err);
    held = account_conversations(&a);
    CHECK(occurrences(held, "by another handle") == 1);
    free(held);
    lpc_conversation_free(attached);
    lpc_conversation_free(dialog);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

/* What a conversation was opened with belongs on each of its requests, also after a restart. */
void test_attach_with_a_channel(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "channel");
    lpc_conversation *opened = new_conversation(consumer), *attached = NULL;
    lpc_error *err = NULL;
    char *requests;

    CHECK_OK(lpc_conversation_attach(consumer, lpc_conversation_id(opened),
                                     "{\"clientProperties\":{\"appId\":\"kiosk\",\"new\":7},"
                                     "\"features\":[\"MULTI_DIALOG\",\"OF_TOMORROW\"]}",
                                     &attached, &err), &err);
    CHECK_TEXT(lpc_conversation_id(opened), lpc_conversation_dialog_id(attached));
    CHECK_OK(lpc_conversation_send_text(attached, "again", NULL, &err), &err);
    requests = account_requests(&a);
    CHECK(occurrences(requests, "\"client-properties\":") == 1);
    CHECK(occurrences(requests, "\\\"appId\\\":\\\"kiosk\\\"") == 1);
    CHECK(occurrences(requests, "\\\"new\\\":7") == 1);
    CHECK(occurrences(requests, "[\\\"MULTI_DIALOG\\\",\\\"OF_TOMORROW\\\"]") == 1);
    free(requests);
    lpc_conversation_free(attached);
    lpc_conversation_free(opened);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

void test_consumer_tokens(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "tokens"), *same = NULL, *bad = NULL;
    lpc_conversation *conversation, *attached = NULL;
    const char *jws = NULL, *again = NULL, *lp_id = NULL, *same_lp_id = NULL;
    lpc_error *err = NULL;
    char *requests;

    CHECK_OK(lpc_consumer_lp_id(consumer, &lp_id, &err), &err);
    CHECK(strlen(lp_id) == 64);
    CHECK_OK(lpc_consumer_jws(consumer, &jws, &err), &err);
    CHECK_OK(lpc_consumer_jws(consumer, &again, &err), &err);
    CHECK(jws == again);
    requests = account_requests(&a);
    CHECK(occurrences(requests, "\"route\":\"consumer\"") == 1);
    free(requests);

    CHECK_OK(lpc_consumer_from_jws(client, jws, &same, &err), &err);
    CHECK_OK(lpc_consumer_lp_id(same, &same_lp_id, &err), &err);
    CHECK_TEXT(lp_id, same_lp_id);
    conversation = new_conversation(consumer);
    CHECK_OK(lpc_conversation_attach(same, lpc_conversation_id(conversation), NULL, &attached,
                                     &err), &err);
    CHECK_OK(lpc_conversation_send_text(attached, "same consumer", NULL, &err), &err);

    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_consumer_from_jws(client, "not a jws", &bad, &err),
                 &err);
    CHECK(bad == NULL);
    CHECK(strstr(lpc_error_message(err), "not a jws") == NULL);
    lpc_error_free(err);
    lpc_conversation_free(attached);
    lpc_conversation_free(conversation);
    lpc_consumer_free(same);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

void test_raw_json(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "raw");
    lpc_conversation *conversation = new_conversation(consumer);
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    size_t len;
    char json[1024], *requests;

    snprintf(json, sizeof json,
             "{ \"kind\":\"req\", \"id\": 5, \"type\":\"ms.PublishEvent\", \"body\":{\"dialogId\":"
             "\"%s\",\"event\":{\"type\":\"ChatStateEvent\",\"chatState\":\"COMPOSING\"}}}",
             lpc_conversation_id(conversation));
    CHECK_OK(lpc_consumer_send_json(consumer, (const uint8_t *)json, strlen(json), &response, &err),
             &err);
    CHECK_TEXT("5", lpc_response_request_id(response));
    lpc_response_free(response);
    requests = account_requests(&a);
    CHECK(occurrences(requests, "{ \\\"kind\\\":\\\"req\\\", \\\"id\\\": 5,") == 1);
    free(requests);

    snprintf(json, sizeof json,
             "[{\"kind\":\"req\",\"id\":\"1,\",\"type\":\"userprofile.SetUserProfile\",\"body\":{}},"
             "{\"kind\":\"req\",\"type\":\"cm.ConsumerRequestConversation\",\"body\":"
             "{\"brandId\":\"%s\"}},"
             "{\"kind\":\"req\",\"id\":\"1,\",\"type\":\"ms.PublishEvent\",\"body\":{\"dialogId\":\"\","
             "\"event\":{\"type\":\"ContentEvent\",\"contentType\":\"text/plain\",\"message\":\"x\"}}}]",
             a.id);
    /* A consumer has one open conversation. */
    CHECK_OK(lpc_conversation_close(conversation, NULL, &err), &err);
    CHECK_OK(lpc_consumer_batch_json(consumer, (const uint8_t *)json, strlen(json), &response,
                                     &err), &err);
    CHECK_TEXT("1,", lpc_response_request_id(response));
    CHECK(lpc_response_sequence(response) == -1);
    CHECK(lpc_response_body(response, &len)[0] == '[' && len > 2);
    lpc_response_free(response);

    CHECK_STATUS(LPC_INVALID_ARGUMENT,
                 lpc_consumer_send_json(consumer, (const uint8_t *)"[]", 2, &response, &err), &err);
    CHECK(response == NULL);
    lpc_error_free(err);
    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_consumer_batch_json(consumer, NULL, 0, NULL, &err), &err);
    lpc_error_free(err);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

void test_given_app_jwt(void)
{
    account a = account_new();
    char *jwt = account_app_jwt(&a);
    lpc_config *config = account_config(&a);
    lpc_client *client = NULL;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
    lpc_error *err = NULL;
    char *requests;

    CHECK_OK(lpc_config_set(config, "client.id", "", &err), &err);
    CHECK_OK(lpc_config_set(config, "client.secret", "", &err), &err);
    CHECK_OK(lpc_config_set(config, "app.jwt", jwt, &err), &err);
    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    consumer = new_consumer(client, "given");
    conversation = new_conversation(consumer);
    requests = account_requests(&a);
    CHECK(occurrences(requests, "\"route\":\"token\"") == 0);
    free(requests);

    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_client_set_app_jwt(client, "a\r\nb", &err), &err);
    lpc_error_free(err);
    CHECK_OK(lpc_conversation_send_text(conversation, "still the first token", NULL, &err), &err);
    CHECK_OK(lpc_client_set_app_jwt(client, "abc.def.ghi", &err), &err);
    CHECK_STATUS(LPC_UNAUTHORIZED, lpc_conversation_send_text(conversation, "x", NULL, &err), &err);
    CHECK(lpc_error_service_code(err) == 40102);
    CHECK(strstr(lpc_error_message(err), "abc.def") == NULL);
    lpc_error_free(err);
    CHECK_OK(lpc_client_set_app_jwt(client, NULL, &err), &err);
    CHECK_STATUS(LPC_CONFIG, lpc_conversation_send_text(conversation, "x", NULL, &err), &err);
    lpc_error_free(err);
    CHECK_OK(lpc_client_set_app_jwt(client, jwt, &err), &err);
    CHECK_OK(lpc_conversation_send_text(conversation, "again", NULL, &err), &err);
    free(jwt);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
    lpc_config_free(config);
}

void test_new_credentials(void)
{
    account a = account_new();
    lpc_client *client = account_client_with(&a, "client.secret", "of-yesterday");
    lpc_consumer *consumer = new_consumer(client, "credentials");
    lpc_conversation *conversation = NULL;
    lpc_error *err = NULL;

    CHECK_STATUS(LPC_UNAUTHORIZED, lpc_conversation_open(consumer, NULL, &conversation, &err),
                 &err);
    lpc_error_free(err);
    err = NULL;
    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_client_set_credentials(client, "x", "a\nb", &err), &err);
    CHECK(strstr(lpc_error_message(err), "client_secret") != NULL);
    CHECK(strstr(lpc_error_message(err), "a\nb") == NULL);
    lpc_error_free(err);
    err = NULL;
    CHECK_OK(lpc_client_set_credentials(client, a.client_id, a.client_secret, &err), &err);
    CHECK_OK(lpc_conversation_open(consumer, NULL, &conversation, &err), &err);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}
