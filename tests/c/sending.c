/* What a consumer can do beyond text. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

typedef lpc_status rate_function(lpc_conversation *, int32_t, uint8_t, lpc_csat_status, lpc_response **,
                                lpc_error **);


static const uint8_t png[] = "\x89PNG\r\n\x1a\nthe rest does not matter";

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL);
    CHECK(fwrite(data, 1, len, file) == len);
    CHECK(fclose(file) == 0);
}

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

void test_everything_can_be_sent(void)
{
    rate_function *rate = (rate_function *)(void (*)(void))lpc_conversation_rate;
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "sending");
    lpc_conversation *conversation = NULL;
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    const int64_t sequences[] = {0, 1};
    char *held;

    CHECK_OK(lpc_conversation_open(consumer,
                                   "{\"profile\":{\"personal\":{\"firstname\":\"John\"}},"
                                   "\"campaign\":{\"campaignId\":\"1\",\"engagementId\":2},"
                                   "\"context\":{\"lang\":\"en-US\"},\"skillId\":\"-1\","
                                   "\"ttr\":\"URGENT\",\"firstMessage\":\"Hi\","
                                   "\"clientProperties\":{\"appId\":\"kiosk\"},"
                                   "\"features\":[\"RICH_CONTENT\"]}",
                                   &conversation, &err), &err);
    CHECK_OK(lpc_conversation_send_chat_state(conversation, LPC_CHAT_STATE_COMPOSING, &response,
                                              &err), &err);
    CHECK_TEXT("OK", lpc_response_code(response));
    lpc_response_free(response);
    CHECK_OK(lpc_conversation_send_chat_state(conversation, LPC_CHAT_STATE_PAUSE, NULL, &err),
             &err);
    CHECK_OK(lpc_conversation_send_accept_status(conversation, LPC_ACCEPT_STATUS_READ, sequences, 2,
                                                 NULL, NULL, &err), &err);
    CHECK_OK(lpc_conversation_send_event(conversation,
                                         "{\"type\":\"ContentEvent\",\"contentType\":"
                                         "\"text/plain\",\"message\":\"with an id\"}",
                                         "[{\"type\":\"ExternalId\",\"id\":\"sms-4711\"}]", NULL,
                                         &err), &err);
    CHECK_OK(lpc_conversation_send_rich_content(conversation,
                                                "{\"type\":\"vertical\",\"elements\":[{\"type\":"
                                                "\"text\",\"text\":\"a card\"}]}", NULL, NULL,
                                                &err), &err);
    CHECK_OK(lpc_conversation_set_profile(conversation, "{\"firstName\":\"Johnny\"}", NULL, &err),
             &err);
    CHECK_OK(lpc_conversation_close(conversation, NULL, &err), &err);
    CHECK_OK(lpc_conversation_rate(conversation, 5, false, LPC_CSAT_STATUS_FILLED, NULL, &err), &err);
    /* A language without C's bool may pass any byte. */
    CHECK_OK(rate(conversation, 4, 255, LPC_CSAT_STATUS_FILLED, NULL, &err), &err);

    held = account_conversations(&a);
    CHECK(occurrences(held, "\"with an id\"") == 1);
    CHECK(occurrences(held, "sms-4711") >= 1);
    CHECK(occurrences(held, "\"a card\"") == 1);
    CHECK(occurrences(held, "\"COMPOSING\"") >= 1);
    CHECK(occurrences(held, "\"csatResolutionConfirmation\":true") >= 1);
    free(held);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

void test_urgency_and_closing_without_a_survey(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "urgent");
    lpc_conversation *conversation = new_conversation(consumer);
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    char *requests, *held;

    CHECK_OK(lpc_conversation_set_ttr(conversation, "URGENT", -1, &response, &err), &err);
    CHECK_TEXT("OK", lpc_response_code(response));
    lpc_response_free(response);
    CHECK_OK(lpc_conversation_set_ttr(conversation, "CUSTOM", 42, NULL, &err), &err);
    CHECK_OK(lpc_conversation_close_stage(conversation, &response, &err), &err);
    CHECK_TEXT("OK", lpc_response_code(response));
    lpc_response_free(response);
    CHECK_STATUS(LPC_CLOSED, lpc_conversation_send_text(conversation, "late", NULL, &err), &err);
    CHECK(lpc_error_attempts(err) == 0);
    lpc_error_free(err);

    requests = account_requests(&a);
    CHECK(occurrences(requests, "\\\"ttrType\\\":\\\"URGENT\\\",\\\"value\\\":300}") == 1);
    CHECK(occurrences(requests, "\\\"ttrType\\\":\\\"CUSTOM\\\",\\\"value\\\":42}") == 1);
    CHECK(occurrences(requests, "\\\"field\\\":\\\"Stage\\\"") == 1);
    free(requests);
    held = account_conversations(&a);
    CHECK(occurrences(held, "\"state\":\"CLOSE\"") >= 1);
    free(held);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

