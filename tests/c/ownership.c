/* Handles are freed in any order, and keep alive what they need. */
#include "harness.h"

enum { CONFIG, CLIENT, CONSUMER, CONVERSATION, ERROR, KINDS };

static void free_one(int kind, void *handle)
{
    switch (kind) {
    case CONFIG: lpc_config_free(handle); break;
    case CLIENT: lpc_client_free(handle); break;
    case CONSUMER: lpc_consumer_free(handle); break;
    case CONVERSATION: lpc_conversation_free(handle); break;
    case ERROR: lpc_error_free(handle); break;
    }
}

/* Makes one handle of each kind; nothing is sent. */
static void make_all(const account *a, void **handles)
{
    lpc_config *config = account_config(a);
    lpc_client *client = NULL;
    lpc_conversation *conversation = NULL;
    lpc_consumer *consumer;
    lpc_error *err = NULL;

    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    consumer = new_consumer(client, "ownership");
    CHECK_OK(lpc_conversation_attach(consumer, "c-1", NULL, &conversation, &err), &err);
    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_conversation_send_text(conversation, NULL, NULL, &err),
                 &err);
    handles[CONFIG] = config;
    handles[CLIENT] = client;
    handles[CONSUMER] = consumer;
    handles[CONVERSATION] = conversation;
    handles[ERROR] = err;
}

/* Frees what is left in each order in which that can be done. */
static int free_in_all_orders(const account *a, int *order, int chosen)
{
    int orders = 0, kind, i;
    void *handles[KINDS];

    if (chosen == KINDS) {
        make_all(a, handles);
        for (i = 0; i < KINDS; i++)
            free_one(order[i], handles[order[i]]);
        return 1;
    }
    for (kind = 0; kind < KINDS; kind++) {
        bool used = false;
        for (i = 0; i < chosen; i++)
            used = used || order[i] == kind;
        order[chosen] = kind;
        if (!used)
            orders += free_in_all_orders(a, order, chosen + 1);
    }
    return orders;
}

void test_freeing_in_every_order(void)
{
    account a = account_new();
    int order[KINDS];

    CHECK(free_in_all_orders(&a, order, 0) == 120);
}

void test_handles_outlive_their_makers(void)
{
    account a = account_new();
    lpc_config *config = account_config(&a);
    lpc_client *client = NULL;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
    lpc_response *response = NULL;
    lpc_error *err = NULL;

    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    CHECK_OK(lpc_config_set(config, "account.id", "another", &err), &err);
    lpc_config_free(config);
    consumer = new_consumer(client, "outlive");
    lpc_client_free(client);
    conversation = new_conversation(consumer);
    lpc_consumer_free(consumer);
    CHECK_OK(lpc_conversation_send_text(conversation, "all others are gone", &response, &err), &err);
    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_conversation_send_text(conversation, NULL, NULL, &err),
                 &err);
    lpc_conversation_free(conversation);
    CHECK_TEXT("OK", lpc_response_code(response));
    CHECK_TEXT("text is NULL", lpc_error_message(err));
    lpc_response_free(response);
    lpc_error_free(err);
}
