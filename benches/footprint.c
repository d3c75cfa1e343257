/*
 * The memory of the library's handles, as what the process has beyond files that are mapped: of a
 * client with its first connection, once a conversation is open; then of each of MANY further
 * consumers, without and with their token, and of each of MANY further conversations.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lpconnector.h"

enum { MANY = 100000 };

static void *handles[MANY];

static void check(lpc_status status, const lpc_error *err)
{
    if (status != LPC_OK) {
        fprintf(stderr, "%s: %s\n", lpc_status_name(status), lpc_error_message(err));
        exit(EXIT_FAILURE);
    }
}

static double bytes_now(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kb = -1;

    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "RssAnon: %ld kB", &kb) == 1)
            break;
    if (kb < 0) {
        fprintf(stderr, "/proc/self/status has no RssAnon\n");
        exit(EXIT_FAILURE);
    }
    fclose(status);
    return 1024.0 * (double)kb;
}

int main(void)
{
    double client_bytes, consumer_bytes, known_consumer_bytes, conversation_bytes;
    lpc_client *client;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
    lpc_config *config;
    lpc_error *err = NULL;
    const char *jws;
    int i;

    memset(handles, 1, sizeof handles); /* the program's own, and there from now on */
    client_bytes = bytes_now();
    config = lpc_config_new();
    check(lpc_config_load_env(config, &err), err);
    check(lpc_client_new(config, &client, &err), err);
    check(lpc_consumer_new(client, "bench", &consumer, &err), err);
    check(lpc_conversation_open(consumer, "{\"firstMessage\": \"Hi\"}", &conversation, &err), err);
    client_bytes = bytes_now() - client_bytes;
    check(lpc_consumer_jws(consumer, &jws, &err), err);

    consumer_bytes = bytes_now();
    for (i = 0; i < MANY; i++) {
        char name[32];

        snprintf(name, sizeof name, "consumer-%d", i);
        check(lpc_consumer_new(client, name, (lpc_consumer **)&handles[i], &err), err);
    }
    consumer_bytes = (bytes_now() - consumer_bytes) / MANY;

    known_consumer_bytes = bytes_now();
    for (i = 0; i < MANY; i++)
        check(lpc_consumer_from_jws(client, jws, (lpc_consumer **)&handles[i], &err), err);
    known_consumer_bytes = (bytes_now() - known_consumer_bytes) / MANY;

    conversation_bytes = bytes_now();
    for (i = 0; i < MANY; i++) {
        char id[40];

        snprintf(id, sizeof id, "8602832d-dce1-446b-8445-%012x", (unsigned)i);
        check(lpc_conversation_attach(consumer, id, NULL, (lpc_conversation **)&handles[i], &err),
              err);
    }
    conversation_bytes = (bytes_now() - conversation_bytes) / MANY;

    /* The token's length is what a consumer cannot do without. */
    printf("{\"client_bytes\": %.0f, \"consumer_bytes\": %.0f, \"known_consumer_bytes\": %.0f, "
           "\"token_bytes\": %zu, \"conversation_bytes\": %.0f}\n",
           client_bytes, consumer_bytes, known_consumer_bytes, strlen(jws), conversation_bytes);
    return 0;
}
