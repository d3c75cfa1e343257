/* What clients log, and to whom. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <pthread.h>
#ifndef _WIN32
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

/* Every line of one client. */
typedef struct {
    pthread_mutex_t lock;
    char text[1 << 16];
    size_t used;
    size_t lines[LPC_LOG_LEVEL_TRACE + 1];
    /* Asked for its stats with each line, where there is one. */
    lpc_client *client;
    pthread_t thread;
    bool same_thread;
} book;

static void book_begin(book *b)
{
    memset(b, 0, sizeof *b);
    CHECK(pthread_mutex_init(&b->lock, NULL) == 0);
    b->thread = pthread_self();
    b->same_thread = true;
}

static void on_line(void *user_data, int32_t level, const char *line)
{
    book *b = user_data;
    size_t len = strlen(line);

    CHECK(level >= LPC_LOG_LEVEL_ERROR && level <= LPC_LOG_LEVEL_TRACE);
    CHECK(len > 0 && strchr(line, '\n') == NULL);
    if (b->client != NULL)
        free(client_stats(b->client));
    CHECK(pthread_mutex_lock(&b->lock) == 0);
    CHECK(b->used + len + 2 < sizeof b->text);
    memcpy(b->text + b->used, line, len);
    b->used += len;
    b->text[b->used++] = '\n';
    b->lines[level]++;
    b->same_thread = b->same_thread && pthread_equal(b->thread, pthread_self());
    CHECK(pthread_mutex_unlock(&b->lock) == 0);
}

/* A client that logs into the book. */
static lpc_client *logging_client(const account *a, book *b, int32_t level)
{
    lpc_config *config = account_config(a);
    lpc_client *client = NULL;
    lpc_error *err = NULL;

    CHECK_OK(lpc_config_set_log_callback(config, on_line, b, level, &err), &err);
    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    lpc_config_free(config);
    return client;
}

/* One conversation of one text, and one text that fails. */
static void talk(const account *a, lpc_client *client, const char *consumer_id)
{
    lpc_consumer *consumer = new_consumer(client, consumer_id);
    lpc_conversation *conversation = new_conversation(consumer);
    lpc_error *err = NULL;

    CHECK_OK(lpc_conversation_send_text(conversation, "my own words", NULL, &err), &err);
    account_answer(a, "send", 503, "down");
    CHECK_STATUS(LPC_SERVER, lpc_conversation_send_text(conversation, "my own words", NULL, &err),
                 &err);
    lpc_error_free(err);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
}

void test_log_levels(void)
{
    int32_t level, other;

    for (level = LPC_LOG_LEVEL_OFF; level <= LPC_LOG_LEVEL_TRACE; level++) {
        account a = account_new();
        static book b;
        lpc_client *client;

        book_begin(&b);
        client = logging_client(&a, &b, level);
        talk(&a, client, "log");
        /* One request failed for good; each of the others is a line, too. */
        CHECK(b.lines[LPC_LOG_LEVEL_ERROR] == (level >= LPC_LOG_LEVEL_ERROR ? 1 : 0));
        CHECK(b.lines[LPC_LOG_LEVEL_DEBUG] == (level >= LPC_LOG_LEVEL_DEBUG ? 6 : 0));
        CHECK((b.lines[LPC_LOG_LEVEL_INFO] > 0) == (level >= LPC_LOG_LEVEL_INFO));
        CHECK((b.lines[LPC_LOG_LEVEL_TRACE] > 0) == (level >= LPC_LOG_LEVEL_TRACE));
        for (other = level + 1; other <= LPC_LOG_LEVEL_TRACE; other++)
            CHECK(b.lines[other] == 0);
        CHECK(b.same_thread);
        if (level >= LPC_LOG_LEVEL_ERROR)
            CHECK(strstr(b.text, "sending a text: the service answered 503") != NULL);
        lpc_client_free(client);
    }
}

