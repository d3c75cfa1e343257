/* The connector: what is submitted goes out, what agents do comes in, and both outlive a restart. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <pthread.h>
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

#define ALICE "+4915112345678"
#define NOT_UTF8 "\xC3\x28"
/* Where nobody listens. */
#define NOWHERE "https://127.0.0.1:1"

static lpc_connector *new_connector(const lpc_config *config)
{
    lpc_connector *connector = NULL;
    lpc_error *err = NULL;

    CHECK_OK(lpc_connector_new(config, &connector, &err), &err);
    CHECK(connector != NULL && err == NULL);
    return connector;
}

/* One of an account that tells it nothing; the program hands in what it heard. */
static lpc_config *deaf_config(account *a)
{
    lpc_config *config;

    *a = account_new();
    config = account_config(a);
    CHECK(lpc_config_set(config, "connector.store", "memory", NULL) == LPC_OK);
    return config;
}

static lpc_connector *deaf_connector(account *a)
{
    lpc_config *config = deaf_config(a);
    lpc_connector *connector = new_connector(config);

    lpc_config_free(config);
    return connector;
}

static lpc_update *next(lpc_connector *connector)
{
    lpc_update *update = NULL;
    lpc_error *err = NULL;

    CHECK_OK(lpc_connector_poll(connector, -1, &update, &err), &err);
    CHECK(update != NULL && err == NULL);
    return update;
}

static void ack(lpc_connector *connector, lpc_update *update)
{
    lpc_error *err = NULL;

    CHECK_OK(lpc_connector_ack(connector, update, &err), &err);
    lpc_update_free(update);
}

/* The next one of this kind; events that are no texts are dealt with on the way to it. */
static lpc_update *next_of(lpc_connector *connector, int32_t kind)
{
    for (;;) {
        lpc_update *update = next(connector);
        const lpc_notification *n = lpc_update_notification(update);
        bool is_aside = lpc_update_kind(update) == LPC_UPDATE_KIND_EVENT
                        && lpc_event_kind(n, 0) != LPC_EVENT_KIND_TEXT;

        if (!is_aside) {
            CHECK(lpc_update_kind(update) == kind);
            return update;
        }
        ack(connector, update);
    }
}

static void submit_text(lpc_connector *connector, const char *text, const char *key)
{
    lpc_error *err = NULL;

    CHECK_OK(lpc_connector_submit_text(connector, ALICE, text, key, &err), &err);
    CHECK(err == NULL);
}

/* Waits until it is told, and acknowledges it. */
static void expect_sent(lpc_connector *connector, const char *key)
{
    lpc_update *update = next_of(connector, LPC_UPDATE_KIND_SENT);

    CHECK_TEXT(key, lpc_update_key(update));
    ack(connector, update);
}

/* Opens the consumer's conversation with a text; gives its id, which the caller frees. */
static char *open_with_text(lpc_connector *connector, const char *consumer)
{
    lpc_update *update;
    lpc_error *err = NULL;
    char *id;

    CHECK_OK(lpc_connector_submit_text(connector, consumer, "Hi", "first", &err), &err);
    update = next_of(connector, LPC_UPDATE_KIND_OPENED);
    CHECK_TEXT(consumer, lpc_update_consumer_id(update));
    id = strdup(lpc_update_conversation_id(update));
    CHECK(id != NULL && *id != '\0');
    ack(connector, update);
    expect_sent(connector, "first");
    return id;
}

static void until_the_sandbox_has(const account *a, const char *part)
{
    char *conversations = account_conversations(a);

    while (strstr(conversations, part) == NULL) {
        free(conversations);
        conversations = account_conversations(a);
    }
    free(conversations);
}

