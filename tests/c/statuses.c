/* Every status that a C program can meet, from its real cause, and what the error says. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <pthread.h>

/* A client, a consumer and an open conversation. */
typedef struct {
    account a;
    lpc_client *client;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
} scene;

static scene scene_new(const char *key, const char *value)
{
    scene s;

    s.a = account_new();
    s.client = account_client_with(&s.a, key, value);
    s.consumer = new_consumer(s.client, "status");
    s.conversation = new_conversation(s.consumer);
    return s;
}

static void scene_free(scene *s)
{
    lpc_conversation_free(s->conversation);
    lpc_consumer_free(s->consumer);
    lpc_client_free(s->client);
}

/* Sends a text that must fail; the response pointer must come back NULL. */
static lpc_error *send_fails(const scene *s, lpc_status expected)
{
    lpc_response *response = (lpc_response *)s; /* anything but NULL */
    lpc_error *err = NULL;

    CHECK_STATUS(expected,
                 lpc_conversation_send_text(s->conversation, "does not get through", &response,
                                            &err), &err);
    CHECK(response == NULL);
    CHECK(lpc_error_status(err) == expected);
    CHECK(strlen(lpc_error_message(err)) > 10);
    return err;
}

void test_status_config(void)
{
    account a = account_new();
    lpc_config *config = lpc_config_new();
    lpc_client *client = (lpc_client *)config;
    lpc_error *err = NULL;

    CHECK_STATUS(LPC_CONFIG, lpc_config_set(config, "conect.timeout.ms", "1", &err), &err);
    CHECK_TEXT("unknown option 'conect.timeout.ms'; did you mean 'connect.timeout.ms'?",
               lpc_error_message(err));
    CHECK(lpc_error_http_status(err) == 0 && lpc_error_attempts(err) == 0);
    CHECK(!lpc_error_is_retryable(err) && !lpc_error_maybe_delivered(err));
    lpc_error_free(err);
    CHECK_STATUS(LPC_CONFIG, lpc_config_set(config, "call.timeout.ms", "soon", &err), &err);
    lpc_error_free(err);
    CHECK_STATUS(LPC_CONFIG, lpc_client_new(config, &client, &err), &err);
    CHECK(client == NULL);
    CHECK(strstr(lpc_error_message(err), "account.id") != NULL);
    lpc_error_free(err);
    /* The error is the caller's only if the caller wants it. */
    CHECK_STATUS(LPC_CONFIG, lpc_config_set(config, "x", "1", NULL), NULL);
    lpc_config_free(config);

    config = account_config(&a);
    set_variable("LPC_CALL_TIMEOUT_MS", "never");
    CHECK_STATUS(LPC_CONFIG, lpc_config_load_env(config, &err), &err);
    set_variable("LPC_CALL_TIMEOUT_MS", NULL);
    CHECK(strstr(lpc_error_message(err), "LPC_CALL_TIMEOUT_MS") != NULL);
    lpc_error_free(err);
    lpc_config_free(config);
}

void test_status_io(void)
{
    account a = account_new();
    lpc_config *config = account_config(&a);
    lpc_client *client = NULL;
    lpc_error *err = NULL;

    CHECK_OK(lpc_config_set(config, "tls.ca.file", "/nonexistent/ca.pem", &err), &err);
    CHECK_STATUS(LPC_IO, lpc_client_new(config, &client, &err), &err);
    CHECK(strstr(lpc_error_message(err), "/nonexistent/ca.pem") != NULL);
    lpc_error_free(err);
    lpc_config_free(config);
}

void test_status_connect(void)
{
    scene s;
    lpc_error *err;

    s.a = account_new();
    /* Port 1 of this machine: nothing listens there. */
    s.client = account_client_with(&s.a, "domain.messaging", "https://127.0.0.1:1");
    s.consumer = new_consumer(s.client, "status");
    s.conversation = NULL;
    CHECK_OK(lpc_conversation_attach(s.consumer, "c-1", NULL, &s.conversation, &err), &err);
    err = send_fails(&s, LPC_CONNECT);
    CHECK(lpc_error_is_retryable(err) && !lpc_error_maybe_delivered(err));
    CHECK(lpc_error_attempts(err) == 1);
    lpc_error_free(err);
    scene_free(&s);

    /* A connection that breaks after the request was read. */
    s = scene_new(NULL, NULL);
    account_answer_json(&s.a, "{\"route\":\"send\",\"reset\":true}");
    err = send_fails(&s, LPC_CONNECT);
    CHECK(lpc_error_maybe_delivered(err));
    CHECK(strlen(lpc_error_request_id(err)) > 0);
    lpc_error_free(err);
    scene_free(&s);
}