void test_log_is_quiet_unless_asked(void)
{
    account a = account_new();
    static book b;
    lpc_config *config = account_config(&a);
    lpc_client *loud = NULL, *quiet = NULL;
    lpc_error *err = NULL;

    book_begin(&b);
    CHECK_OK(lpc_config_set_log_callback(config, on_line, &b, LPC_LOG_LEVEL_TRACE, &err), &err);
    /* A bad level changes nothing, also where there is no function. */
    CHECK_STATUS(LPC_INVALID_ARGUMENT,
                 lpc_config_set_log_callback(config, on_line, NULL, 6, &err), &err);
    CHECK_TEXT("level is 6; allowed: 0 to 5", lpc_error_message(err));
    lpc_error_free(err);
    CHECK_STATUS(LPC_INVALID_ARGUMENT,
                 lpc_config_set_log_callback(config, NULL, NULL, -1, &err), &err);
    CHECK_TEXT("level is -1; allowed: 0 to 5", lpc_error_message(err));
    lpc_error_free(err);
    CHECK_OK(lpc_client_new(config, &loud, &err), &err);

    /* Clients keep what they were made with. */
    CHECK_OK(lpc_config_set_log_callback(config, NULL, NULL, LPC_LOG_LEVEL_TRACE, &err), &err);
    CHECK_OK(lpc_client_new(config, &quiet, &err), &err);
    talk(&a, quiet, "quiet");
    CHECK(b.used == 0);
    lpc_client_free(quiet);
    talk(&a, loud, "loud");
    CHECK(b.used > 0);
    lpc_client_free(loud);
    lpc_config_free(config);
}

/* The next request on the route is answered with 400 and what it was sent. */
static void echo(const account *a, const char *route, const char *secret)
{
    char body[3072];

    CHECK(strlen(secret) > 20);
    CHECK(snprintf(body, sizeof body, "{\"title\":\"%s\"}", secret) < (int)sizeof body);
    account_answer(a, route, 400, body);
}