static void a_chat(const lpc_config *config, const account *a)
{
    lpc_connector *connector = new_connector(config);
    lpc_update *update = (lpc_update *)&connector, *kept;
    const lpc_notification *n;
    lpc_error *err = NULL;
    char *conversation;

    CHECK(strncmp(lpc_connector_url(connector), "http", 4) == 0);
    CHECK_STATUS(LPC_EMPTY, lpc_connector_poll(connector, 0, &update, &err), &err);
    CHECK(update == NULL && lpc_error_status(err) == LPC_EMPTY);
    lpc_error_free(err);
    CHECK(lpc_connector_poll(connector, 1, &update, NULL) == LPC_EMPTY);

    submit_text(connector, "Hi", "k1");
    update = next_of(connector, LPC_UPDATE_KIND_OPENED);
    CHECK_TEXT(ALICE, lpc_update_consumer_id(update));
    conversation = strdup(lpc_update_conversation_id(update));
    CHECK(conversation != NULL && *conversation != '\0');
    CHECK_TEXT(conversation, lpc_update_dialog_id(update));
    CHECK_TEXT("", lpc_update_key(update));
    CHECK(lpc_update_sequence(update) == -1 && lpc_update_attempts(update) == 0);
    CHECK(!lpc_update_is_repeat(update));
    CHECK(lpc_update_error(update) == NULL && lpc_update_notification(update) == NULL);
    ack(connector, update);

    update = next_of(connector, LPC_UPDATE_KIND_SENT);
    CHECK_TEXT("k1", lpc_update_key(update));
    CHECK_TEXT(conversation, lpc_update_conversation_id(update));
    CHECK(lpc_update_attempts(update) == 1);
    CHECK(lpc_update_error(update) == NULL && lpc_update_notification(update) == NULL);
    CHECK_OK(lpc_connector_ack(connector, update, NULL), NULL);
    /* Twice is fine. */
    ack(connector, update);
    CHECK_OK(lpc_connector_submit(connector, ALICE, "{\"text\":\"more\"}", "k2", &err), &err);
    update = next_of(connector, LPC_UPDATE_KIND_SENT);
    CHECK_TEXT("k2", lpc_update_key(update));
    CHECK(lpc_update_sequence(update) >= 0);
    ack(connector, update);
    /* Not sent again, and not told again. */
    submit_text(connector, "more", "k2");

    account_act(a, conversation, "{\"say\":\"Hello\"}");
    update = next_of(connector, LPC_UPDATE_KIND_EVENT);
    n = lpc_update_notification(update);
    CHECK(lpc_notification_event_count(n) == 1);
    CHECK_TEXT("Hello", lpc_event_text(n, 0));
    CHECK_TEXT("ASSIGNED_AGENT", lpc_event_originator_role(n, 0));
    CHECK_TEXT(a->id, lpc_notification_account_id(n));
    CHECK_TEXT(ALICE, lpc_update_consumer_id(update));
    CHECK_TEXT(conversation, lpc_update_conversation_id(update));
    CHECK_TEXT(conversation, lpc_update_dialog_id(update));
    CHECK(lpc_update_sequence(update) == lpc_event_sequence(n, 0));
    CHECK(lpc_update_error(update) == NULL);
    kept = update;
    CHECK_OK(lpc_connector_ack(connector, update, &err), &err);
    until_the_sandbox_has(a, "\"ACCEPT\"");

    account_close_conversation(a, conversation);
    update = next_of(connector, LPC_UPDATE_KIND_CLOSED);
    CHECK_TEXT(conversation, lpc_update_conversation_id(update));
    CHECK(lpc_event_is_closed(lpc_update_notification(update), 0));
    ack(connector, update);
    submit_text(connector, "Are you there?", NULL);
    update = next_of(connector, LPC_UPDATE_KIND_OPENED);
    CHECK(strcmp(conversation, lpc_update_conversation_id(update)) != 0);
    ack(connector, update);
    free(conversation);

    lpc_connector_free(connector);
    /* It outlives the connector. */
    CHECK_TEXT("Hello", lpc_event_text(lpc_update_notification(kept), 0));
    CHECK_TEXT(ALICE, lpc_update_consumer_id(kept));
    lpc_update_free(kept);
}

void test_connector(void)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_error *err = NULL;
    char file[32];

    CHECK_OK(lpc_config_set(config, "connector.store", "memory", &err), &err);
    a_chat(config, &a);
    lpc_config_free(config);
    config = account_receiver_config(&a);
    store_new(config, "connector.store", file);
    a_chat(config, &a);
    store_remove(file);
    lpc_config_free(config);
}

void test_connector_failures(void)
{
    account a;
    lpc_config *config = deaf_config(&a);
    lpc_connector *connector = new_connector(config);
    const lpc_error *why;
    lpc_update *update;
    lpc_error *err = NULL;
    size_t len = 0;

    free(open_with_text(connector, ALICE));
    account_answer(&a, "send", 400, "{\"body\":{\"msg\":\"no\"}}");
    submit_text(connector, "refused", "bad");
    submit_text(connector, "next", "good");
    update = next_of(connector, LPC_UPDATE_KIND_FAILED);
    CHECK_TEXT("bad", lpc_update_key(update));
    CHECK(lpc_update_attempts(update) == 1 && lpc_update_sequence(update) == -1);
    why = lpc_update_error(update);
    CHECK(lpc_error_status(why) == LPC_REJECTED && lpc_error_http_status(why) == 400);
    CHECK(!lpc_error_is_retryable(why) && !lpc_error_maybe_delivered(why));
    CHECK(*lpc_error_message(why) != '\0' && lpc_error_attempts(why) == 1);
    CHECK(lpc_error_body(why, &len) != NULL && len > 0);
    CHECK(lpc_update_notification(update) == NULL);
    ack(connector, update);
    expect_sent(connector, "good");

    CHECK_STATUS(LPC_INVALID_ARGUMENT,
                 lpc_connector_submit(connector, ALICE, "{\"texd\":\"x\"}", NULL, &err), &err);
    CHECK(strstr(lpc_error_message(err), "did you mean 'text'") != NULL);
    lpc_error_free(err);
    err = NULL;
    CHECK_STATUS(LPC_IO,
                 lpc_connector_submit(connector, ALICE, "{\"file\":\"/nowhere/a.png\"}", NULL, &err),
                 &err);
    CHECK(strstr(lpc_error_message(err), "/nowhere/a.png") != NULL);
    lpc_error_free(err);
    err = NULL;
    lpc_connector_free(connector);

    CHECK_OK(lpc_config_set(config, "connector.queue.max", "1", &err), &err);
    CHECK_OK(lpc_config_set(config, "domain.messaging", NOWHERE, &err), &err);
    connector = new_connector(config);
    submit_text(connector, "waits", NULL);
    CHECK_STATUS(LPC_FULL, lpc_connector_submit_text(connector, ALICE, "too many", NULL, &err),
                 &err);
    CHECK(strstr(lpc_error_message(err), "connector.queue.max") != NULL);
    lpc_error_free(err);
    lpc_connector_free(connector);
    lpc_config_free(config);
}

