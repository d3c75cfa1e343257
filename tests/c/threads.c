/* Many threads, and more than one process. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

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
    /* What the child inherited and may not touch would look like a leak at its exit. */
    if (child == 0)
        execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
}