typedef struct {
    uint64_t done, total;
    int calls;
} progress;

static void on_progress(void *user_data, uint64_t done, uint64_t total)
{
    progress *p = user_data;

    CHECK(done > p->done);
    p->done = done;
    p->total = total;
    p->calls++;
}

void test_files(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "files");
    lpc_conversation *conversation = new_conversation(consumer);
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    progress p = {0, 0, 0};
    char directory[32], from[64], to[64], relative[512], options[256];
    char *requests;
    uint8_t got[64];
    const char *path;
    FILE *file;

    folder_new(directory);
    snprintf(from, sizeof from, "%s/photo.png", directory);
    snprintf(to, sizeof to, "%s/got.png", directory);
    write_file(from, png, sizeof png);
    snprintf(options, sizeof options,
             "{\"caption\":\"a \\\"caption\\\"\",\"previewPath\":\"%s\",\"metadata\":"
             "[{\"type\":\"ExternalId\",\"id\":\"photo-7\"},{\"new\":[1]}]}", from);

    CHECK_OK(lpc_conversation_set_progress_callback(conversation, on_progress, &p, &err), &err);
    CHECK_OK(lpc_conversation_send_file(conversation, from, options, &response, &err), &err);
    CHECK_TEXT("OK", lpc_response_code(response));
    lpc_response_free(response);
    CHECK(p.calls > 0 && p.done == sizeof png && p.total == sizeof png);
    CHECK_OK(lpc_conversation_set_progress_callback(conversation, NULL, NULL, &err), &err);
    CHECK_OK(lpc_conversation_send_file_bytes(conversation, png, sizeof png, "PNG", NULL, NULL,
                                              &err), &err);

    /* The path that the event names, from the request that published it. */
    requests = account_requests(&a);
    CHECK(occurrences(requests, "data:image/png;base64,") == 1);
    CHECK(occurrences(requests, "\\\"caption\\\":\\\"a \\\\\\\"caption\\\\\\\"\\\"") == 1);
    CHECK(occurrences(requests, "\\\"caption\\\":\\\"\\\"") == 1);
    CHECK(occurrences(requests, "[{\\\"type\\\":\\\"ExternalId\\\",\\\"id\\\":\\\"photo-7\\\"},"
                                "{\\\"new\\\":[1]}]") == 1);
    path = strstr(requests, "\\\"relativePath\\\":\\\"");
    CHECK(path != NULL);
    path += strlen("\\\"relativePath\\\":\\\"");
    snprintf(relative, sizeof relative, "%.*s", (int)strcspn(path, "\\"), path);
    free(requests);

    CHECK_OK(lpc_conversation_download_file(conversation, relative, to, &err), &err);
    file = fopen(to, "rb");
    CHECK(file != NULL);
    CHECK(fread(got, 1, sizeof got, file) == sizeof png);
    CHECK(memcmp(got, png, sizeof png) == 0);
    fclose(file);

    CHECK_STATUS(LPC_IO, lpc_conversation_send_file(conversation, "/nonexistent.png", NULL, NULL,
                                                    &err), &err);
    lpc_error_free(err);
    CHECK_STATUS(LPC_INVALID_ARGUMENT,
                 lpc_conversation_send_file_bytes(conversation, png, sizeof png, "GIF", NULL, NULL,
                                                  &err), &err);
    CHECK(strstr(lpc_error_message(err), "PNG") != NULL);
    lpc_error_free(err);
    CHECK_STATUS(LPC_IO, lpc_conversation_download_file(conversation, relative,
                                                        "/nonexistent/x.png", &err), &err);
    lpc_error_free(err);
    file_remove(from);
    file_remove(to);
    folder_remove(directory);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

