/*
 * Opens a conversation for a consumer, sends two messages, and closes it.
 *
 * Settings come from the environment (LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and the
 * like), so that the same program talks to the sandbox and to a real account.
 *
 *   cc first_conversation.c $(pkg-config --cflags --libs lpconnector) -o first_conversation
 *   ./first_conversation [consumer id]
 */
#include <stdio.h>
#include <stdlib.h>

#include "lpconnector.h"

/* Says what failed and why, with all that helps whoever reads the log. */
static void report(const char *doing, const lpc_error *err)
{
    fprintf(stderr, "%s: %s: %s\n", doing, lpc_status_name(lpc_error_status(err)),
            lpc_error_message(err));
    if (lpc_error_request_id(err)[0] != '\0')
        fprintf(stderr, "  request %s, HTTP %d, service code %d\n", lpc_error_request_id(err),
                lpc_error_http_status(err), lpc_error_service_code(err));
    if (lpc_error_maybe_delivered(err))
        fprintf(stderr, "  it may have been delivered: do not simply send it again\n");
}

static lpc_status say(lpc_conversation *conversation, const char *text, lpc_error **err)
{
    lpc_response *response = NULL;
    lpc_status status = lpc_conversation_send_text(conversation, text, &response, err);

    if (status == LPC_OK)
        printf("  consumer: %s  (%s, request %s)\n", text, lpc_response_code(response),
               lpc_response_request_id(response));
    lpc_response_free(response);
    return status;
}

int main(int argc, char **argv)
{
    const char *consumer_id = argc > 1 ? argv[1] : "John_Doe_facebook12345";
    lpc_config *config = lpc_config_new();
    lpc_client *client = NULL;
    lpc_consumer *consumer = NULL;
    lpc_conversation *conversation = NULL;
    lpc_error *err = NULL;
    const char *doing;
    int exit_code = EXIT_FAILURE;

    doing = "reading the settings";
    if (lpc_config_load_env(config, &err) != LPC_OK)
        goto done;
    doing = "making the client";
    if (lpc_client_new(config, &client, &err) != LPC_OK)
        goto done;
    doing = "naming the consumer";
    if (lpc_consumer_new(client, consumer_id, &consumer, &err) != LPC_OK)
        goto done;

    doing = "opening the conversation";
    if (lpc_conversation_open(consumer, "{\"firstMessage\": \"Hi, this is the C example\"}",
                              &conversation, &err) != LPC_OK)
        goto done;
    printf("conversation %s opened for %s\n", lpc_conversation_id(conversation), consumer_id);
    printf("  consumer: Hi, this is the C example\n");

    doing = "sending a message";
    if (say(conversation, "I need a hand with my order", &err) != LPC_OK)
        goto done;
    if (say(conversation, "Never mind, found it. Merci \xF0\x9F\x91\x8D", &err) != LPC_OK)
        goto done;

    doing = "closing the conversation";
    if (lpc_conversation_close(conversation, NULL, &err) != LPC_OK)
        goto done;
    printf("conversation closed\n");
    exit_code = EXIT_SUCCESS;

done:
    if (err != NULL)
        report(doing, err);
    /* Any order will do, and freeing NULL is fine. */
    lpc_error_free(err);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
    lpc_config_free(config);
    return exit_code;
}
