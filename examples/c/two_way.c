/*
 * Holds a conversation both ways: asks something, prints what the agent does as it arrives, marks
 * it as read, answers once, rates, and closes.
 *
 * Settings come from the environment: LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and
 * LPC_RECEIVER_LISTEN, the address and port to which the service posts notifications. So the same
 * program talks to the sandbox and to a real account.
 *
 *   cc two_way.c $(pkg-config --cflags --libs lpconnector) -o two_way
 *   ./two_way [consumer id]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lpconnector.h"

/* For how long the agent may do nothing at all. */
#define PATIENCE_MS 60000

static const char *doing = "starting";
static int answers = 0; /* how often the agent said something */
static bool joined = false, closed = false;

static lpc_status say(lpc_conversation *talk, const char *text, lpc_error **err)
{
    doing = "sending a message";
    printf("  consumer: %s\n", text);
    return lpc_conversation_send_text(talk, text, NULL, err);
}

/* The agent said something: marks it as read, and answers the first time. */
static lpc_status said(lpc_conversation *talk, const char *text, int64_t sequence, lpc_error **err)
{
    lpc_status status;

    printf("  agent:    %s\n", text);
    doing = "marking a message as read";
    status = lpc_conversation_send_accept_status(talk, LPC_ACCEPT_STATUS_READ, &sequence, 1, NULL,
                                                 NULL, err);
    if (status != LPC_OK)
        return status;
    if (++answers == 1)
        return say(talk, "An order", err);

    printf("  (the consumer rates it with 5 stars, and closes)\n");
    doing = "rating the conversation";
    status = lpc_conversation_rate(talk, 5, true, LPC_CSAT_STATUS_FILLED, NULL, err);
    if (status != LPC_OK)
        return status;
    doing = "closing the conversation";
    return lpc_conversation_close(talk, NULL, err);
}

/* Event `i` of a notification. */
static lpc_status handle(lpc_conversation *talk, const char *consumer_lp_id,
                         const lpc_notification *n, size_t i, lpc_error **err)
{
    const char *state = lpc_event_state(n, i);
    int32_t kind = lpc_event_kind(n, i);

    /* A webhook is told of all conversations of the account. */
    if (closed || strcmp(lpc_event_conversation_id(n, i), lpc_conversation_id(talk)) != 0)
        return LPC_OK;
    if (kind == LPC_EVENT_KIND_CONVERSATION) {
        /* The JSON lists who takes part; a program with a JSON parser would look there. */
        if (!joined && strstr(lpc_event_json(n, i), "\"ASSIGNED_AGENT\"") != NULL) {
            joined = true;
            printf("  (an agent joins)\n");
        }
        /* Not by its state, which is that of the main dialog: a survey may follow. */
        closed = lpc_event_is_closed(n, i);
        return LPC_OK;
    }
    /* What this consumer did is told as well, and what agents note for each other. */
    if (strcmp(lpc_event_originator_id(n, i), consumer_lp_id) == 0
        || strcmp(lpc_event_audience(n, i), "AGENTS_AND_MANAGERS") == 0)
        return LPC_OK;
    if (kind == LPC_EVENT_KIND_TEXT)
        return said(talk, lpc_event_text(n, i), lpc_event_sequence(n, i), err);
    if (kind == LPC_EVENT_KIND_CHAT_STATE && strcmp(state, "COMPOSING") == 0)
        printf("  (the agent types)\n");
    if (kind == LPC_EVENT_KIND_ACCEPT_STATUS && strcmp(state, "READ") == 0)
        printf("  (the agent reads)\n");
    return LPC_OK;
}

/* Handles what arrives until the conversation is closed, by either side. */
static lpc_status listen(lpc_receiver *receiver, lpc_conversation *talk, const char *consumer_lp_id,
                         lpc_error **err)
{
    while (!closed) {
        lpc_notification *n = NULL;
        lpc_status status;

        doing = "waiting for the agent";
        status = lpc_receiver_poll(receiver, PATIENCE_MS, &n, err);
        for (size_t i = 0; status == LPC_OK && i < lpc_notification_event_count(n); i++)
            status = handle(talk, consumer_lp_id, n, i, err);
        if (status == LPC_OK) /* only now: what is not acknowledged comes again */
            status = lpc_receiver_ack(receiver, n, err);
        lpc_notification_free(n);
        if (status != LPC_OK)
            return status;
    }
    printf("conversation closed\n");
    return LPC_OK;
}

int main(int argc, char **argv)
{
    const char *consumer_id = argc > 1 ? argv[1] : "John_Doe_facebook12345";
    const char *lp_id = NULL;
    lpc_config *config = lpc_config_new();
    lpc_receiver *receiver = NULL;
    lpc_client *client = NULL;
    lpc_consumer *consumer = NULL;
    lpc_conversation *talk = NULL;
    lpc_error *err = NULL;
    int exit_code = EXIT_FAILURE;

    setvbuf(stdout, NULL, _IOLBF, 0); /* each line at once, into a pipe too */
    if (lpc_config_load_env(config, &err) == LPC_OK
        && lpc_receiver_new(config, &receiver, &err) == LPC_OK
        && lpc_client_new(config, &client, &err) == LPC_OK
        && lpc_consumer_new(client, consumer_id, &consumer, &err) == LPC_OK
        && lpc_consumer_lp_id(consumer, &lp_id, &err) == LPC_OK
        && lpc_conversation_open(consumer, NULL, &talk, &err) == LPC_OK) {
        printf("conversation %s opened\nnotifications come to %s\n", lpc_conversation_id(talk),
               lpc_receiver_url(receiver));
        if (say(talk, "Hi, this is the C example", &err) == LPC_OK
            && listen(receiver, talk, lp_id, &err) == LPC_OK)
            exit_code = EXIT_SUCCESS;
    }
    if (err != NULL)
        fprintf(stderr, "%s: %s: %s\n", doing, lpc_status_name(lpc_error_status(err)),
                lpc_error_message(err));
    /* Any order will do, and freeing NULL is fine. */
    lpc_error_free(err);
    lpc_conversation_free(talk);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
    lpc_receiver_free(receiver);
    lpc_config_free(config);
    return exit_code;
}
