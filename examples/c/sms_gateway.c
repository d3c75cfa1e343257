/*
 * An SMS gateway. Lines `ID <tab> NUMBER <tab> TEXT` come in, where ID is the provider's own; lines go out:
 *   took ID                             it is in the store, and goes to an agent
 *   failed ID <tab> NUMBER <tab> WHY    it reaches no agent
 *   say ID <tab> NUMBER <tab> TEXT      an agent's text, \n for a line break in it; again: the same ID
 * Killed at any moment it loses nothing: feed it again what it did not answer. SIGTERM and the input's end
 * end it. LPC_CONNECTOR_STORE=sqlite:FILE and all else comes from the environment.
 */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lpconnector.h"

static volatile sig_atomic_t ended = 0;
static void end(int signal) { ended = signal; }

/* Prints the last part of a line, which is out when this returns. */
static void put(const char *text)
{
    for (char one[] = " "; (one[0] = *text) != '\0'; text++)
        fputs(*text == '\n' ? "\\n" : *text == '\r' ? "\\r" : *text == '\\' ? "\\\\" : one, stdout);
    if (putchar('\n') == EOF || fflush(stdout) != 0) exit(EXIT_FAILURE);
}

/* Prints what there is to tell, and acknowledges it only then. */
static void tell(lpc_connector *sms)
{
    for (lpc_update *it; lpc_connector_poll(sms, 0, &it, NULL) == LPC_OK; lpc_update_free(it)) {
        const char *number = lpc_update_consumer_id(it), *dialog = lpc_update_dialog_id(it);
        const char *text = lpc_event_text(lpc_update_notification(it), 0);
        if (lpc_update_kind(it) == LPC_UPDATE_KIND_FAILED)
            printf("failed %s\t%s\t", lpc_update_key(it), number), put(lpc_error_message(lpc_update_error(it)));
        else if (*text != '\0')
            printf("say %s/%lld\t%s\t", dialog, (long long)lpc_update_sequence(it), number), put(text);
        lpc_connector_ack(sms, it, NULL); /* where the disk is full, it comes again */
    }
}

/* Takes a line. A full queue, a full disk and an outage pass; meanwhile it goes on telling. */
static void take(lpc_connector *sms, char *line)
{
    const char *id = strtok(line, "\t\n"), *number = strtok(NULL, "\t\n"), *text = strtok(NULL, "\n");
    lpc_status status;
    do {
        tell(sms);
        status = lpc_connector_submit_text(sms, number, text, id, NULL);
    } while ((status == LPC_FULL || status == LPC_IO || status == LPC_CONNECT) && !ended && poll(NULL, 0, 200) == 0);
    if (status == LPC_OK) printf("took %s", id), put("");
    if (status == LPC_INVALID_ARGUMENT)
        printf("failed %s\t%s\t", id ? id : "", number ? number : ""), put("it cannot be sent");
}

int main(void)
{
    lpc_config *config = lpc_config_new();
    lpc_connector *sms = NULL;
    lpc_error *err = NULL;
    if (lpc_config_load_env(config, &err) != LPC_OK || lpc_connector_new(config, &sms, &err) != LPC_OK)
        return fprintf(stderr, "%s\n", lpc_error_message(err)), EXIT_FAILURE;
    signal(SIGTERM, end);
    setvbuf(stdin, NULL, _IONBF, 0); /* poll() knows nothing of what a buffer holds */
    struct pollfd ready[] = {{0, POLLIN, 0}, {lpc_connector_fd(sms), POLLIN, 0}};
    char *line = NULL;
    for (size_t size = 0; !ended; tell(sms)) {
        if (poll(ready, 2, 1000) <= 0 || ready[0].revents == 0) continue;
        ssize_t len = getline(&line, &size, stdin);
        if (len <= 0 || line[len - 1] != '\n') break;
        take(sms, line);
    }
    lpc_connector_shutdown(sms, 5000); /* sends for so long at most; the rest waits in the store */
    tell(sms);
    free(line);
    lpc_connector_free(sms);
    lpc_config_free(config);
}