void test_log_tells_no_secret(void)
{
    account a = account_new();
    static book b;
    lpc_client *client;
    lpc_consumer *consumer;
    lpc_conversation *conversation = NULL;
    lpc_error *err = NULL;
    const char *jws = NULL, *header;
    char *requests, app_jwt[2048];

    book_begin(&b);
    client = logging_client(&a, &b, LPC_LOG_LEVEL_TRACE);
    consumer = new_consumer(client, "log");
    echo(&a, "token", a.client_secret);
    CHECK_STATUS(LPC_REJECTED, lpc_consumer_jws(consumer, &jws, &err), &err);
    lpc_error_free(err);
    CHECK_OK(lpc_consumer_jws(consumer, &jws, &err), &err);
    CHECK_OK(lpc_conversation_open(consumer, "{\"firstMessage\":\"my own words\"}", &conversation,
                                   &err), &err);
    requests = account_requests(&a);
    header = strstr(requests, "\"authorization\":\"");
    CHECK(header != NULL);
    header += strlen("\"authorization\":\"");
    snprintf(app_jwt, sizeof app_jwt, "%.*s", (int)strcspn(header, "\""), header);
    free(requests);
    echo(&a, "send", app_jwt);
    CHECK_STATUS(LPC_REJECTED, lpc_conversation_send_text(conversation, "my own words", NULL, &err),
                 &err);
    lpc_error_free(err);
    echo(&a, "send", jws);
    CHECK_STATUS(LPC_REJECTED, lpc_conversation_send_text(conversation, "my own words", NULL, &err),
                 &err);
    lpc_error_free(err);

    CHECK(occurrences(b.text, "the service answered 400: ***") == 3);
    CHECK(strstr(b.text, a.client_secret) == NULL);
    CHECK(strstr(b.text, app_jwt) == NULL);
    CHECK(strstr(b.text, jws) == NULL);
    CHECK(strstr(b.text, "my own words") == NULL);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

void test_log_callback_that_calls_the_library(void)
{
    account a = account_new();
    static book b;
    lpc_client *client;
    char *stats;

    book_begin(&b);
    client = logging_client(&a, &b, LPC_LOG_LEVEL_TRACE);
    b.client = client;
    talk(&a, client, "log");
    CHECK(b.lines[LPC_LOG_LEVEL_DEBUG] == 6);
    stats = client_stats(client);
    CHECK(number_of(stats, "requests") == 6);
    free(stats);
    lpc_client_free(client);
}

typedef struct {
    lpc_client *client;
    char consumer_id[16];
} job;

static void *open_and_close(void *argument)
{
    const job *j = argument;
    lpc_consumer *consumer = new_consumer(j->client, j->consumer_id);
    lpc_conversation *conversation = new_conversation(consumer);
    lpc_error *err = NULL;

    CHECK_OK(lpc_conversation_close(conversation, NULL, &err), &err);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    return NULL;
}

void test_log_of_eight_threads(void)
{
    enum { THREADS = 8 };
    account a = account_new();
    static book b;
    lpc_client *client;
    pthread_t threads[THREADS];
    job jobs[THREADS];
    char *requests;
    int i;

    book_begin(&b);
    client = logging_client(&a, &b, LPC_LOG_LEVEL_DEBUG);
    b.client = client;
    for (i = 0; i < THREADS; i++) {
        jobs[i].client = client;
        snprintf(jobs[i].consumer_id, sizeof jobs[i].consumer_id, "consumer %d", i);
        CHECK(pthread_create(&threads[i], NULL, open_and_close, &jobs[i]) == 0);
    }
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    requests = account_requests(&a);
    CHECK(b.lines[LPC_LOG_LEVEL_DEBUG] == occurrences(requests, "\"route\":"));
    CHECK(!b.same_thread);
    free(requests);
    lpc_client_free(client);
}

/* Who calls the library from its log callback, and what came of it. */
typedef struct {
    lpc_client *client;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
    size_t refused, forked;
    bool forks;
} caller;

static void is_refused(lpc_status status, lpc_error **err)
{
    CHECK_STATUS(LPC_INVALID_ARGUMENT, status, err);
    CHECK(strstr(lpc_error_message(*err), "inside a log function") != NULL);
    lpc_error_free(*err);
    *err = NULL;
}

static void call_on_line(void *user_data, int32_t level, const char *line)
{
    caller *c = user_data;
    lpc_consumer *other = NULL;
    lpc_conversation *opened = NULL;
    lpc_config *config;
    lpc_client *client = NULL;
    lpc_error *err = NULL;
    const char *jws = NULL;

    (void)level;
    (void)line;
    if (c->client == NULL)
        return;
    /* Whatever may wait is refused at once. */
    CHECK_OK(lpc_consumer_new(c->client, "inside", &other, &err), &err);
    is_refused(lpc_consumer_jws(other, &jws, &err), &err);
    is_refused(lpc_consumer_lp_id(other, &jws, &err), &err);
    is_refused(lpc_conversation_open(other, NULL, &opened, &err), &err);
    is_refused(lpc_consumer_send_json(other, (const uint8_t *)"{}", 2, NULL, &err), &err);
    is_refused(lpc_consumer_batch_json(other, (const uint8_t *)"[]", 2, NULL, &err), &err);
    if (c->conversation != NULL) {
        is_refused(lpc_conversation_send_text(c->conversation, "inside", NULL, &err), &err);
        is_refused(lpc_conversation_close(c->conversation, NULL, &err), &err);
        is_refused(lpc_conversation_download_file(c->conversation, "/x", "/tmp/x", &err), &err);
        CHECK(strlen(lpc_conversation_id(c->conversation)) > 0);
    }
    /* All else is not. */
    CHECK_OK(lpc_conversation_attach(other, "attached", NULL, &opened, &err), &err);
    lpc_conversation_free(opened);
    lpc_consumer_free(other);
    free(client_stats(c->client));
    config = lpc_config_new();
    CHECK_OK(lpc_config_set(config, "account.id", "inside", &err), &err);
    CHECK_OK(lpc_config_set(config, "app.jwt", "inside", &err), &err);
    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    lpc_client_shutdown(client);
    lpc_client_free(client);
    lpc_config_free(config);
    c->refused++;
}

void test_log_callback_that_makes_requests(void)
{
    account a = account_new();
    lpc_config *config = account_config(&a);
    caller c = {0};
    lpc_error *err = NULL;
    char *requests;

    CHECK_OK(lpc_config_set_log_callback(config, call_on_line, &c, LPC_LOG_LEVEL_TRACE, &err), &err);
    CHECK_OK(lpc_client_new(config, &c.client, &err), &err);
    lpc_config_free(config);
    c.consumer = new_consumer(c.client, "log");
    c.conversation = new_conversation(c.consumer);
    CHECK_OK(lpc_conversation_send_text(c.conversation, "outside", NULL, &err), &err);
    CHECK(c.refused >= 5);
    /* Discovery, two tokens, the opening and the text: nothing of the callback's went out. */
    requests = account_requests(&a);
    CHECK(occurrences(requests, "\"route\":") == 5);
    free(requests);
    lpc_conversation_free(c.conversation);
    lpc_consumer_free(c.consumer);
    lpc_client_free(c.client);
}

static void free_on_line(void *user_data, int32_t level, const char *line)
{
    caller *c = user_data;

    (void)level;
    (void)line;
    lpc_conversation_free(c->conversation);
    lpc_consumer_free(c->consumer);
    lpc_client_free(c->client);
    c->conversation = NULL;
    c->consumer = NULL;
    c->client = NULL;
}

void test_log_callback_that_frees_what_logs(void)
{
    account a = account_new();
    lpc_config *config = account_config(&a);
    lpc_conversation *conversation;
    lpc_client *client = NULL;
    caller c = {0};
    lpc_error *err = NULL;
    char *held;

    CHECK_OK(lpc_config_set_log_callback(config, free_on_line, &c, LPC_LOG_LEVEL_TRACE, &err), &err);
    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    lpc_config_free(config);
    {
        lpc_consumer *consumer = new_consumer(client, "log");

        conversation = new_conversation(consumer);
        c.client = client;
        c.consumer = consumer;
        c.conversation = conversation;
    }
    CHECK_OK(lpc_conversation_send_text(conversation, "freed meanwhile", NULL, &err), &err);
    CHECK(c.client == NULL);
    held = account_conversations(&a);
    CHECK(occurrences(held, "freed meanwhile") == 1);
    free(held);
}

#ifndef _WIN32 /* It has no fork(). */

static void fork_on_line(void *user_data, int32_t level, const char *line)
{
    caller *c = user_data;
    lpc_error *err = NULL;
    pid_t child;
    int status;

    (void)level;
    (void)line;
    if (!c->forks || c->conversation == NULL)
        return;
    c->forks = false;
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        /* What the call has begun is its parent's: this may send, and log. */
        CHECK_OK(lpc_conversation_send_text(c->conversation, "from the child", NULL, &err), &err);
        /* At an end of its own, memcheck would take for leaked what the call that logs holds. */
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    is_refused(lpc_conversation_send_text(c->conversation, "inside", NULL, &err), &err);
    c->forked++;
    c->forks = c->forked < 6;
}

void test_log_callback_that_forks_a_child_that_sends(void)
{
    account a = account_new();
    lpc_config *config = account_config(&a);
    caller c = {0};
    lpc_error *err = NULL;
    char *held;

    /* A connection for each request. */
    CHECK_OK(lpc_config_set(config, "pool.idle.timeout.ms", "0", &err), &err);
    CHECK_OK(lpc_config_set_log_callback(config, fork_on_line, &c, LPC_LOG_LEVEL_TRACE, &err), &err);
    CHECK_OK(lpc_client_new(config, &c.client, &err), &err);
    lpc_config_free(config);
    c.consumer = new_consumer(c.client, "log");
    c.conversation = new_conversation(c.consumer);
    /* So that the next call fetches a token, too. */
    account_revoke_tokens(&a);
    c.forks = true;
    CHECK_OK(lpc_conversation_send_text(c.conversation, "from the parent", NULL, &err), &err);
    held = account_conversations(&a);
    CHECK(c.forked == 6 && occurrences(held, "from the child") == c.forked);
    CHECK(occurrences(held, "from the parent") == 1);
    free(held);
    lpc_conversation_free(c.conversation);
    lpc_consumer_free(c.consumer);
    lpc_client_free(c.client);
}

#endif