/* The body of a notification in which an agent says something. */
static void agent_says(char *body, size_t room, const char *conversation, int sequence)
{
    int n = snprintf(body, room,
                     "{\"type\":\"ms.MessagingEventNotification\",\"body\":{\"changes\":[{"
                     "\"sequence\":%d,\"conversationId\":\"%s\",\"dialogId\":\"%s\","
                     "\"originatorMetadata\":{\"role\":\"ASSIGNED_AGENT\"},\"event\":{\"type\":"
                     "\"ContentEvent\",\"contentType\":\"text/plain\",\"message\":\"No. %d\"}}]}}",
                     sequence, conversation, conversation, sequence);

    CHECK(n > 0 && (size_t)n < room);
}

static lpc_status receive(lpc_connector *connector, const account *a, const char *body)
{
    char *signature = account_sign(a, body);
    lpc_error *err = NULL;
    lpc_status status =
        lpc_connector_receive(connector, (const uint8_t *)body, strlen(body), signature, &err);

    CHECK((status == LPC_OK) == (err == NULL) && status == lpc_error_status(err));
    lpc_error_free(err);
    free(signature);
    return status;
}

void test_connector_receives_what_it_is_handed(void)
{
    account a;
    lpc_connector *connector = deaf_connector(&a);
    const uint8_t *bytes;
    lpc_update *update = NULL;
    char *conversation;
    char body[1024];

    CHECK_TEXT("", lpc_connector_url(connector));
    conversation = open_with_text(connector, ALICE);
    agent_says(body, sizeof body, conversation, 1);
    bytes = (const uint8_t *)body;
    CHECK(lpc_connector_receive(connector, bytes, strlen(body), "sha1=bogus", NULL)
          == LPC_SIGNATURE);
    CHECK(lpc_connector_receive(connector, bytes, strlen(body), "", NULL) == LPC_SIGNATURE);
    CHECK(lpc_connector_receive(connector, NULL, 0, "", NULL) == LPC_SIGNATURE);
    CHECK(receive(connector, &a, body) == LPC_OK);
    /* The service may say it twice. */
    CHECK(receive(connector, &a, body) == LPC_OK);
    update = next(connector);
    CHECK(lpc_update_kind(update) == LPC_UPDATE_KIND_EVENT);
    CHECK_TEXT("No. 1", lpc_event_text(lpc_update_notification(update), 0));
    CHECK_TEXT(ALICE, lpc_update_consumer_id(update));
    ack(connector, update);
    CHECK(lpc_connector_poll(connector, 0, &update, NULL) == LPC_EMPTY);
    /* Of a conversation that others opened. */
    agent_says(body, sizeof body, "another", 1);
    CHECK(receive(connector, &a, body) == LPC_OK);
    CHECK(receive(connector, &a, "no notification at all") == LPC_OK);
    CHECK(lpc_connector_poll(connector, 0, &update, NULL) == LPC_EMPTY);
    CHECK(connector_stat(connector, "received") == 4 && connector_stat(connector, "duplicates") == 1);

    lpc_connector_shutdown(connector, 0);
    CHECK(receive(connector, &a, body) == LPC_CLOSED);
    lpc_connector_free(connector);
    free(conversation);
}

void test_connector_updates_come_again(void)
{
    account a;
    lpc_connector *connector = deaf_connector(&a), *other = deaf_connector(&a);
    lpc_update *update, *nothing = NULL;
    lpc_error *err = NULL;
    int fd = lpc_connector_fd(connector);

#ifdef __linux__
    CHECK(fd >= 0);
#endif
    CHECK(lpc_connector_fd(connector) == fd && lpc_connector_fd(NULL) == -1);
    CHECK(fd == -1 || !readable(fd, 0));
    submit_text(connector, "Hi", "k");
    CHECK(fd == -1 || readable(fd, 60000));
    update = next(connector);
    CHECK(lpc_update_kind(update) == LPC_UPDATE_KIND_OPENED && !lpc_update_is_repeat(update));
    /* SENT is the same consumer's: it waits for this one. */
    CHECK(fd == -1 || !readable(fd, 0));
    CHECK(lpc_connector_poll(connector, 0, &nothing, NULL) == LPC_EMPTY);

    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_connector_nack(connector, update, -1, &err), &err);
    CHECK(strstr(lpc_error_message(err), "after_ms is negative") != NULL);
    lpc_error_free(err);
    err = NULL;
    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_connector_ack(other, update, &err), &err);
    CHECK(strstr(lpc_error_message(err), "did not come from this connector") != NULL);
    lpc_error_free(err);
    err = NULL;
    CHECK(lpc_connector_nack(other, update, 0, NULL) == LPC_INVALID_ARGUMENT);
    CHECK_OK(lpc_connector_nack(connector, update, 20, &err), &err);
    CHECK(fd == -1 || readable(fd, 60000));
    lpc_update_free(update);
    update = next(connector);
    CHECK(lpc_update_kind(update) == LPC_UPDATE_KIND_OPENED && lpc_update_is_repeat(update));
    CHECK_OK(lpc_connector_nack(connector, update, 0, &err), &err);
    lpc_update_free(update);
    update = next(connector);
    CHECK(lpc_update_kind(update) == LPC_UPDATE_KIND_OPENED && lpc_update_is_repeat(update));
    ack(connector, update);
    CHECK(fd == -1 || readable(fd, 60000));
    expect_sent(connector, "k");
    CHECK(fd == -1 || !readable(fd, 0));
    lpc_connector_shutdown(connector, 0);
    CHECK(fd == -1 || readable(fd, 60000));
    lpc_connector_free(other);
    lpc_connector_free(connector);
}

