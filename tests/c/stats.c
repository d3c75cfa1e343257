/* What a client counts of its work. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <pthread.h>

/* Over how many connections the requests came. */
static size_t connections_in(const char *requests)
{
    enum { MOST = 64 };
    uint64_t seen[MOST], connection;
    size_t count = 0, i;

    while ((requests = strstr(requests, "\"connection\":")) != NULL) {
        connection = number_of(requests, "connection");
        for (i = 0; i < count && seen[i] != connection; i++)
            ;
        if (i == count) {
            CHECK(count < MOST);
            seen[count++] = connection;
        }
        requests++;
    }
    return count;
}

/* The attempts that the last bucket counts: all. */
static uint64_t all_in_buckets(const char *stats)
{
    const char *last = strstr(stats, "\"up_to\":null");

    CHECK(last != NULL);
    return number_of(last, "count");
}

void test_stats_of_a_client_that_did_nothing(void)
{
    static const char *const counters[] = {
        "requests", "retries", "failures", "token_refreshes", "connections_opened", "bytes_sent",
        "bytes_received", "count", "sum",
    };
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    size_t raw_len = 0, body_len = 1, i;
    const uint8_t *raw, *body;
    char *stats, *requests;

    CHECK_OK(lpc_client_stats(client, &response, &err), &err);
    CHECK(response != NULL && err == NULL);
    raw = lpc_response_raw(response, &raw_len);
    body = lpc_response_body(response, &body_len);
    CHECK(raw[0] == '{' && raw[raw_len - 1] == '}');
    /* The same as text for Prometheus. */
    CHECK(body_len > strlen("# HELP ") && memcmp(body, "# HELP ", strlen("# HELP ")) == 0);
    CHECK(lpc_response_http_status(response) == 0);
    CHECK_TEXT("", lpc_response_code(response));
    CHECK(lpc_response_sequence(response) == -1);
    CHECK(lpc_response_attempts(response) == 0);
    CHECK_TEXT("", lpc_response_request_id(response));
    stats = client_stats(client);
    for (i = 0; i < sizeof counters / sizeof *counters; i++)
        CHECK(number_of(stats, counters[i]) == 0);
    free(stats);
    requests = account_requests(&a);
    CHECK_TEXT("[]", requests);
    free(requests);
    /* It outlives its client. */
    lpc_client_free(client);
    CHECK(lpc_response_raw(response, NULL) == raw);
    lpc_response_free(response);
}

void test_stats_count_a_conversation(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "stats");
    lpc_conversation *conversation = new_conversation(consumer);
    lpc_error *err = NULL;
    char *stats, *requests;

    CHECK_OK(lpc_conversation_send_text(conversation, "one", NULL, &err), &err);
    account_answer(&a, "send", 503, "");
    CHECK_STATUS(LPC_SERVER, lpc_conversation_send_text(conversation, "two", NULL, &err), &err);
    lpc_error_free(err);
    CHECK_OK(lpc_conversation_close(conversation, NULL, &err), &err);

    stats = client_stats(client);
    requests = account_requests(&a);
    /* Discovery, the two tokens, the opening, two texts, the closing. */
    CHECK(number_of(stats, "requests") == 7);
    CHECK(occurrences(requests, "\"route\":") == 7);
    CHECK(number_of(stats, "retries") == 0);
    CHECK(number_of(stats, "failures") == 1);
    CHECK(number_of(stats, "token_refreshes") == 1);
    CHECK(number_of(stats, "connections_opened") == connections_in(requests));
    CHECK(number_of(stats, "bytes_sent") > 7 * 100);
    CHECK(number_of(stats, "bytes_received") > 7 * 100);
    CHECK(number_of(strstr(stats, "\"latency_ms\""), "count") == 7);
    CHECK(all_in_buckets(stats) == 7);
    free(stats);
    free(requests);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

enum { THREADS = 8, LOOKS = 20 };

typedef struct {
    lpc_client *client;
    char consumer_id[16];
} job;

