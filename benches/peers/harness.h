/*
 * What the clients in C share: `harness.c` has main(), which counts and times sends; each client
 * has the three functions below.
 */
#ifndef HARNESS_H
#define HARNESS_H

/* Of the whole process, read from the command line before anything else. */
extern int conversations;
extern const char *text; /* of each message */

/* One sender: called on the thread that sends, once before all sends and once after them. */
void *sender_new(int thread);
void sender_free(void *sender);

/* Sends the text in one of the conversations and reads the answer to it. */
void sender_send(void *sender, int conversation);

/* A variable that must be there. */
const char *variable(const char *name);

/* Ends the process. */
void give_up(const char *doing, const char *why);

#endif