void test_connector_restart(void)
{
    account a;
    lpc_config *config = deaf_config(&a);
    lpc_connector *connector, *second = (lpc_connector *)&a;
    lpc_update *update;
    lpc_error *err = NULL;
    char file[32];

    store_new(config, "connector.store", file);
    CHECK_OK(lpc_config_set(config, "domain.messaging", NOWHERE, &err), &err);
    connector = new_connector(config);
    submit_text(connector, "one", "k1");
    submit_text(connector, "two", "k2");
    CHECK_STATUS(LPC_IO, lpc_connector_new(config, &second, &err), &err);
    CHECK(strstr(lpc_error_message(err), file) != NULL && second == NULL);
    lpc_error_free(err);
    err = NULL;
    lpc_connector_free(connector);

    CHECK_OK(lpc_config_set(config, "domain.messaging", "", &err), &err);
    connector = new_connector(config);
    update = next(connector);
    CHECK(lpc_update_kind(update) == LPC_UPDATE_KIND_OPENED && !lpc_update_is_repeat(update));
    lpc_update_free(update);
    /* It was not acknowledged. */
    lpc_connector_shutdown(connector, -1);
    lpc_connector_free(connector);
    connector = new_connector(config);
    update = next(connector);
    CHECK(lpc_update_kind(update) == LPC_UPDATE_KIND_OPENED && lpc_update_is_repeat(update));
    ack(connector, update);
    expect_sent(connector, "k1");
    expect_sent(connector, "k2");
    /* The key is known again. */
    submit_text(connector, "two", "k2");
    CHECK(connector_stat(connector, "repeated_keys") == 1);
    lpc_connector_free(connector);
    store_remove(file);
    lpc_config_free(config);
}

void test_connector_files(void)
{
    static const char content[] = "\x89PNG\r\n\x1A\n and the rest";
    account a;
    lpc_connector *connector = deaf_connector(&a);
    char path[32], action[128], got[sizeof content] = {0};
    char *relative_path;
    lpc_error *err = NULL;
    FILE *file;

    free(open_with_text(connector, ALICE));
    file_new(path);
    file = file_open(path, "wb");
    CHECK(file != NULL && fwrite(content, 1, sizeof content - 1, file) == sizeof content - 1);
    CHECK(fclose(file) == 0);
    snprintf(action, sizeof action, "%s.png", path);
    CHECK(rename(path, action) == 0);
    snprintf(action, sizeof action, "{\"file\":\"%s.png\",\"caption\":\"a photo\"}", path);
    CHECK_OK(lpc_connector_submit(connector, ALICE, action, "k", &err), &err);
    /* It was copied, and may go. */
    snprintf(action, sizeof action, "%s.png", path);
    CHECK(file_remove(action));
    expect_sent(connector, "k");
    until_the_sandbox_has(&a, "a photo");

    relative_path = account_put_file(&a, "PNG", "an invoice");
    CHECK_OK(lpc_connector_download_file(connector, ALICE, relative_path, path, &err), &err);
    file = fopen(path, "rb");
    CHECK(file != NULL && fread(got, 1, sizeof got, file) == strlen("an invoice"));
    CHECK_TEXT("an invoice", got);
    fclose(file);
    CHECK(file_remove(path));
    CHECK(lpc_connector_download_file(connector, "nobody", relative_path, path, NULL)
          == LPC_CLOSED);
    lpc_connector_shutdown(connector, 0);
    CHECK(lpc_connector_download_file(connector, ALICE, relative_path, path, NULL) == LPC_CLOSED);
    free(relative_path);
    lpc_connector_free(connector);
}

