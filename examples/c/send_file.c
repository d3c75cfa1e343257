/*
 * Sends a file into a new conversation, with progress, and closes it.
 *
 *   send_file FILE [OPTIONS]
 *
 * FILE is a JPG, PNG, GIF or what else the account allows; OPTIONS what goes with it, as JSON, for
 * example {"caption": "A photo", "previewPath": "small.png"}. Settings come from the environment, as
 * in first_conversation.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lpconnector.h"

/* Called on the thread that sends the file, here the only one. */
static void show_progress(void *user_data, uint64_t done, uint64_t total)
{
    const char *file = user_data;

    fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 " bytes%s", file, done, total,
            done == total ? "\n" : "");
}

int main(int argc, char **argv)
{
    lpc_config *config = lpc_config_new();
    lpc_client *client = NULL;
    lpc_consumer *consumer = NULL;
    lpc_conversation *conversation = NULL;
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    int exit_code = EXIT_FAILURE;

    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE [OPTIONS]\n", argv[0]);
        goto done;
    }
    if (lpc_config_load_env(config, &err) != LPC_OK
        || lpc_client_new(config, &client, &err) != LPC_OK
        || lpc_consumer_new(client, "John_Doe_facebook12345", &consumer, &err) != LPC_OK
        || lpc_conversation_open(consumer, "{\"firstMessage\": \"I have a photo for you\"}",
                                 &conversation, &err) != LPC_OK
        || lpc_conversation_set_progress_callback(conversation, show_progress, argv[1], &err)
               != LPC_OK)
        goto done;

    /* One call: it asks for a place in the storage, puts the file there, and publishes it. */
    if (lpc_conversation_send_file(conversation, argv[1], argc > 2 ? argv[2] : NULL, &response,
                                   &err) != LPC_OK)
        goto done;
    printf("sent %s: %s, request %s\n", argv[1], lpc_response_code(response),
           lpc_response_request_id(response));

    if (lpc_conversation_close(conversation, NULL, &err) == LPC_OK)
        exit_code = EXIT_SUCCESS;

done:
    if (err != NULL) {
        /* LPC_INVALID_ARGUMENT: too large, not what its name says, or a wrong option. LPC_IO: not
         * readable. */
        fprintf(stderr, "%s: %s\n", lpc_status_name(lpc_error_status(err)), lpc_error_message(err));
        if (lpc_error_maybe_delivered(err))
            fprintf(stderr, "  it may have been delivered: do not simply send it again\n");
    }
    lpc_error_free(err);
    lpc_response_free(response);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
    lpc_config_free(config);
    return exit_code;
}