/* The call must be refused, and say what is allowed. */
#define SAYS(text, call)                                                                       \
    do {                                                                                       \
        CHECK_STATUS(LPC_INVALID_ARGUMENT, call, &err);                                        \
        if (strstr(lpc_error_message(err), text) == NULL)                                      \
            fail(__FILE__, __LINE__, lpc_error_message(err));                                  \
        lpc_error_free(err);                                                                   \
    } while (0)

void test_values_out_of_range(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "range");
    lpc_conversation *conversation = NULL, *other = NULL;
    lpc_error *err = NULL;
    const int64_t sequence = -1;
    char *requests;

    CHECK_OK(lpc_conversation_attach(consumer, "c-1", NULL, &conversation, &err), &err);
    SAYS("state is 5; allowed: 0 to 4",
         lpc_conversation_send_chat_state(conversation, 5, NULL, &err));
    SAYS("state is -1", lpc_conversation_send_chat_state(conversation, -1, NULL, &err));
    SAYS("status is 5; allowed: 0 to 4",
         lpc_conversation_send_accept_status(conversation, 5, &sequence, 1, NULL, NULL, &err));
    SAYS("sequences holds -1",
         lpc_conversation_send_accept_status(conversation, 0, &sequence, 1, NULL, NULL, &err));
    SAYS("sequences is empty",
         lpc_conversation_send_accept_status(conversation, 0, NULL, 0, NULL, NULL, &err));
    SAYS("allowed: 1 to 5", lpc_conversation_rate(conversation, 0, true, 0, NULL, &err));
    SAYS("allowed: 1 to 5", lpc_conversation_rate(conversation, 257, true, 0, NULL, &err));
    SAYS("status is 3; allowed: 0 to 2", lpc_conversation_rate(conversation, 5, true, 3, NULL, &err));
    SAYS("not a JSON object", lpc_conversation_send_event(conversation, "[]", NULL, NULL, &err));
    SAYS("metadata_json",
         lpc_conversation_send_event(conversation, "{}", "[1]", NULL, &err));
    SAYS("metadata_json",
         lpc_conversation_send_event(conversation, "{}", "{}", NULL, &err));
    SAYS("content_json is not", lpc_conversation_send_rich_content(conversation, "1", NULL, NULL,
                                                                   &err));
    SAYS("personal: it takes an object",
         lpc_conversation_set_profile(conversation, "{\"personal\":1}", NULL, &err));
    SAYS("dialog_id is empty", lpc_conversation_close_dialog(conversation, "", NULL, &err));
    SAYS("CUSTOM takes a time", lpc_conversation_set_ttr(conversation, "CUSTOM", -1, NULL, &err));
    SAYS("seconds is -2", lpc_conversation_set_ttr(conversation, "URGENT", -2, NULL, &err));
    SAYS("ttr: it takes a string", lpc_conversation_open(consumer, "{\"ttr\":1}", &other, &err));
    requests = account_requests(&a);
    CHECK_TEXT("[]", requests);
    free(requests);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

void test_config_file(void)
{
    lpc_config *config = lpc_config_new();
    lpc_error *err = NULL;
    char path[32];

    file_new(path);
    write_text(path, "# ours\n account.id = le1\n\ncall.timeout.ms=5\n");
    CHECK_OK(lpc_config_load_file(config, path, &err), &err);
    CHECK_TEXT("le1", lpc_config_get(config, "account.id"));
    CHECK_TEXT("5", lpc_config_get(config, "call.timeout.ms"));
    write_text(path, "account.id = le2\nnonsense\n");
    CHECK_STATUS(LPC_CONFIG, lpc_config_load_file(config, path, &err), &err);
    CHECK(strstr(lpc_error_message(err), "line 2") != NULL);
    lpc_error_free(err);
    CHECK_TEXT("le2", lpc_config_get(config, "account.id"));
    file_remove(path);
    CHECK_STATUS(LPC_IO, lpc_config_load_file(config, path, &err), &err);
    lpc_error_free(err);
    lpc_config_free(config);
}
