/* What is tried again by itself. */
#include "harness.h"

/* An account, and an open conversation of a client that tries again at once. */
typedef struct {
    account a;
    lpc_client *client;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
} scene;

static scene scene_new(const char *ambiguous)
{
    scene s;
    lpc_config *config;
    lpc_error *err = NULL;

    s.a = account_new();
    config = account_config(&s.a);
    CHECK_OK(lpc_config_set(config, "retry.max.attempts", "3", &err), &err);
    CHECK_OK(lpc_config_set(config, "retry.backoff.ms", "1", &err), &err);
    CHECK_OK(lpc_config_set(config, "retry.ambiguous", ambiguous, &err), &err);
    s.client = NULL;
    CHECK_OK(lpc_client_new(config, &s.client, &err), &err);
    lpc_config_free(config);
    s.consumer = new_consumer(s.client, "retries");
    s.conversation = new_conversation(s.consumer);
    return s;
}

static void scene_free(scene *s)
{
    lpc_conversation_free(s->conversation);
    lpc_consumer_free(s->consumer);
    lpc_client_free(s->client);
}

static void check_retries(const scene *s, uint64_t retries, uint64_t failures)
{
    char *stats = client_stats(s->client);

    CHECK(number_of(stats, "retries") == retries);
    CHECK(number_of(stats, "failures") == failures);
    free(stats);
}

void test_a_failure_that_passes_is_tried_again(void)
{
    scene s = scene_new("false");
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    char *held;

    account_answer(&s.a, "send", 503, "down");
    CHECK_OK(lpc_conversation_send_text(s.conversation, "once", &response, &err), &err);
    CHECK(lpc_response_attempts(response) == 2);
    lpc_response_free(response);
    check_retries(&s, 1, 0);

    account_answer(&s.a, "send", 503, "down");
    account_answer(&s.a, "send", 502, "down");
    account_answer(&s.a, "send", 500, "down for good");
    CHECK_STATUS(LPC_SERVER, lpc_conversation_send_text(s.conversation, "never", NULL, &err), &err);
    CHECK(lpc_error_attempts(err) == 3 && lpc_error_http_status(err) == 500);
    lpc_error_free(err);
    check_retries(&s, 3, 1);

    held = account_conversations(&s.a);
    CHECK(occurrences(held, "\"once\"") == 1);
    CHECK(occurrences(held, "\"never\"") == 0);
    free(held);
    scene_free(&s);
}

void test_a_text_whose_answer_was_lost(void)
{
    scene s = scene_new("false");
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    char *requests, *held, id[128];

    account_answer_json(&s.a, "{\"route\":\"send\",\"lose\":true}");
    CHECK_STATUS(LPC_CONNECT, lpc_conversation_send_text(s.conversation, "lost", NULL, &err), &err);
    CHECK(lpc_error_maybe_delivered(err) && lpc_error_attempts(err) == 1);
    lpc_error_free(err);
    requests = account_requests(&s.a);
    CHECK(occurrences(requests, "\"route\":\"send\"") == 1);
    free(requests);
    check_retries(&s, 0, 1);
    scene_free(&s);

    /* Repeated with the same id, so that the service can tell. */
    s = scene_new("true");
    account_answer_json(&s.a, "{\"route\":\"send\",\"lose\":true}");
    CHECK_OK(lpc_conversation_send_text(s.conversation, "lost", &response, &err), &err);
    CHECK(lpc_response_attempts(response) == 2);
    snprintf(id, sizeof id, "\\\"id\\\":\\\"%s\\\"", lpc_response_request_id(response));
    lpc_response_free(response);
    requests = account_requests(&s.a);
    CHECK(occurrences(requests, "\"route\":\"send\"") == 2);
    CHECK(occurrences(requests, id) == 2);
    free(requests);
    held = account_conversations(&s.a);
    CHECK(occurrences(held, "\"lost\"") == 2);
    free(held);
    scene_free(&s);
}

void test_a_refused_app_jwt_is_replaced(void)
{
    scene s = scene_new("false");
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    char *stats;

    account_revoke_tokens(&s.a);
    CHECK_OK(lpc_conversation_send_text(s.conversation, "x", &response, &err), &err);
    CHECK(lpc_response_attempts(response) == 2);
    lpc_response_free(response);
    stats = client_stats(s.client);
    CHECK(number_of(stats, "token_refreshes") == 2);
    free(stats);
    scene_free(&s);
}