void test_connector_stats(void)
{
    static const char *const numbers[] = {
        "waiting", "oldest_ms", "updates_waiting", "updates_out", "consumers", "conversations",
        "submitted", "repeated_keys", "sent", "failed", "put_off", "repeated", "settled_by_echo",
        "opened", "closed", "received", "duplicates", "foreign", "given_out", "acknowledged",
        "connections_open", "store_failures",
    };
    account a;
    lpc_connector *connector = deaf_connector(&a);
    lpc_response *response = (lpc_response *)&a;
    char *stats = connector_stats(connector, false);
    size_t i;

    for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
        CHECK(number_of(stats, numbers[i]) == 0);
    CHECK(number_of(stats, "workers") == 8 && strstr(stats, "\"refused\":[]") != NULL);
    CHECK(strstr(stats, "\"latency_ms\":{\"count\":0,\"sum\":0,\"buckets\":[") != NULL);
    free(stats);
    CHECK(lpc_connector_stats(NULL, &response, NULL) == LPC_INVALID_ARGUMENT && response == NULL);
    CHECK(lpc_connector_stats(connector, NULL, NULL) == LPC_INVALID_ARGUMENT);

    free(open_with_text(connector, ALICE));
    stats = connector_stats(connector, false);
    CHECK(number_of(stats, "submitted") == 1 && number_of(stats, "sent") == 1);
    CHECK(number_of(stats, "opened") == 1 && number_of(stats, "conversations") == 1);
    CHECK(number_of(stats, "given_out") == 2 && number_of(stats, "acknowledged") == 2);
    CHECK(number_of(stats, "waiting") == 0 && number_of(stats, "updates_waiting") == 0);
    free(stats);
    stats = connector_stats(connector, true);
    CHECK(strncmp(stats, "# HELP ", 7) == 0);
    CHECK(strstr(stats, "\nlpconnector_connector_sent_total 1\n") != NULL);
    CHECK(strstr(stats, "\nlpconnector_token_refreshes_total 1\n") != NULL);
    free(stats);
    lpc_connector_free(connector);
}

/* A secret that was replaced, without a restart. */
void test_connector_with_new_credentials(void)
{
    account a;
    lpc_config *config = deaf_config(&a);
    lpc_connector *connector;
    lpc_error *err = NULL;
    char secrets[256];

    CHECK_OK(lpc_config_set(config, "client.secret", "of-yesterday", &err), &err);
    connector = new_connector(config);
    CHECK(receive(connector, &a, "{}") == LPC_SIGNATURE);
    CHECK(lpc_connector_set_credentials(connector, a.client_id, " , ", NULL)
          == LPC_INVALID_ARGUMENT);
    snprintf(secrets, sizeof secrets, "%s, of-tomorrow", a.client_secret);
    CHECK_OK(lpc_connector_set_credentials(connector, a.client_id, secrets, &err), &err);
    CHECK(receive(connector, &a, "{}") == LPC_OK);
    /* The first one is good for a token, too. */
    free(open_with_text(connector, ALICE));
    lpc_connector_free(connector);
    lpc_config_free(config);
}

/* The call must say that the argument of this name is bad, and what is bad about it. */
#define REFUSED(name, why, call)                                                               \
    do {                                                                                       \
        CHECK_STATUS(LPC_INVALID_ARGUMENT, call, &err);                                        \
        CHECK_TEXT(name " is " why, lpc_error_message(err));                                   \
        lpc_error_free(err);                                                                   \
        err = NULL;                                                                            \
    } while (0)

static void bad_texts(lpc_connector *k, const char *bad, bool is_null)
{
    const uint8_t *body = (const uint8_t *)"{}";
    lpc_error *err = NULL;

#define BAD(name, call)                                                                        \
    do {                                                                                       \
        if (is_null)                                                                           \
            REFUSED(name, "NULL", call);                                                       \
        else                                                                                   \
            REFUSED(name, "not UTF-8", call);                                                  \
    } while (0)
    BAD("consumer_id", lpc_connector_submit(k, bad, "{\"text\":\"x\"}", NULL, &err));
    BAD("action_json", lpc_connector_submit(k, ALICE, bad, NULL, &err));
    BAD("consumer_id", lpc_connector_submit_text(k, bad, "x", NULL, &err));
    BAD("text", lpc_connector_submit_text(k, ALICE, bad, NULL, &err));
    BAD("signature", lpc_connector_receive(k, body, 2, bad, &err));
    BAD("consumer_id", lpc_connector_download_file(k, bad, "/x", "x", &err));
    BAD("relative_path", lpc_connector_download_file(k, ALICE, bad, "x", &err));
    BAD("to_path", lpc_connector_download_file(k, ALICE, "/x", bad, &err));
    BAD("client_id", lpc_connector_set_credentials(k, bad, "y", &err));
    BAD("client_secret", lpc_connector_set_credentials(k, "x", bad, &err));
#undef BAD
}

static void null_connectors(const lpc_update *update)
{
    const uint8_t *body = (const uint8_t *)"{}";
    lpc_update *given = (lpc_update *)&body;
    lpc_response *response = NULL;
    lpc_error *err = NULL;

#define IS_NULL(call) REFUSED("connector", "NULL", call)
    IS_NULL(lpc_connector_submit(NULL, ALICE, "{\"text\":\"x\"}", NULL, &err));
    IS_NULL(lpc_connector_submit_text(NULL, ALICE, "x", NULL, &err));
    IS_NULL(lpc_connector_receive(NULL, body, 2, "", &err));
    IS_NULL(lpc_connector_poll(NULL, 0, &given, &err));
    CHECK(given == NULL);
    IS_NULL(lpc_connector_ack(NULL, update, &err));
    IS_NULL(lpc_connector_nack(NULL, update, 0, &err));
    IS_NULL(lpc_connector_stats(NULL, &response, &err));
    IS_NULL(lpc_connector_download_file(NULL, ALICE, "/x", "x", &err));
    IS_NULL(lpc_connector_set_credentials(NULL, "x", "y", &err));
#undef IS_NULL
    CHECK(lpc_connector_fd(NULL) == -1 && lpc_connector_url(NULL) == NULL);
    lpc_connector_shutdown(NULL, -1);
    lpc_connector_free(NULL);
}

