/* A stranger's program in C: it knows the installed header and library alone. */
#include <stdio.h>
#include <string.h>

#include <lpconnector.h>

int main(void)
{
    lpc_config *config = lpc_config_new();
    lpc_client *client = NULL;
    lpc_consumer *consumer = NULL;
    lpc_conversation *conversation = NULL;
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    char version[32];
    int failed;

    sprintf(version, "%d.%d.%d", LPC_VERSION_MAJOR, LPC_VERSION_MINOR, LPC_VERSION_PATCH);
    if (strcmp(version, lpc_version()) != 0 || lpc_abi_version() != LPC_ABI_VERSION) {
        fprintf(stderr, "the header is %s, the library %s\n", version, lpc_version());
        return 1;
    }
    failed = lpc_config_load_env(config, &err) != LPC_OK
        || lpc_client_new(config, &client, &err) != LPC_OK
        || lpc_consumer_new(client, "a stranger", &consumer, &err) != LPC_OK
        || lpc_conversation_open(consumer, "{\"firstMessage\": \"Hi\"}", &conversation, &err) != LPC_OK
        || lpc_conversation_send_text(conversation, "From afar", &response, &err) != LPC_OK
        || lpc_conversation_close(conversation, NULL, &err) != LPC_OK;
    if (failed)
        fprintf(stderr, "%s: %s\n", lpc_status_name(lpc_error_status(err)), lpc_error_message(err));
    else
        printf("sent: %s\n", lpc_response_code(response));
    lpc_error_free(err);
    lpc_response_free(response);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
    lpc_config_free(config);
    return failed;
}
