/* A write to a connection that is gone must not end the program by a signal. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool begun;

static void note(void *user_data, uint64_t done, uint64_t total)
{
    (void)user_data;
    (void)done;
    (void)total;
    pthread_mutex_lock(&lock);
    begun = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void *send_a_file(void *of)
{
    static uint8_t png[3000000] = "\x89PNG\r\n\x1a\n";
    lpc_error *err = NULL;

    CHECK_STATUS(LPC_CLOSED,
                 lpc_conversation_send_file_bytes(of, png, sizeof png, "PNG", NULL, NULL, &err),
                 &err);
    lpc_error_free(err);
    return NULL;
}

void test_no_signal_for_a_broken_connection(void)
{
    account a = account_new();
    lpc_config *config = account_config(&a);
    struct sockaddr_in there = {0};
    socklen_t length = sizeof there;
    int storage = socket(AF_INET, SOCK_STREAM, 0), little = 4096;
    lpc_client *client = NULL;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
    lpc_error *err = NULL;
    pthread_t thread;
    char url[64];

    /* A storage that reads nothing: the file gets stuck on its way. */
    there.sin_family = AF_INET;
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(storage >= 0);
    CHECK(setsockopt(storage, SOL_SOCKET, SO_RCVBUF, &little, sizeof little) == 0);
    CHECK(bind(storage, (struct sockaddr *)&there, sizeof there) == 0 && listen(storage, 8) == 0);
    CHECK(getsockname(storage, (struct sockaddr *)&there, &length) == 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(there.sin_port));
    CHECK_OK(lpc_config_set(config, "allow.plaintext", "true", &err), &err);
    CHECK_OK(lpc_config_set(config, "domain.storage", url, &err), &err);
    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    consumer = new_consumer(client, "John_Doe");
    conversation = new_conversation(consumer);
    begun = false;
    CHECK_OK(lpc_conversation_set_progress_callback(conversation, note, NULL, &err), &err);

    CHECK(pthread_create(&thread, NULL, send_a_file, conversation) == 0);
    pthread_mutex_lock(&lock);
    while (!begun)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    /* From now on, writing to that connection is an error: EPIPE. */
    lpc_client_shutdown(client);
    CHECK(pthread_join(thread, NULL) == 0);

    close(storage);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
    lpc_config_free(config);
}
