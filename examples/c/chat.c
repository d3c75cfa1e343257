/*
 * A chat: what you type goes to an agent, a line at a time, and what agents say is printed. It takes its
 * settings from the environment; LPC_CONNECTOR_STORE=memory is enough. Ctrl-D sends what waits, and ends it.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lpconnector.h"

/* Prints what there is to tell. */
static void tell(lpc_connector *chat)
{
    for (lpc_update *it; lpc_connector_poll(chat, 0, &it, NULL) == LPC_OK; lpc_update_free(it)) {
        const char *text = lpc_event_text(lpc_update_notification(it), 0);
        if (lpc_update_kind(it) == LPC_UPDATE_KIND_FAILED)
            printf("not sent: %s\n", lpc_error_message(lpc_update_error(it)));
        else if (*text != '\0')
            printf("Agent: %s\n", text);
        fflush(stdout);
        lpc_connector_ack(chat, it, NULL);
    }
}

int main(void)
{
    lpc_config *config = lpc_config_new();
    lpc_connector *chat = NULL;
    lpc_error *err = NULL;
    if (lpc_config_load_env(config, &err) != LPC_OK || lpc_connector_new(config, &chat, &err) != LPC_OK)
        return fprintf(stderr, "%s\n", lpc_error_message(err)), EXIT_FAILURE;
    printf("Say something.\n");
    fflush(stdout);
    setvbuf(stdin, NULL, _IONBF, 0); /* poll() knows nothing of what a buffer holds */
    struct pollfd ready[] = {{0, POLLIN, 0}, {lpc_connector_fd(chat), POLLIN, 0}};
    char line[4000];
    for (; poll(ready, 2, -1) > 0; tell(chat)) {
        if (ready[0].revents == 0) continue;
        if (fgets(line, sizeof line, stdin) == NULL) break;
        line[strcspn(line, "\n")] = '\0';
        if (*line != '\0' && lpc_connector_submit_text(chat, "you", line, NULL, &err) != LPC_OK)
            printf("%s\n", lpc_error_message(err)), lpc_error_free(err);
    }
    lpc_connector_shutdown(chat, 5000);
    tell(chat);
    lpc_connector_free(chat);
    lpc_config_free(config);
}