/* Sends, and looks at the counters, which never fall. */
static void *send_and_look(void *argument)
{
    const job *j = argument;
    lpc_client *client = j->client;
    lpc_consumer *consumer = new_consumer(client, j->consumer_id);
    lpc_conversation *conversation = new_conversation(consumer);
    lpc_error *err = NULL;
    uint64_t before = 0, now;
    char *stats;
    int i;

    for (i = 0; i < LOOKS; i++) {
        CHECK_OK(lpc_conversation_send_text(conversation, "x", NULL, &err), &err);
        stats = client_stats(client);
        now = number_of(stats, "requests");
        CHECK(now > before && all_in_buckets(stats) == now);
        before = now;
        free(stats);
    }
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    return NULL;
}

void test_stats_of_eight_threads(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    pthread_t threads[THREADS];
    job jobs[THREADS];
    char *stats, *requests;
    int i;

    for (i = 0; i < THREADS; i++) {
        jobs[i].client = client;
        snprintf(jobs[i].consumer_id, sizeof jobs[i].consumer_id, "consumer %d", i);
        CHECK(pthread_create(&threads[i], NULL, send_and_look, &jobs[i]) == 0);
    }
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    stats = client_stats(client);
    requests = account_requests(&a);
    CHECK(number_of(stats, "requests") == occurrences(requests, "\"route\":"));
    /* Discovery, an AppJWT; of each consumer the token, the opening and the texts. */
    CHECK(number_of(stats, "requests") == 2 + THREADS * (2 + LOOKS));
    CHECK(number_of(stats, "connections_opened") == connections_in(requests));
    CHECK(number_of(stats, "token_refreshes") == 1);
    free(stats);
    free(requests);
    lpc_client_free(client);
}

/* A copy of what lpc_receiver_stats() tells, as text; the caller frees it. */
static char *receiver_stats(lpc_receiver *receiver)
{
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    size_t raw_len = 0, body_len = 0;
    const uint8_t *raw, *body;
    char *stats;

    CHECK_OK(lpc_receiver_stats(receiver, &response, &err), &err);
    CHECK(response != NULL && err == NULL);
    CHECK(lpc_response_http_status(response) == 0 && lpc_response_sequence(response) == -1);
    raw = lpc_response_raw(response, &raw_len);
    body = lpc_response_body(response, &body_len);
    CHECK(raw[0] == '{' && raw[raw_len - 1] == '}');
    CHECK(body_len > strlen("# HELP ") && memcmp(body, "# HELP ", strlen("# HELP ")) == 0);
    stats = malloc(raw_len + 1);
    CHECK(stats != NULL);
    memcpy(stats, raw, raw_len);
    stats[raw_len] = 0;
    lpc_response_free(response);
    return stats;
}

void test_stats_of_a_receiver(void)
{
    static const char *const numbers[] = {
        "taken", "duplicates", "given_out", "acknowledged", "queued", "in_flight", "held",
        "oldest_ms", "connections_open", "connections_evicted", "bytes_received", "store_failures",
    };
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_receiver *receiver = NULL;
    lpc_notification *n = NULL;
    lpc_response *response = (lpc_response *)&a;
    lpc_error *err = NULL;
    char *stats;
    size_t i;

    CHECK_OK(lpc_receiver_new(config, &receiver, &err), &err);
    lpc_config_free(config);
    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_receiver_stats(NULL, &response, &err), &err);
    CHECK(response == NULL);
    lpc_error_free(err);
    CHECK(lpc_receiver_stats(receiver, NULL, NULL) == LPC_INVALID_ARGUMENT);
    stats = receiver_stats(receiver);
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
        CHECK(number_of(stats, numbers[i]) == 0);
    CHECK(strstr(stats, "\"refused\":[]") != NULL);
    free(stats);

    account_notify(&a, "{\"type\":\"of.the.future\"}");
    CHECK_OK(lpc_receiver_poll(receiver, -1, &n, &err), &err);
    CHECK_OK(lpc_receiver_ack(receiver, n, &err), &err);
    lpc_notification_free(n);
    stats = receiver_stats(receiver);
    CHECK(number_of(stats, "taken") == 1 && number_of(stats, "given_out") == 1);
    CHECK(number_of(stats, "acknowledged") == 1 && number_of(stats, "queued") == 0);
    CHECK(number_of(stats, "bytes_received") > 100);
    free(stats);
    lpc_receiver_free(receiver);
}