static void accessors_of_no_update(void)
{
    CHECK(lpc_update_kind(NULL) == 0 && lpc_update_sequence(NULL) == -1);
    CHECK(lpc_update_attempts(NULL) == 0 && !lpc_update_is_repeat(NULL));
    CHECK_TEXT("", lpc_update_consumer_id(NULL));
    CHECK_TEXT("", lpc_update_conversation_id(NULL));
    CHECK_TEXT("", lpc_update_dialog_id(NULL));
    CHECK_TEXT("", lpc_update_key(NULL));
    CHECK(lpc_update_error(NULL) == NULL && lpc_update_notification(NULL) == NULL);
    lpc_update_free(NULL);
}

void test_connector_bad_arguments(void)
{
    account a;
    lpc_config *config = deaf_config(&a);
    lpc_connector *connector = (lpc_connector *)&a;
    lpc_receiver *receiver = NULL;
    lpc_update *update;
    lpc_error *err = NULL;
    char body[1024], *conversation;

    REFUSED("config", "NULL", lpc_connector_new(NULL, &connector, &err));
    CHECK(connector == NULL);
    REFUSED("connector", "NULL", lpc_connector_new(config, NULL, &err));
    connector = new_connector(config);
    bad_texts(connector, NULL, true);
    bad_texts(connector, NOT_UTF8, false);
    REFUSED("key", "not UTF-8",
            lpc_connector_submit(connector, ALICE, "{\"text\":\"x\"}", NOT_UTF8, &err));
    REFUSED("key", "not UTF-8",
            lpc_connector_submit_text(connector, ALICE, "x", NOT_UTF8, &err));
    REFUSED("key", "empty; NULL means none",
            lpc_connector_submit_text(connector, ALICE, "x", "", &err));
    REFUSED("consumer_id", "empty", lpc_connector_submit_text(connector, "", "x", NULL, &err));
    REFUSED("body", "NULL", lpc_connector_receive(connector, NULL, 1, "", &err));
    REFUSED("update", "NULL", lpc_connector_poll(connector, 0, NULL, &err));
    REFUSED("update", "NULL", lpc_connector_ack(connector, NULL, &err));
    REFUSED("update", "NULL", lpc_connector_nack(connector, NULL, 0, &err));
    REFUSED("response", "NULL", lpc_connector_stats(connector, NULL, &err));
    CHECK(lpc_connector_submit(NULL, NULL, NULL, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_connector_poll(NULL, 0, NULL, NULL) == LPC_INVALID_ARGUMENT);

    conversation = open_with_text(connector, ALICE);
    agent_says(body, sizeof body, conversation, 1);
    CHECK(receive(connector, &a, body) == LPC_OK);
    update = next(connector);
    null_connectors(update);
    accessors_of_no_update();
    /* What an update holds did not come from a receiver. */
    CHECK_OK(lpc_config_set(config, "receiver.listen", "127.0.0.1:0", &err), &err);
    CHECK_OK(lpc_receiver_new(config, &receiver, &err), &err);
    CHECK(lpc_receiver_ack(receiver, lpc_update_notification(update), NULL)
          == LPC_INVALID_ARGUMENT);
    lpc_receiver_free(receiver);
    ack(connector, update);
    free(conversation);
    lpc_connector_free(connector);
    lpc_config_free(config);

    config = account_config(&a);
    CHECK_STATUS(LPC_CONFIG, lpc_connector_new(config, &connector, &err), &err);
    CHECK(strstr(lpc_error_message(err), "connector.store") != NULL && connector == NULL);
    lpc_error_free(err);
    lpc_config_free(config);
}

static void *poll_until_it_is_closed(void *connector)
{
    lpc_update *update = NULL;
    lpc_error *err = NULL;

    CHECK_STATUS(LPC_CLOSED, lpc_connector_poll(connector, -1, &update, &err), &err);
    CHECK(update == NULL);
    lpc_error_free(err);
    return NULL;
}

void test_connector_shutdown(void)
{
    enum { TEXTS = 10 };
    account a;
    lpc_connector *connector = deaf_connector(&a);
    pthread_t threads[3];
    char text[32], key[32], *conversations;
    size_t i;

    for (i = 0; i < TEXTS; i++) {
        snprintf(text, sizeof text, "number %d.", (int)i);
        snprintf(key, sizeof key, "k%d", (int)i);
        submit_text(connector, text, key);
    }
    /* All of them go out. */
    lpc_connector_shutdown(connector, -1);
    conversations = account_conversations(&a);
    CHECK(occurrences(conversations, "number ") == TEXTS);
    free(conversations);
    CHECK(lpc_connector_submit_text(connector, ALICE, "late", NULL, NULL) == LPC_CLOSED);
    /* And what became of them is still told. */
    ack(connector, next_of(connector, LPC_UPDATE_KIND_OPENED));
    for (i = 0; i < TEXTS; i++) {
        snprintf(key, sizeof key, "k%d", (int)i);
        expect_sent(connector, key);
    }
    poll_until_it_is_closed(connector);
    lpc_connector_shutdown(connector, -1);
    CHECK(connector_stat(connector, "sent") == TEXTS && connector_stat(connector, "workers") == 0);
    lpc_connector_free(connector);

    connector = deaf_connector(&a);
    for (i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, poll_until_it_is_closed, connector) == 0);
    lpc_connector_shutdown(connector, 0);
    for (i = 0; i < 3; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    lpc_connector_free(connector);
}

#ifdef __linux__

enum { POLLS = 16 };

struct poller {
    pthread_t thread;
    lpc_connector *connector;
    int begins;
};

static void *poll_until_it_is_freed(void *argument)
{
    struct poller *poller = argument;

    thread_begins(poller->begins);
    return poll_until_it_is_closed(poller->connector);
}

void test_connector_that_is_freed_while_threads_poll(void)
{
    account a;
    lpc_config *config = deaf_config(&a);
    lpc_connector *connector;
    struct poller pollers[POLLS];
    char file[32];
    int begun[2];
    size_t i;

    if (!threads_can_be_watched()) {
        fprintf(stderr, "NOT CHECKED: a connector that is freed while threads poll (/proc)\n");
        lpc_config_free(config);
        return;
    }
    store_new(config, "connector.store", file);
    CHECK(lpc_config_set(config, "domain.messaging", NOWHERE, NULL) == LPC_OK);
    connector = new_connector(config);
    /* Something that waits, and is tried meanwhile. */
    submit_text(connector, "waits", "k");
    CHECK(pipe(begun) == 0);
    for (i = 0; i < POLLS; i++) {
        pollers[i].connector = connector;
        pollers[i].begins = begun[1];
        CHECK(pthread_create(&pollers[i].thread, NULL, poll_until_it_is_freed, &pollers[i]) == 0);
    }
    for (i = 0; i < POLLS; i++)
        thread_until_it_waits(begun[0]);
    lpc_connector_free(connector);
    /* Whatever they still do, its file is free, and what waited is there. */
    connector = new_connector(config);
    CHECK(connector_stat(connector, "waiting") == 1);
    for (i = 0; i < POLLS; i++)
        CHECK(pthread_join(pollers[i].thread, NULL) == 0);
    lpc_connector_free(connector);
    store_remove(file);
    close(begun[0]);
    close(begun[1]);
    lpc_config_free(config);
}

#else

void test_connector_that_is_freed_while_threads_poll(void)
{
    fprintf(stderr, "NOT CHECKED: a connector that is freed while threads poll (not Linux)\n");
}

#endif

#ifndef _WIN32 /* It has no fork(). */

void test_connector_in_a_forked_child(void)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_connector *connector, *another = NULL;
    lpc_update *update, *none = NULL;
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    char file[32], others[32];
    int status = 0;
    pid_t child;

    store_new(config, "connector.store", file);
    connector = new_connector(config);
    store_new(config, "connector.store", others);
    submit_text(connector, "before", "k");
    update = next_of(connector, LPC_UPDATE_KIND_OPENED);
    (void)lpc_connector_fd(connector);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(120);
        CHECK(lpc_connector_submit_text(connector, ALICE, "x", NULL, NULL) == LPC_CLOSED);
        CHECK(lpc_connector_receive(connector, NULL, 0, "", NULL) == LPC_CLOSED);
        CHECK(lpc_connector_poll(connector, -1, &none, NULL) == LPC_CLOSED && none == NULL);
        CHECK(lpc_connector_ack(connector, update, NULL) == LPC_CLOSED);
        CHECK(lpc_connector_nack(connector, update, 0, NULL) == LPC_CLOSED);
        CHECK(lpc_connector_stats(connector, &response, NULL) == LPC_CLOSED);
        CHECK(lpc_connector_download_file(connector, ALICE, "/x", "x", NULL) == LPC_CLOSED);
        CHECK(lpc_connector_fd(connector) == -1);
        lpc_connector_shutdown(connector, -1);
        lpc_update_free(update);
        lpc_connector_free(connector);
        CHECK_STATUS(LPC_IO, lpc_connector_new(config, &another, &err), &err);
        CHECK(strstr(lpc_error_message(err), "was forked") != NULL && another == NULL);
        leave(7);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    /* Nothing of that concerns the parent. */
    ack(connector, update);
    expect_sent(connector, "k");
    submit_text(connector, "after", "k2");
    expect_sent(connector, "k2");
    lpc_connector_free(connector);
    store_remove(file);
    store_remove(others);
    lpc_config_free(config);
}

