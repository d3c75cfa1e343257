/*
 *   act_lpconnector ACTIONS [THREADS]
 *
 * Each of the threads submits so many texts to a connector, with keys and for consumers of its own; all of
 * them are sent, told and acknowledged when it ends.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lpconnector.h"

#define CONSUMERS 4 /* of each thread */

static lpc_connector *connector;
static int actions = 1;

static void check(const char *doing, lpc_status status, const lpc_error *err)
{
    if (status != LPC_OK) {
        fprintf(stderr, "%s: %s\n", doing, lpc_error_message(err));
        exit(EXIT_FAILURE);
    }
}

static void *submit(void *number)
{
    int thread = (int)(size_t)number, i;

    for (i = 0; i < actions; i++) {
        char consumer[32], key[16];
        lpc_error *err = NULL;

        snprintf(consumer, sizeof consumer, "+49151%04d%04d", thread, i % CONSUMERS);
        snprintf(key, sizeof key, "%d", i);
        check("submit", lpc_connector_submit_text(connector, consumer, "On my way, see you soon.", key, &err), err);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int threads = 1, told = 0, i;
    lpc_config *config = lpc_config_new();
    lpc_error *err = NULL;
    pthread_t *all;

    if (argc > 1)
        actions = atoi(argv[1]);
    if (argc > 2)
        threads = atoi(argv[2]);
    check("environment", lpc_config_load_env(config, &err), err);
    check("connector", lpc_connector_new(config, &connector, &err), err);
    lpc_config_free(config);
    all = calloc((size_t)threads, sizeof *all);
    for (i = 0; i < threads; i++)
        pthread_create(&all[i], NULL, submit, (void *)(size_t)i);
    while (told < actions * threads) {
        lpc_update *update = NULL;

        check("poll", lpc_connector_poll(connector, -1, &update, &err), err);
        told += lpc_update_kind(update) == LPC_UPDATE_KIND_SENT;
        check("ack", lpc_connector_ack(connector, update, &err), err);
        lpc_update_free(update);
    }
    for (i = 0; i < threads; i++)
        pthread_join(all[i], NULL);
    free(all);
    lpc_connector_free(connector);
    return EXIT_SUCCESS;
}