void test_status_tls(void)
{
    account a = account_new();
    /* The system's roots do not know the sandbox's CA. */
    lpc_client *client = account_client_with(&a, "tls.ca.file", "");
    lpc_consumer *consumer = new_consumer(client, "status");
    lpc_conversation *conversation = NULL;
    lpc_error *err = NULL;

    CHECK_STATUS(LPC_TLS, lpc_conversation_open(consumer, NULL, &conversation, &err), &err);
    CHECK(conversation == NULL);
    CHECK(strstr(lpc_error_message(err), "127.0.0.1") != NULL);
    CHECK(!lpc_error_is_retryable(err) && !lpc_error_maybe_delivered(err));
    lpc_error_free(err);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

void test_status_timeout(void)
{
    scene s = scene_new("request.timeout.ms", "3000");
    lpc_error *err;

    account_answer_json(&s.a, "{\"route\":\"send\",\"stall\":true}");
    err = send_fails(&s, LPC_TIMEOUT);
    CHECK(lpc_error_is_retryable(err) && lpc_error_maybe_delivered(err));
    CHECK(lpc_error_http_status(err) == 0);
    lpc_error_free(err);
    CHECK_OK(lpc_conversation_send_text(s.conversation, "the next goes through", NULL, &err), &err);
    scene_free(&s);
}

void test_status_unauthorized(void)
{
    scene s = scene_new(NULL, NULL);
    lpc_consumer *stranger = new_consumer(s.client, "stranger");
    lpc_conversation *foreign = NULL;
    lpc_error *err = NULL;
    size_t len = 0;

    /* Consumer A in a conversation of consumer B. */
    CHECK_OK(lpc_conversation_attach(stranger, lpc_conversation_id(s.conversation), NULL, &foreign,
                                     &err), &err);
    CHECK_STATUS(LPC_UNAUTHORIZED, lpc_conversation_send_text(foreign, "let me in", NULL, &err),
                 &err);
    CHECK(lpc_error_http_status(err) == 401);
    CHECK(lpc_error_service_code(err) == 40103);
    CHECK(strlen(lpc_error_title(err)) > 0);
    CHECK(strlen(lpc_error_request_id(err)) > 0);
    CHECK(lpc_error_body(err, &len) != NULL && len > 0);
    CHECK(!lpc_error_is_retryable(err) && !lpc_error_maybe_delivered(err));
    lpc_error_free(err);
    lpc_conversation_free(foreign);
    lpc_consumer_free(stranger);
    scene_free(&s);

    /* A wrong client secret. */
    s.a = account_new();
    s.client = account_client_with(&s.a, "client.secret", "wr0ng-s3cret");
    s.consumer = new_consumer(s.client, "status");
    s.conversation = NULL;
    CHECK_STATUS(LPC_UNAUTHORIZED, lpc_conversation_open(s.consumer, NULL, &s.conversation, &err),
                 &err);
    CHECK_TEXT("invalid_client", lpc_error_title(err));
    CHECK(strstr(lpc_error_message(err), "wr0ng") == NULL);
    lpc_error_free(err);
    scene_free(&s);
}

void test_status_rejected(void)
{
    scene s = scene_new(NULL, NULL);
    lpc_consumer *other;
    lpc_error *err;
    lpc_response *response = NULL;
    char json[512];

    /* A request inside the batch is refused, in an answer with HTTP 200. */
    /* For a consumer of its own: the first one has an open conversation. */
    other = new_consumer(s.client, "another");
    snprintf(json, sizeof json,
             "[{\"kind\":\"req\",\"id\":\"a\",\"type\":\"userprofile.SetUserProfile\",\"body\":{}},"
             "{\"kind\":\"req\",\"id\":\"b\",\"type\":\"cm.ConsumerRequestConversation\",\"body\":"
             "{\"brandId\":\"%s\"}},"
             "{\"kind\":\"req\",\"id\":\"c\",\"type\":\"ms.PublishEvent\",\"body\":{\"dialogId\":\"\","
             "\"event\":5}}]", s.a.id);
    CHECK_STATUS(LPC_REJECTED,
                 lpc_consumer_batch_json(other, (const uint8_t *)json, strlen(json), &response,
                                         &err), &err);
    CHECK(response == NULL);
    CHECK(lpc_error_http_status(err) == 200);
    CHECK_TEXT("c", lpc_error_request_id(err));
    lpc_error_free(err);
    lpc_consumer_free(other);

    /* In whatever form the service says why, its text gets here. */
    account_answer(&s.a, "send", 400, "{\"code\":\"BAD_REQUEST\",\"body\":{\"msg\":\"Not like this\"}}");
    err = send_fails(&s, LPC_REJECTED);
    CHECK_TEXT("Not like this", lpc_error_details(err));
    CHECK(strstr(lpc_error_message(err), "Not like this") != NULL);
    lpc_error_free(err);
    scene_free(&s);
}

void test_status_already_open(void)
{
    scene s = scene_new(NULL, NULL);
    lpc_conversation *second = (lpc_conversation *)&s; /* anything but NULL */
    lpc_error *err = NULL;

    CHECK_STATUS(LPC_ALREADY_OPEN, lpc_conversation_open(s.consumer, NULL, &second, &err), &err);
    CHECK(second == NULL);
    CHECK(strstr(lpc_error_details(err), "already has open conversation") != NULL);
    CHECK(!lpc_error_is_retryable(err) && !lpc_error_maybe_delivered(err));
    lpc_error_free(err);
    err = NULL;
    CHECK_OK(lpc_conversation_close(s.conversation, NULL, &err), &err);
    CHECK_OK(lpc_conversation_open(s.consumer, NULL, &second, &err), &err);
    lpc_conversation_free(second);
    scene_free(&s);
}

void test_status_rate_limited(void)
{
    scene s = scene_new(NULL, NULL);
    lpc_error *err;

    account_answer_json(&s.a, "{\"route\":\"send\",\"status\":429,\"headers\":{\"Retry-After\":"
                              "\"2\"},\"body\":\"\"}");
    err = send_fails(&s, LPC_RATE_LIMITED);
    CHECK(lpc_error_http_status(err) == 429);
    CHECK(lpc_error_retry_after_ms(err) == 2000);
    CHECK(lpc_error_is_retryable(err) && !lpc_error_maybe_delivered(err));
    lpc_error_free(err);
    scene_free(&s);
}

void test_status_server(void)
{
    scene s = scene_new(NULL, NULL);
    lpc_error *err;
    size_t len = 0;

    account_answer(&s.a, "send", 503, "<html>down</html>");
    err = send_fails(&s, LPC_SERVER);
    CHECK(lpc_error_http_status(err) == 503);
    CHECK(lpc_error_retry_after_ms(err) == -1);
    CHECK(memcmp(lpc_error_body(err, &len), "<html>down</html>", 17) == 0 && len == 17);
    lpc_error_free(err);
    scene_free(&s);
}

void test_status_protocol(void)
{
    static const char *const answers[] = {
        "not json",
        "[]",
        "{}",
        "{\"code\":\"OK\",\"body\":{},\"reqId\":\"another\"}",
    };
    scene s = scene_new(NULL, NULL);
    lpc_error *err;
    size_t i;

    for (i = 0; i < sizeof answers / sizeof *answers; i++) {
        account_answer(&s.a, "send", 200, answers[i]);
        err = send_fails(&s, LPC_PROTOCOL);
        CHECK(lpc_error_maybe_delivered(err));
        CHECK(lpc_error_http_status(err) == 200);
        lpc_error_free(err);
    }
    /* Redirects are never followed. */
    account_answer_json(&s.a, "{\"route\":\"send\",\"status\":307,\"headers\":{\"Location\":"
                              "\"https://127.0.0.1:1/\"},\"body\":\"\"}");
    err = send_fails(&s, LPC_PROTOCOL);
    CHECK(lpc_error_http_status(err) == 307);
    lpc_error_free(err);
    scene_free(&s);
}

void test_status_closed(void)
{
    scene s = scene_new(NULL, NULL);
    lpc_error *err = NULL;

    CHECK_OK(lpc_conversation_close(s.conversation, NULL, &err), &err);
    err = send_fails(&s, LPC_CLOSED);
    CHECK(lpc_error_attempts(err) == 0);
    lpc_error_free(err);
    scene_free(&s);

    /* The service has closed the conversation meanwhile, and says so. */
    s = scene_new(NULL, NULL);
    account_close_conversation(&s.a, lpc_conversation_id(s.conversation));
    err = send_fails(&s, LPC_CLOSED);
    CHECK(lpc_error_http_status(err) == 400 && lpc_error_attempts(err) == 1);
    CHECK(strlen(lpc_error_details(err)) > 0);
    lpc_error_free(err);
    scene_free(&s);

    s = scene_new(NULL, NULL);
    lpc_client_shutdown(s.client);
    lpc_client_shutdown(s.client);
    err = send_fails(&s, LPC_CLOSED);
    lpc_error_free(err);
    scene_free(&s);
}

static void *send_until_closed(void *argument)
{
    scene *s = argument;

    lpc_error_free(send_fails(s, LPC_CLOSED));
    return NULL;
}

void test_shutdown_ends_calls_in_flight(void)
{
    /* Without the shutdown, the call would wait for a minute. */
    scene s = scene_new("request.timeout.ms", "3600000");
    pthread_t thread;
    bool arrived = false;

    account_answer_json(&s.a, "{\"route\":\"send\",\"stall\":true}");
    CHECK(pthread_create(&thread, NULL, send_until_closed, &s) == 0);
    while (!arrived) {
        char *requests = account_requests(&s.a);
        arrived = occurrences(requests, "does not get through") == 1;
        free(requests);
    }
    lpc_client_shutdown(s.client);
    CHECK(pthread_join(thread, NULL) == 0);
    scene_free(&s);
}
