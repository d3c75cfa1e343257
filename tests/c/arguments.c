/* Bad arguments: NULL for every pointer of every function, and text that is not UTF-8. */
#include "harness.h"

#define BAD "\xC3\x28"

/* Handles that need no request. */
typedef struct {
    account a;
    lpc_config *config;
    lpc_client *client;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
} handles;

static handles handles_new(void)
{
    handles h;
    lpc_error *err = NULL;

    h.a = account_new();
    h.config = account_config(&h.a);
    CHECK_OK(lpc_client_new(h.config, &h.client, &err), &err);
    CHECK_OK(lpc_consumer_new(h.client, "arguments", &h.consumer, &err), &err);
    CHECK_OK(lpc_conversation_attach(h.consumer, "c-1", NULL, &h.conversation, &err), &err);
    return h;
}

static void handles_free(handles *h)
{
    lpc_conversation_free(h->conversation);
    lpc_consumer_free(h->consumer);
    lpc_client_free(h->client);
    lpc_config_free(h->config);
}

/* The call must say that the argument of this name is bad, and what is bad about it. */
#define REFUSED(name, why, call)                                                               \
    do {                                                                                       \
        CHECK_STATUS(LPC_INVALID_ARGUMENT, call, &err);                                        \
        CHECK_TEXT(name " is " why, lpc_error_message(err));                                   \
        lpc_error_free(err);                                                                   \
        err = NULL;                                                                            \
    } while (0)

#define IS_NULL(name, call) REFUSED(name, "NULL", call)
#define NOT_UTF8(name, call) REFUSED(name, "not UTF-8", call)

