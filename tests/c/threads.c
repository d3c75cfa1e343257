/* Many threads, and more than one process. */
#define _GNU_SOURCE /* unshare */
#include "harness.h"

#include <pthread.h>
#ifdef __linux__
#include <sched.h>
#endif
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

enum { THREADS = 8, TEXTS = 10 };

typedef struct {
    lpc_client *client;
    lpc_conversation *conversation;
    int number;
} job;

static void send_texts(lpc_conversation *conversation, int thread)
{
    lpc_error *err = NULL;
    char text[64];
    int i;

    for (i = 0; i < TEXTS; i++) {
        snprintf(text, sizeof text, "thread %d text %02d", thread, i);
        CHECK_OK(lpc_conversation_send_text(conversation, text, NULL, &err), &err);
    }
}

static void *own_conversation(void *argument)
{
    job *j = argument;
    lpc_error *err = NULL;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
    char id[32];

    snprintf(id, sizeof id, "consumer %d", j->number);
    consumer = new_consumer(j->client, id);
    conversation = new_conversation(consumer);
    send_texts(conversation, j->number);
    CHECK_OK(lpc_conversation_close(conversation, NULL, &err), &err);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    return NULL;
}

static void *shared_conversation(void *argument)
{
    job *j = argument;

    send_texts(j->conversation, j->number);
    return NULL;
}

