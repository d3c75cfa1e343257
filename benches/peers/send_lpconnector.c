/* The library through its C ABI. All threads share one client, as programs do. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "lpconnector.h"

static lpc_conversation **opened;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void check(const char *doing, lpc_status status, const lpc_error *err)
{
    if (status != LPC_OK)
        give_up(doing, lpc_error_message(err));
}

static void begin(void)
{
    lpc_config *config = lpc_config_new();
    lpc_client *client;
    lpc_consumer *consumer;
    lpc_error *err = NULL;
    int i;

    check("environment", lpc_config_load_env(config, &err), err);
    check("client", lpc_client_new(config, &client, &err), err);
    check("consumer", lpc_consumer_new(client, "bench", &consumer, &err), err);
    opened = malloc((size_t)conversations * sizeof *opened);
    for (i = 0; i < conversations; i++) {
        char id[40];

        snprintf(id, sizeof id, "8602832d-dce1-446b-8445-%012x", (unsigned)i);
        check("conversation", lpc_conversation_attach(consumer, id, NULL, &opened[i], &err), err);
    }
    lpc_consumer_free(consumer);
    lpc_client_free(client);
    lpc_config_free(config);
}

void *sender_new(int thread)
{
    (void)thread;
    pthread_once(&once, begin);
    return NULL;
}

void sender_send(void *sender, int conversation)
{
    lpc_response *response = NULL;
    lpc_error *err = NULL;

    (void)sender;
    check("send", lpc_conversation_send_text(opened[conversation], text, &response, &err), err);
    if (lpc_response_sequence(response) != 0)
        give_up("send", "another sequence than the service's");
    lpc_response_free(response);
}

void sender_free(void *sender)
{
    (void)sender;
}