void test_null_pointers(void)
{
    handles h = handles_new();
    const uint8_t json[] = "{}";
    const char *text = "anything";
    lpc_client *client = NULL;
    lpc_consumer *consumer = NULL;
    lpc_conversation *conversation = NULL;
    lpc_response *response = NULL;
    lpc_error *err = NULL;

    IS_NULL("config", lpc_config_set(NULL, "account.id", "x", &err));
    IS_NULL("key", lpc_config_set(h.config, NULL, "x", &err));
    IS_NULL("value", lpc_config_set(h.config, "account.id", NULL, &err));
    IS_NULL("config", lpc_config_load_env(NULL, &err));

    IS_NULL("config", lpc_client_new(NULL, &client, &err));
    IS_NULL("client", lpc_client_new(h.config, NULL, &err));
    IS_NULL("client", lpc_client_set_app_jwt(NULL, "x", &err));
    IS_NULL("client", lpc_client_set_credentials(NULL, "x", "y", &err));
    IS_NULL("client_id", lpc_client_set_credentials(h.client, NULL, "y", &err));
    IS_NULL("client_secret", lpc_client_set_credentials(h.client, "x", NULL, &err));

    IS_NULL("config", lpc_config_set_log_callback(NULL, NULL, NULL, LPC_LOG_LEVEL_OFF, &err));
    IS_NULL("client", lpc_client_stats(NULL, &response, &err));
    CHECK(response == NULL);
    IS_NULL("response", lpc_client_stats(h.client, NULL, &err));

    IS_NULL("client", lpc_consumer_new(NULL, "x", &consumer, &err));
    IS_NULL("ext_consumer_id", lpc_consumer_new(h.client, NULL, &consumer, &err));
    IS_NULL("consumer", lpc_consumer_new(h.client, "x", NULL, &err));
    IS_NULL("client", lpc_consumer_from_jws(NULL, "x", &consumer, &err));
    IS_NULL("jws", lpc_consumer_from_jws(h.client, NULL, &consumer, &err));
    IS_NULL("consumer", lpc_consumer_from_jws(h.client, "x", NULL, &err));
    IS_NULL("consumer", lpc_consumer_jws(NULL, &text, &err));
    CHECK(text == NULL);
    IS_NULL("jws", lpc_consumer_jws(h.consumer, NULL, &err));
    IS_NULL("consumer", lpc_consumer_lp_id(NULL, &text, &err));
    IS_NULL("lp_id", lpc_consumer_lp_id(h.consumer, NULL, &err));
    IS_NULL("consumer", lpc_consumer_send_json(NULL, json, 2, &response, &err));
    IS_NULL("json", lpc_consumer_send_json(h.consumer, NULL, 2, &response, &err));
    IS_NULL("consumer", lpc_consumer_batch_json(NULL, json, 2, &response, &err));
    IS_NULL("json", lpc_consumer_batch_json(h.consumer, NULL, 2, &response, &err));

    IS_NULL("consumer", lpc_conversation_open(NULL, NULL, &conversation, &err));
    IS_NULL("conversation", lpc_conversation_open(h.consumer, NULL, NULL, &err));
    IS_NULL("consumer", lpc_conversation_attach(NULL, "x", NULL, &conversation, &err));
    IS_NULL("conversation_id", lpc_conversation_attach(h.consumer, NULL, NULL, &conversation,
                                                       &err));
    IS_NULL("conversation", lpc_conversation_attach(h.consumer, "x", NULL, NULL, &err));
    IS_NULL("conversation", lpc_conversation_send_text(NULL, "x", &response, &err));
    IS_NULL("text", lpc_conversation_send_text(h.conversation, NULL, &response, &err));
    IS_NULL("conversation", lpc_conversation_close(NULL, &response, &err));
    IS_NULL("conversation", lpc_conversation_close_stage(NULL, &response, &err));
    IS_NULL("conversation", lpc_conversation_set_ttr(NULL, "URGENT", -1, &response, &err));
    IS_NULL("ttr", lpc_conversation_set_ttr(h.conversation, NULL, -1, &response, &err));
    IS_NULL("config", lpc_config_load_file(NULL, "x", &err));
    IS_NULL("path", lpc_config_load_file(h.config, NULL, &err));
    IS_NULL("conversation", lpc_conversation_send_event(NULL, "{}", NULL, &response, &err));
    IS_NULL("event_json", lpc_conversation_send_event(h.conversation, NULL, NULL, &response, &err));
    IS_NULL("conversation", lpc_conversation_send_rich_content(NULL, "{}", NULL, &response, &err));
    IS_NULL("content_json",
            lpc_conversation_send_rich_content(h.conversation, NULL, NULL, &response, &err));
    IS_NULL("conversation", lpc_conversation_send_chat_state(NULL, 0, &response, &err));
    IS_NULL("conversation",
            lpc_conversation_send_accept_status(NULL, 0, NULL, 0, NULL, &response, &err));
    IS_NULL("sequences",
            lpc_conversation_send_accept_status(h.conversation, 0, NULL, 1, NULL, &response, &err));
    IS_NULL("conversation", lpc_conversation_set_profile(NULL, "{}", &response, &err));
    IS_NULL("profile_json", lpc_conversation_set_profile(h.conversation, NULL, &response, &err));
    IS_NULL("conversation", lpc_conversation_rate(NULL, 5, true, 0, &response, &err));
    IS_NULL("conversation", lpc_conversation_close_dialog(NULL, "x", &response, &err));
    IS_NULL("dialog_id", lpc_conversation_close_dialog(h.conversation, NULL, &response, &err));
    IS_NULL("conversation", lpc_conversation_send_file(NULL, "x", NULL, &response, &err));
    IS_NULL("path", lpc_conversation_send_file(h.conversation, NULL, NULL, &response, &err));
    IS_NULL("conversation",
            lpc_conversation_send_file_bytes(NULL, json, 2, "PNG", NULL, &response, &err));
    IS_NULL("data",
            lpc_conversation_send_file_bytes(h.conversation, NULL, 2, "PNG", NULL, &response, &err));
    IS_NULL("file_type",
            lpc_conversation_send_file_bytes(h.conversation, json, 2, NULL, NULL, &response, &err));
    IS_NULL("conversation", lpc_conversation_download_file(NULL, "/x", "x", &err));
    IS_NULL("relative_path", lpc_conversation_download_file(h.conversation, NULL, "x", &err));
    IS_NULL("to_path", lpc_conversation_download_file(h.conversation, "/x", NULL, &err));
    IS_NULL("conversation", lpc_conversation_set_progress_callback(NULL, NULL, NULL, &err));

    /* The same without an error to fill. */
    CHECK(lpc_config_set(NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_config_load_env(NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_client_new(NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_client_set_app_jwt(NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_client_set_credentials(NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_consumer_new(NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_consumer_from_jws(NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_consumer_jws(NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_consumer_lp_id(NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_consumer_send_json(NULL, NULL, 0, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_consumer_batch_json(NULL, NULL, 0, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_open(NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_attach(NULL, NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_send_text(NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_close(NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_close_stage(NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_set_ttr(NULL, NULL, -1, NULL, NULL) == LPC_INVALID_ARGUMENT);

    CHECK(lpc_config_load_file(NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_send_event(NULL, NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_send_rich_content(NULL, NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_send_chat_state(NULL, 0, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_send_accept_status(NULL, 0, NULL, 0, NULL, NULL, NULL)
          == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_set_profile(NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_rate(NULL, 5, true, 0, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_close_dialog(NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_send_file(NULL, NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_send_file_bytes(NULL, NULL, 0, NULL, NULL, NULL, NULL)
          == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_download_file(NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_conversation_set_progress_callback(NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);

    CHECK(lpc_config_set_log_callback(NULL, NULL, NULL, 0, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_client_stats(NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);

    lpc_client_shutdown(NULL);
    lpc_config_free(NULL);
    lpc_client_free(NULL);
    lpc_consumer_free(NULL);
    lpc_conversation_free(NULL);
    lpc_response_free(NULL);
    lpc_error_free(NULL);
    handles_free(&h);
}

void test_null_out_pointers_are_optional_where_documented(void)
{
    handles h = handles_new();
    lpc_conversation *conversation = NULL;
    lpc_error *err = NULL;

    CHECK_OK(lpc_client_set_app_jwt(h.client, NULL, &err), &err);
    CHECK_OK(lpc_conversation_open(h.consumer, NULL, &conversation, NULL), NULL);
    CHECK_OK(lpc_conversation_send_text(conversation, "no response wanted", NULL, NULL), NULL);
    CHECK_OK(lpc_conversation_close(conversation, NULL, NULL), NULL);
    CHECK(lpc_conversation_close(conversation, NULL, NULL) == LPC_CLOSED);
    lpc_conversation_free(conversation);
    handles_free(&h);
}

void test_accessors_of_null(void)
{
    handles h = handles_new();
    size_t len = 7;

    CHECK(lpc_error_status(NULL) == LPC_OK);
    CHECK(lpc_error_message(NULL) == NULL);
    CHECK(lpc_error_http_status(NULL) == 0);
    CHECK(lpc_error_service_code(NULL) == 0);
    CHECK(lpc_error_title(NULL) == NULL);
    CHECK(lpc_error_details(NULL) == NULL);
    CHECK(lpc_error_request_id(NULL) == NULL);
    CHECK(lpc_error_attempts(NULL) == 0);
    CHECK(!lpc_error_is_retryable(NULL));
    CHECK(!lpc_error_maybe_delivered(NULL));
    CHECK(lpc_error_retry_after_ms(NULL) == -1);
    CHECK(lpc_error_body(NULL, &len) == NULL && len == 0);
    CHECK(lpc_error_body(NULL, NULL) == NULL);
    CHECK(lpc_response_request_id(NULL) == NULL);
    CHECK(lpc_response_http_status(NULL) == 0);
    CHECK(lpc_response_code(NULL) == NULL);
    CHECK(lpc_response_sequence(NULL) == -1);
    CHECK(lpc_response_attempts(NULL) == 0);
    len = 7;
    CHECK(lpc_response_body(NULL, &len) == NULL && len == 0);
    len = 7;
    CHECK(lpc_response_raw(NULL, &len) == NULL && len == 0);
    CHECK(lpc_response_body(NULL, NULL) == NULL && lpc_response_raw(NULL, NULL) == NULL);
    CHECK(lpc_conversation_id(NULL) == NULL);
    CHECK(lpc_conversation_dialog_id(NULL) == NULL);
    CHECK(lpc_config_get(NULL, "account.id") == NULL);
    CHECK(lpc_config_get(h.config, NULL) == NULL);
    CHECK(lpc_config_get(h.config, BAD) == NULL);
    handles_free(&h);
}

void test_invalid_utf8(void)
{
    handles h = handles_new();
    const uint8_t json[] = "{\"a\":\"" BAD "\"}";
    lpc_consumer *consumer = NULL;
    lpc_conversation *conversation = NULL;
    lpc_response *response = NULL;
    lpc_error *err = NULL;

    NOT_UTF8("key", lpc_config_set(h.config, BAD, "x", &err));
    NOT_UTF8("value", lpc_config_set(h.config, "account.id", BAD, &err));
    NOT_UTF8("jwt", lpc_client_set_app_jwt(h.client, BAD, &err));
    NOT_UTF8("client_id", lpc_client_set_credentials(h.client, BAD, "y", &err));
    NOT_UTF8("client_secret", lpc_client_set_credentials(h.client, "x", BAD, &err));
    NOT_UTF8("ext_consumer_id", lpc_consumer_new(h.client, BAD, &consumer, &err));
    NOT_UTF8("jws", lpc_consumer_from_jws(h.client, BAD, &consumer, &err));
    NOT_UTF8("options_json", lpc_conversation_open(h.consumer, BAD, &conversation, &err));
    NOT_UTF8("conversation_id", lpc_conversation_attach(h.consumer, BAD, NULL, &conversation,
                                                        &err));
    NOT_UTF8("options_json", lpc_conversation_attach(h.consumer, "x", BAD, &conversation, &err));
    NOT_UTF8("text", lpc_conversation_send_text(h.conversation, BAD, &response, &err));
    NOT_UTF8("path", lpc_config_load_file(h.config, BAD, &err));
    NOT_UTF8("event_json",
             lpc_conversation_send_event(h.conversation, BAD, NULL, &response, &err));
    NOT_UTF8("metadata_json",
             lpc_conversation_send_event(h.conversation, "{}", BAD, &response, &err));
    NOT_UTF8("content_json",
             lpc_conversation_send_rich_content(h.conversation, BAD, NULL, &response, &err));
    NOT_UTF8("profile_json", lpc_conversation_set_profile(h.conversation, BAD, &response, &err));
    NOT_UTF8("dialog_id", lpc_conversation_close_dialog(h.conversation, BAD, &response, &err));
    NOT_UTF8("ttr", lpc_conversation_set_ttr(h.conversation, BAD, -1, &response, &err));
    NOT_UTF8("path", lpc_conversation_send_file(h.conversation, BAD, NULL, &response, &err));
    NOT_UTF8("options_json",
             lpc_conversation_send_file(h.conversation, "x", BAD, &response, &err));
    NOT_UTF8("file_type",
             lpc_conversation_send_file_bytes(h.conversation, json, 1, BAD, NULL, &response, &err));
    NOT_UTF8("options_json",
             lpc_conversation_send_file_bytes(h.conversation, json, 1, "TXT", BAD, &response, &err));
    NOT_UTF8("relative_path", lpc_conversation_download_file(h.conversation, BAD, "x", &err));
    NOT_UTF8("to_path", lpc_conversation_download_file(h.conversation, "/x", BAD, &err));
    NOT_UTF8("json", lpc_consumer_send_json(h.consumer, json, sizeof json - 1, &response, &err));
    NOT_UTF8("json", lpc_consumer_batch_json(h.consumer, json, sizeof json - 1, &response, &err));

    /* Other bad input, refused before anything is sent. */
    REFUSED("ext_consumer_id", "empty", lpc_consumer_new(h.client, "", &consumer, &err));
    REFUSED("conversation_id", "empty",
            lpc_conversation_attach(h.consumer, "", NULL, &conversation, &err));
    REFUSED("dialogId", "empty",
            lpc_conversation_attach(h.consumer, "x", "{\"dialogId\":\"\"}", &conversation, &err));
    REFUSED("ttr", "empty", lpc_conversation_set_ttr(h.conversation, "", 1, &response, &err));
    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_client_set_credentials(h.client, "", "y", &err), &err);
    CHECK(strstr(lpc_error_message(err), "client_id is empty") != NULL);
    lpc_error_free(err);
    handles_free(&h);
}

/* The call must be refused with this message, and give nothing. */
#define MISNAMED(message, given, call)                                                         \
    do {                                                                                       \
        CHECK_STATUS(LPC_INVALID_ARGUMENT, call, &err);                                        \
        CHECK_TEXT("options_json: " message, lpc_error_message(err));                          \
        CHECK(given == NULL);                                                                  \
        lpc_error_free(err);                                                                   \
        err = NULL;                                                                            \
    } while (0)

/* Options are our own: a wrong name is a mistake, and told with the name that was meant. */
void test_names_of_options(void)
{
    handles h = handles_new();
    lpc_conversation *none = NULL;
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    const uint8_t file[] = "x";
    char *requests;

    MISNAMED("unknown member 'firstMesage'; did you mean 'firstMessage'?", none,
             lpc_conversation_open(h.consumer, "{\"firstMesage\":\"Hi\"}", &none, &err));
    MISNAMED("firstMessage: it takes a string", none,
             lpc_conversation_open(h.consumer, "{\"firstMessage\":1}", &none, &err));
    MISNAMED("unknown member 'dialog_id'; did you mean 'dialogId'?", none,
             lpc_conversation_attach(h.consumer, "c-1", "{\"dialog_id\":\"d\"}", &none, &err));
    MISNAMED("unknown member 'ttr'; allowed: dialogId, clientProperties, features", none,
             lpc_conversation_attach(h.consumer, "c-1", "{\"ttr\":1}", &none, &err));
    MISNAMED("dialogId: it takes a string", none,
             lpc_conversation_attach(h.consumer, "c-1", "{\"dialogId\":7}", &none, &err));
    MISNAMED("features: it takes an array", none,
             lpc_conversation_attach(h.consumer, "c-1", "{\"features\":\"A\"}", &none, &err));
    MISNAMED("unknown member 'preview'; did you mean 'previewPath'?", response,
             lpc_conversation_send_file(h.conversation, "x", "{\"preview\":1}", &response, &err));
    MISNAMED("caption: it takes a string", response,
             lpc_conversation_send_file_bytes(h.conversation, file, 1, "TXT", "{\"caption\":[]}",
                                              &response, &err));
    CHECK_STATUS(LPC_INVALID_ARGUMENT,
                 lpc_conversation_attach(h.consumer, "c-1", "d-2", &none, &err), &err);
    CHECK(strstr(lpc_error_message(err), "options_json") != NULL);
    lpc_error_free(err);
    requests = account_requests(&h.a);
    CHECK_TEXT("[]", requests);
    free(requests);
    handles_free(&h);
}
