/*
 * The least that any client can do: one write, one read, and a look for the id in the answer. Plain
 * http only; no error handling, no JSON, no deadlines.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

struct sender {
    int socket;
    unsigned long number;
    size_t head, room;
    char *request;
};

void *sender_new(int thread)
{
    struct sender *sender = calloc(1, sizeof *sender);
    const char *url = variable("PEER_SEND_URL"), *path = strchr(url + 7, '/');
    const char *app_jwt = variable("PEER_APP_JWT"), *jws = variable("PEER_CONSUMER_JWS");
    struct sockaddr_in address = {0};
    int yes = 1;

    (void)thread;
    if (strncmp(url, "http://", 7) != 0 || path == NULL)
        give_up("this client speaks plain http alone", url);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)atoi(strchr(url + 7, ':') + 1));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sender->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(sender->socket, (struct sockaddr *)&address, sizeof address) != 0)
        give_up("connect", url);
    setsockopt(sender->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sender->room = 1024 + strlen(url) + strlen(app_jwt) + strlen(jws) + strlen(text);
    sender->request = malloc(sender->room);
    sender->head = (size_t)snprintf(
        sender->request, sender->room,
        "POST %s HTTP/1.1\r\nhost: %.*s\r\ncontent-type: application/json\r\n"
        "authorization: %s\r\nx-lp-on-behalf: %s\r\nuser-agent: peer/0.1.0\r\naccept: */*\r\n",
        path, (int)(path - url - 7), url + 7, app_jwt, jws);
    return sender;
}

void sender_send(void *context, int conversation)
{
    struct sender *sender = context;
    char id[40], tail[256], answer[1024];
    size_t length, written = 0;
    ssize_t more;
    int of_id, of_tail;

    of_id = snprintf(id, sizeof id, "%016x-%lu", 0u, ++sender->number);
    of_tail = snprintf(
        tail, sizeof tail,
        "{\"kind\":\"req\",\"id\":\"%s\",\"type\":\"ms.PublishEvent\",\"body\":{\"dialogId\":"
        "\"8602832d-dce1-446b-8445-%012x\",\"event\":{\"type\":\"ContentEvent\",\"contentType\":"
        "\"text/plain\",\"message\":\"",
        id, (unsigned)conversation);
    length = sender->head;
    length += (size_t)snprintf(
        sender->request + length, sender->room - length, "content-length: %zu\r\n\r\n%s%s\"}}}",
        (size_t)of_tail + strlen(text) + 4, tail, text);
    while (written < length) {
        more = write(sender->socket, sender->request + written, length - written);
        if (more <= 0)
            give_up("send", "cannot write");
        written += (size_t)more;
    }
    more = read(sender->socket, answer, sizeof answer);
    if (more <= 0 || memmem(answer, (size_t)more, id, (size_t)of_id) == NULL)
        give_up("send", "another answer than the service's");
}

void sender_free(void *context)
{
    struct sender *sender = context;

    close(sender->socket);
    free(sender->request);
    free(sender);
}