static void run_threads(void *(*work)(void *), lpc_client *client, lpc_conversation *conversation)
{
    pthread_t threads[THREADS];
    job jobs[THREADS];
    int i;

    for (i = 0; i < THREADS; i++) {
        jobs[i] = (job){client, conversation, i};
        CHECK(pthread_create(&threads[i], NULL, work, &jobs[i]) == 0);
    }
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

/* Every text of every thread arrived once, those of one thread in its order. */
static void check_texts(const account *a)
{
    char *held = account_conversations(a);
    char text[64];
    int thread, i;

    for (thread = 0; thread < THREADS; thread++) {
        const char *before = held, *found;
        for (i = 0; i < TEXTS; i++) {
            snprintf(text, sizeof text, "\"thread %d text %02d\"", thread, i);
            CHECK(occurrences(held, text) == 1);
            found = strstr(held, text);
            CHECK(found > before);
            before = found;
        }
    }
    free(held);
}

void test_eight_threads_on_one_client(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    char *requests;

    run_threads(own_conversation, client, NULL);
    check_texts(&a);
    requests = account_requests(&a);
    CHECK(occurrences(requests, "\"route\":\"token\"") == 1);
    CHECK(occurrences(requests, "\"route\":\"domain\"") == 1);
    CHECK(occurrences(requests, "\"route\":\"consumer\"") == THREADS);
    free(requests);
    lpc_client_free(client);
}

void test_eight_threads_on_one_conversation(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "shared");
    lpc_conversation *conversation = new_conversation(consumer);

    run_threads(shared_conversation, client, conversation);
    check_texts(&a);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

#ifndef _WIN32 /* It has no fork(). */

/* Ends a child without a look at what it inherited, which would seem to be a leak. */
static void end_with(int status)
{
    char command[32];

    snprintf(command, sizeof command, "exit %d", status);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    fail(__FILE__, __LINE__, "execl");
}

void test_fork(void)
{
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumer = new_consumer(client, "fork");
    lpc_conversation *conversation = new_conversation(consumer);
    lpc_error *err = NULL;
    int status = 0;
    char *held;
    pid_t child = fork();

    CHECK(child >= 0);
    CHECK_OK(lpc_conversation_send_text(conversation, child == 0 ? "from the child"
                                                                 : "from the parent",
                                        NULL, &err), &err);
    if (child != 0) {
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        CHECK_OK(lpc_conversation_send_text(conversation, "and again", NULL, &err), &err);
        held = account_conversations(&a);
        CHECK(occurrences(held, "from the child") == 1);
        CHECK(occurrences(held, "from the parent") == 1);
        CHECK(occurrences(held, "and again") == 1);
        free(held);
    }
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
    if (child == 0)
        end_with(0);
}

#ifdef __linux__
enum { NOT_ALLOWED = 77 };

/* A child that has the process id 1, or -1 where that is not allowed. */
static pid_t fork_as_the_first(void)
{
    if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
        return -1;
    return fork();
}

static int status_of(pid_t child)
{
    int status;

    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Both have the process id 1, each in a namespace of its own. */
static int be_a_parent_and_its_child(const account *a)
{
    lpc_client *client = account_client(a);
    lpc_consumer *consumer = new_consumer(client, "namespace");
    lpc_conversation *conversation = new_conversation(consumer);
    lpc_error *err = NULL;
    pid_t child = fork_as_the_first();
    char *stats;

    if (child == -1)
        return NOT_ALLOWED;
    CHECK(getpid() == 1);
    CHECK_OK(lpc_conversation_send_text(conversation, "x", NULL, &err), &err);
    if (child == 0) {
        /* Its own: discovery, an AppJWT and the text. */
        stats = client_stats(client);
        CHECK(number_of(stats, "requests") == 3);
        free(stats);
        return 0;
    }
    CHECK(status_of(child) == 0);
    CHECK_OK(lpc_conversation_send_text(conversation, "y", NULL, &err), &err);
    return 0;
}
#endif

void test_fork_with_the_same_process_id(void)
{
#ifdef __linux__
    account a = account_new();
    pid_t child = fork(), first;
    int status;

    CHECK(child >= 0);
    if (child == 0) {
        first = fork_as_the_first();
        if (first == 0)
            end_with(be_a_parent_and_its_child(&a));
        end_with(first == -1 ? NOT_ALLOWED : status_of(first));
    }
    status = status_of(child);
    if (status == NOT_ALLOWED)
        fprintf(stderr, "NOT CHECKED: a child with its parent's process id (unshare is not allowed) ");
    else
        CHECK(status == 0);
#endif
}

typedef struct {
    const char *line;
    bool armed;
    pid_t child;
} forker;

static void fork_at_a_line(void *user_data, int32_t level, const char *line)
{
    forker *f = user_data;

    (void)level;
    if (f->armed && strstr(line, f->line) != NULL) {
        f->armed = false;
        f->child = fork();
        CHECK(f->child >= 0);
    }
}

static void fork_in_a_log_callback(const char *line)
{
    account a = account_new();
    lpc_config *config = account_config(&a);
    lpc_client *client = NULL;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
    lpc_error *err = NULL;
    forker f = {line, false, -1};
    int status, result;
    char *held;

    CHECK_OK(lpc_config_set(config, "retry.max.attempts", "4", &err), &err);
    CHECK_OK(lpc_config_set(config, "retry.backoff.ms", "1", &err), &err);
    /* A connection for each request. */
    CHECK_OK(lpc_config_set(config, "pool.idle.timeout.ms", "0", &err), &err);
    CHECK_OK(lpc_config_set_log_callback(config, fork_at_a_line, &f, LPC_LOG_LEVEL_TRACE, &err),
             &err);
    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    lpc_config_free(config);
    consumer = new_consumer(client, "callback");
    conversation = new_conversation(consumer);
    account_answer(&a, "send", 503, "down");
    f.armed = true;
    result = lpc_conversation_send_text(conversation, "once", NULL, &err);
    if (f.child == 0) {
        /* The call that it was in is its parent's; those to come are its own. */
        CHECK_STATUS(LPC_CLOSED, result, &err);
        lpc_error_free(err);
        err = NULL;
        CHECK_OK(lpc_conversation_send_text(conversation, "from the child", NULL, &err), &err);
        end_with(0);
    }
    CHECK_OK(result, &err);
    CHECK(waitpid(f.child, &status, 0) == f.child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_OK(lpc_conversation_send_text(conversation, "and again", NULL, &err), &err);
    held = account_conversations(&a);
    CHECK(occurrences(held, "once") == 1);
    CHECK(occurrences(held, "from the child") == 1);
    CHECK(occurrences(held, "and again") == 1);
    free(held);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

void test_fork_in_a_log_callback(void)
{
    fork_in_a_log_callback("attempt 2 of");
    fork_in_a_log_callback(" is at ");
    fork_in_a_log_callback("connected to");
}

/* How far the threads and the forks are. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t all_are_sending;
    int sending;
    bool forks_are_over;
} progress;

typedef struct {
    lpc_client *client;
    int number;
    progress *progress;
} endless_job;

static void begin_to_send(progress *p)
{
    CHECK(pthread_mutex_lock(&p->lock) == 0);
    if (++p->sending == THREADS)
        CHECK(pthread_cond_signal(&p->all_are_sending) == 0);
    CHECK(pthread_mutex_unlock(&p->lock) == 0);
}

static bool forks_are_over(progress *p)
{
    bool over;

    CHECK(pthread_mutex_lock(&p->lock) == 0);
    over = p->forks_are_over;
    CHECK(pthread_mutex_unlock(&p->lock) == 0);
    return over;
}

static void *send_until_the_forks_are_over(void *argument)
{
    endless_job *j = argument;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
    lpc_error *err = NULL;
    char id[32];

    snprintf(id, sizeof id, "consumer %d", j->number);
    consumer = new_consumer(j->client, id);
    conversation = new_conversation(consumer);
    begin_to_send(j->progress);
    while (!forks_are_over(j->progress))
        CHECK_OK(lpc_conversation_send_text(conversation, "on and on", NULL, &err), &err);
    send_texts(conversation, j->number);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    return NULL;
}

/* What a child does with the handles that it inherited; anything that fails ends it with 1. */
static void be_the_child(lpc_client *client, lpc_consumer *consumer, lpc_conversation *conversation,
                         int number)
{
    lpc_conversation *opened = NULL;
    lpc_error *err = NULL;
    char text[64], *stats;

    /* A child that hangs is ended, and its parent sees that. */
    alarm(120);
    snprintf(text, sizeof text, "from child %d", number);
    CHECK_OK(lpc_conversation_send_text(conversation, text, NULL, &err), &err);
    CHECK_OK(lpc_conversation_close(conversation, NULL, &err), &err);
    CHECK_OK(lpc_conversation_open(consumer, NULL, &opened, &err), &err);
    CHECK_OK(lpc_conversation_send_text(opened, text, NULL, &err), &err);
    stats = client_stats(client);
    /* Its own: discovery, an AppJWT, two texts, the closing and the opening. */
    CHECK(number_of(stats, "requests") == 6);
    free(stats);
    end_with(10 + number);
}

void test_fork_while_threads_send(void)
{
    enum { FORKS = 5 };
    account a = account_new();
    lpc_client *client = account_client(&a);
    lpc_consumer *consumers[FORKS];
    lpc_conversation *conversations[FORKS];
    pthread_t threads[THREADS];
    endless_job jobs[THREADS];
    progress p = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false};
    char *held, text[64];
    int i, status;
    pid_t child;

    for (i = 0; i < FORKS; i++) {
        snprintf(text, sizeof text, "fork %d", i);
        consumers[i] = new_consumer(client, text);
        conversations[i] = new_conversation(consumers[i]);
    }
    for (i = 0; i < THREADS; i++) {
        jobs[i] = (endless_job){client, i, &p};
        CHECK(pthread_create(&threads[i], NULL, send_until_the_forks_are_over, &jobs[i]) == 0);
    }
    CHECK(pthread_mutex_lock(&p.lock) == 0);
    while (p.sending < THREADS)
        CHECK(pthread_cond_wait(&p.all_are_sending, &p.lock) == 0);
    CHECK(pthread_mutex_unlock(&p.lock) == 0);
    for (i = 0; i < FORKS; i++) {
        child = fork();
        CHECK(child >= 0);
        if (child == 0)
            be_the_child(client, consumers[i], conversations[i], i);
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 10 + i);
    }
    CHECK(pthread_mutex_lock(&p.lock) == 0);
    p.forks_are_over = true;
    CHECK(pthread_mutex_unlock(&p.lock) == 0);
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);

    check_texts(&a);
    held = account_conversations(&a);
    for (i = 0; i < FORKS; i++) {
        snprintf(text, sizeof text, "\"from child %d\"", i);
        CHECK(occurrences(held, text) == 2);
        lpc_conversation_free(conversations[i]);
        lpc_consumer_free(consumers[i]);
    }
    free(held);
    lpc_client_free(client);
}

#endif

static void *send_into_the_void(void *of)
{
    lpc_error *err = NULL;

    CHECK_STATUS(LPC_TIMEOUT, lpc_conversation_send_text(of, "x", NULL, &err), &err);
    CHECK(lpc_error_maybe_delivered(err));
    lpc_error_free(err);
    return NULL;
}

/* Freeing handles while another thread is in a call with them: the call ends as it would have. */
void test_free_while_another_thread_sends(void)
{
    account a = account_new();
    lpc_client *client = account_client_with(&a, "request.timeout.ms", "3000");
    lpc_consumer *consumer = new_consumer(client, "John_Doe");
    lpc_conversation *conversation = new_conversation(consumer);
    bool there = false;
    pthread_t thread;

    account_answer_json(&a, "{\"route\":\"send\",\"stall\":true}");
    CHECK(pthread_create(&thread, NULL, send_into_the_void, conversation) == 0);
    while (!there) {
        char *requests = account_requests(&a);

        there = strstr(requests, "\"route\":\"send\"") != NULL;
        free(requests);
    }
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
    CHECK(pthread_join(thread, NULL) == 0);
}