#endif

/* What a connector's log callback does with it, once: on one of two threads that are both inside. */
typedef struct {
    pthread_mutex_t lock;
    pthread_mutex_t doors;
    pthread_cond_t arrived;
    pthread_cond_t changed;
    lpc_connector *connector;
    const lpc_update *taken;
    unsigned inside;
    bool frees, was_in, may_return, returned;
} stopper;

/* All that may wait is refused, and all else is done. */
static void use_inside(stopper *s)
{
    lpc_update *update = NULL;
    lpc_error *err = NULL;

    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_connector_poll(s->connector, -1, &update, &err), &err);
    CHECK(strstr(lpc_error_message(err), "inside a log function") != NULL);
    lpc_error_free(err);
    CHECK(lpc_connector_submit_text(s->connector, ALICE, "x", NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_connector_receive(s->connector, NULL, 0, "", NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_connector_ack(s->connector, s->taken, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_connector_nack(s->connector, s->taken, 0, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_connector_download_file(s->connector, ALICE, "/x", "x", NULL)
          == LPC_INVALID_ARGUMENT);
#ifdef __linux__
    CHECK(lpc_connector_fd(s->connector) >= 0);
#endif
    CHECK(connector_stat(s->connector, "submitted") == 4);
    CHECK_TEXT("", lpc_connector_url(s->connector));
    lpc_connector_shutdown(s->connector, -1);
    if (s->frees)
        lpc_connector_free(s->connector);
}

static void stop_on_line(void *user_data, int32_t level, const char *line)
{
    stopper *s = user_data;
    bool is_watched;

    (void)level;
    (void)line;
    CHECK(pthread_mutex_lock(&s->doors) == 0);
    is_watched = s->connector != NULL && s->inside < 2;
    if (is_watched) {
        s->inside++;
        CHECK(pthread_cond_broadcast(&s->arrived) == 0);
        while (s->inside < 2)
            CHECK(pthread_cond_wait(&s->arrived, &s->doors) == 0);
    }
    CHECK(pthread_mutex_unlock(&s->doors) == 0);
    /* The other thread is in here, and waits for this lock. */
    CHECK(pthread_mutex_lock(&s->lock) == 0);
    if (is_watched && !s->was_in) {
        use_inside(s);
        s->was_in = true;
        CHECK(pthread_cond_broadcast(&s->changed) == 0);
        while (!s->may_return)
            CHECK(pthread_cond_wait(&s->changed, &s->lock) == 0);
        s->returned = true;
        CHECK(pthread_cond_broadcast(&s->changed) == 0);
    }
    CHECK(pthread_mutex_unlock(&s->lock) == 0);
}

static void *let_it_return(void *user_data)
{
    stopper *s = user_data;

    CHECK(pthread_mutex_lock(&s->lock) == 0);
    while (!s->was_in)
        CHECK(pthread_cond_wait(&s->changed, &s->lock) == 0);
    s->may_return = true;
    CHECK(pthread_cond_broadcast(&s->changed) == 0);
    CHECK(pthread_mutex_unlock(&s->lock) == 0);
    return NULL;
}

static void log_callback_that_stops(bool frees)
{
    account a;
    lpc_config *config = deaf_config(&a);
    static stopper both[2];
    stopper *s = &both[frees];
    lpc_connector *connector;
    lpc_update *taken;
    lpc_error *err = NULL;
    pthread_t thread;

    CHECK(pthread_mutex_init(&s->lock, NULL) == 0 && pthread_mutex_init(&s->doors, NULL) == 0);
    CHECK(pthread_cond_init(&s->arrived, NULL) == 0 && pthread_cond_init(&s->changed, NULL) == 0);
    CHECK_OK(lpc_config_set_log_callback(config, stop_on_line, s, LPC_LOG_LEVEL_DEBUG, &err), &err);
    connector = new_connector(config);
    lpc_config_free(config);
    free(open_with_text(connector, "bob"));
    CHECK_OK(lpc_connector_submit_text(connector, ALICE, "Hi", NULL, &err), &err);
    taken = next_of(connector, LPC_UPDATE_KIND_OPENED);
    CHECK(pthread_mutex_lock(&s->doors) == 0);
    s->connector = connector;
    s->taken = taken;
    s->frees = frees;
    CHECK(pthread_mutex_unlock(&s->doors) == 0);
    CHECK(pthread_create(&thread, NULL, let_it_return, s) == 0);
    /* Two threads send, and log that. */
    submit_text(connector, "x", NULL);
    CHECK_OK(lpc_connector_submit_text(connector, "bob", "x", NULL, &err), &err);
    CHECK(pthread_mutex_lock(&s->lock) == 0);
    while (!s->was_in)
        CHECK(pthread_cond_wait(&s->changed, &s->lock) == 0);
    CHECK(pthread_mutex_unlock(&s->lock) == 0);
    if (!frees)
        /* Stopped by the callback, but waited for here. */
        lpc_connector_free(connector);
    CHECK(pthread_mutex_lock(&s->lock) == 0);
    CHECK(frees || s->returned);
    while (!s->returned)
        CHECK(pthread_cond_wait(&s->changed, &s->lock) == 0);
    CHECK(pthread_mutex_unlock(&s->lock) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    lpc_update_free(taken);
    until_no_thread_of_the_library();
}

void test_connector_stopped_by_its_log_callback(void)
{
    log_callback_that_stops(false);
    /* Its callback may be called until the process ends: nothing of it is touched again. */
    log_callback_that_stops(true);
}
