/* The receiver: what an agent says arrives, threads and processes share it, and it ends. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <pthread.h>
#ifndef _WIN32
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#define NOTIFICATION(text)                                                                     \
    "{\"type\":\"ms.MessagingEventNotification\",\"body\":{\"changes\":[{\"sequence\":1,"      \
    "\"conversationId\":\"c\",\"event\":{\"type\":\"ContentEvent\",\"contentType\":"           \
    "\"text/plain\",\"message\":\"" text "\"}}]}}"

static lpc_receiver *new_receiver(const lpc_config *config)
{
    lpc_receiver *receiver = NULL;
    lpc_error *err = NULL;

    CHECK_OK(lpc_receiver_new(config, &receiver, &err), &err);
    CHECK(receiver != NULL && err == NULL);
    return receiver;
}

static lpc_notification *next(lpc_receiver *receiver)
{
    lpc_notification *n = NULL;
    lpc_error *err = NULL;

    CHECK_OK(lpc_receiver_poll(receiver, -1, &n, &err), &err);
    CHECK(n != NULL && err == NULL);
    return n;
}

/* Takes one off the queue, which says this. */
static void expect_text(lpc_receiver *receiver, const char *text)
{
    lpc_notification *n = next(receiver);
    lpc_error *err = NULL;

    CHECK_TEXT(text, lpc_event_text(n, 0));
    CHECK_OK(lpc_receiver_ack(receiver, n, &err), &err);
    lpc_notification_free(n);
}

/* A connection to where it listens; -1 if there is none to be had. */
static int connect_to(const lpc_receiver *receiver)
{
    return tcp_connect(strrchr(lpc_receiver_url(receiver), ':') + 1);
}

void test_receiver(void)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_receiver *receiver = new_receiver(config);
    lpc_notification *n = (lpc_notification *)&a;
    lpc_error *err = NULL;

    lpc_config_free(config);
    CHECK(strncmp(lpc_receiver_url(receiver), "http", 4) == 0);
    CHECK(strstr(lpc_receiver_url(receiver), "://127.0.0.1:") != NULL);
    CHECK_STATUS(LPC_EMPTY, lpc_receiver_poll(receiver, 0, &n, &err), &err);
    CHECK(n == NULL && lpc_error_status(err) == LPC_EMPTY);
    lpc_error_free(err);
    CHECK(lpc_receiver_poll(receiver, 1, &n, NULL) == LPC_EMPTY);

    account_notify(&a, NOTIFICATION("one"));
    n = next(receiver);
    CHECK(lpc_notification_event_count(n) == 1);
    CHECK_OK(lpc_receiver_ack(receiver, n, &err), &err);
    CHECK_OK(lpc_receiver_ack(receiver, n, NULL), NULL);
    /* It comes again, and only the other one is new. */
    account_notify(&a, NOTIFICATION("one"));
    account_notify(&a, NOTIFICATION("two"));
    expect_text(receiver, "two");
    lpc_receiver_free(receiver);
    /* It outlives the receiver. */
    CHECK_TEXT("one", lpc_event_text(n, 0));
    lpc_notification_free(n);
}

/* A secret that was replaced, without a restart; and whose notification it is. */
void test_receiver_with_new_credentials(void)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_receiver *receiver;
    lpc_notification *n;
    lpc_error *err = NULL;
    char secrets[256];

    CHECK_OK(lpc_config_set(config, "receiver.secret", "of-yesterday", &err), &err);
    receiver = new_receiver(config);
    CHECK(lpc_receiver_set_credentials(receiver, a.client_id, "", NULL) == LPC_INVALID_ARGUMENT);
    snprintf(secrets, sizeof secrets, "of-tomorrow,%s", a.client_secret);
    CHECK_OK(lpc_receiver_set_credentials(receiver, a.client_id, secrets, &err), &err);
    account_notify(&a, NOTIFICATION("signed anew"));
    n = next(receiver);
    CHECK_TEXT("signed anew", lpc_event_text(n, 0));
    CHECK_TEXT(a.id, lpc_notification_account_id(n));
    lpc_notification_free(n);
    lpc_receiver_free(receiver);
    lpc_config_free(config);
}

void test_receiver_that_is_acknowledged_by_hand(void)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_receiver *receiver;
    lpc_notification *n;
    lpc_error *err = NULL;

    CHECK_OK(lpc_config_set(config, "receiver.ack", "manual", &err), &err);
    receiver = new_receiver(config);
    account_notify(&a, NOTIFICATION("x"));
    n = next(receiver);
    CHECK(account_pending(&a) == 1);
    CHECK_OK(lpc_receiver_ack(receiver, n, &err), &err);
    while (account_pending(&a) > 0)
        continue;
    lpc_notification_free(n);
    lpc_receiver_free(receiver);
    lpc_config_free(config);
}

void test_receiver_that_is_put_back(void)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_receiver *receiver;
    lpc_notification *n;
    lpc_error *err = NULL;
    int fd;

    receiver = new_receiver(config);
    fd = lpc_receiver_fd(receiver);
#ifdef __linux__
    CHECK(fd >= 0);
#endif
    CHECK(lpc_receiver_fd(receiver) == fd);
    CHECK(fd == -1 || !readable(fd, 0));
    account_notify(&a, NOTIFICATION("x"));
    CHECK(fd == -1 || readable(fd, 60000));
    n = next(receiver);
    CHECK(fd == -1 || !readable(fd, 0));
    CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_receiver_nack(receiver, n, -1, &err), &err);
    CHECK(strstr(lpc_error_message(err), "after_ms is negative") != NULL);
    lpc_error_free(err);
    err = NULL;
    CHECK(fd == -1 || !readable(fd, 0));
    CHECK_OK(lpc_receiver_nack(receiver, n, 20, &err), &err);
    lpc_notification_free(n);
    CHECK(fd == -1 || readable(fd, 60000));
    expect_text(receiver, "x");
    lpc_receiver_shutdown(receiver);
    CHECK(fd == -1 || readable(fd, 60000));
    lpc_receiver_free(receiver);
    lpc_config_free(config);
}

void test_receiver_bad_arguments(void)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_receiver *receiver = (lpc_receiver *)&a;
    lpc_notification *n = NULL, *foreign = NULL;
    lpc_error *err = NULL;
    static const char body[] = NOTIFICATION("x");

    CHECK(lpc_receiver_new(NULL, &receiver, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(receiver == NULL);
    CHECK(lpc_receiver_new(config, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_config_set(config, "receiver.ack", "perhaps", NULL) == LPC_CONFIG);
    CHECK(lpc_config_set(config, "receiver.listen", "here", NULL) == LPC_CONFIG);
    receiver = new_receiver(config);

    CHECK(lpc_receiver_poll(NULL, 0, &n, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_receiver_poll(receiver, 0, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK_OK(lpc_notification_parse((const uint8_t *)body, strlen(body), &foreign, &err), &err);
    CHECK(lpc_receiver_ack(NULL, foreign, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_receiver_ack(receiver, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_receiver_ack(receiver, foreign, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_receiver_nack(NULL, foreign, 0, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_receiver_nack(receiver, NULL, 0, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_receiver_nack(receiver, foreign, 0, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_receiver_fd(NULL) == -1);
    CHECK(lpc_receiver_set_credentials(NULL, "x", "y", NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_receiver_set_credentials(receiver, NULL, "y", NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_receiver_set_credentials(receiver, "x", NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_receiver_url(NULL) == NULL);
    lpc_receiver_shutdown(NULL);
    lpc_receiver_free(NULL);
    lpc_notification_free(foreign);

    /* Its port is taken. */
    CHECK(lpc_receiver_new(config, (lpc_receiver *[]){NULL}, &err) == LPC_IO);
    CHECK(strstr(lpc_error_message(err), "cannot listen") != NULL);
    lpc_error_free(err);
    lpc_receiver_free(receiver);
    lpc_config_free(config);
    config = lpc_config_new();
    CHECK(lpc_receiver_new(config, &receiver, &err) == LPC_CONFIG && receiver == NULL);
    CHECK(strstr(lpc_error_message(err), "receiver.secret") != NULL);
    lpc_error_free(err);
    lpc_config_free(config);
}

static void *poll_until_it_is_closed(void *receiver)
{
    lpc_notification *n = NULL;
    lpc_error *err = NULL;

    CHECK_STATUS(LPC_CLOSED, lpc_receiver_poll(receiver, -1, &n, &err), &err);
    CHECK(n == NULL);
    lpc_error_free(err);
    return NULL;
}

void test_receiver_shutdown(void)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_receiver *receiver = new_receiver(config), *again;
    pthread_t threads[3];
    size_t i;

    for (i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, poll_until_it_is_closed, receiver) == 0);
    lpc_receiver_shutdown(receiver);
    for (i = 0; i < 3; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    lpc_receiver_shutdown(receiver);
    poll_until_it_is_closed(receiver);

    /* The port is free, and what comes now goes to the next one. */
    CHECK(connect_to(receiver) == -1);
    again = new_receiver(config);
    account_notify(&a, NOTIFICATION("x"));
    expect_text(again, "x");
    lpc_receiver_free(again);
    lpc_receiver_free(receiver);
    lpc_config_free(config);
}

#ifdef __linux__

enum { POLLS = 16 };

struct poller {
    pthread_t thread;
    lpc_receiver *receiver;
    int begins;
};

static void *poll_until_it_is_freed(void *argument)
{
    struct poller *poller = argument;
    lpc_notification *n = NULL;
    lpc_error *err = NULL;

    thread_begins(poller->begins);
    CHECK_STATUS(LPC_CLOSED, lpc_receiver_poll(poller->receiver, -1, &n, &err), &err);
    CHECK(n == NULL);
    lpc_error_free(err);
    return NULL;
}

void test_receiver_that_is_freed_while_threads_poll(void)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_receiver *receiver;
    struct poller pollers[POLLS];
    char file[32];
    int begun[2];
    size_t i;

    if (!threads_can_be_watched()) {
        fprintf(stderr, "NOT CHECKED: a receiver that is freed while threads poll (/proc)\n");
        lpc_config_free(config);
        return;
    }
    CHECK(lpc_config_set(config, "receiver.order", "true", NULL) == LPC_OK);
    CHECK(lpc_config_set(config, "receiver.order.wait.ms", "3600000", NULL) == LPC_OK);
    store_new(config, "receiver.store", file);
    receiver = new_receiver(config);
    /* Held back, as its sequence is 1: nobody gets it, not even at the end. */
    account_notify(&a, NOTIFICATION("x"));
    while (account_pending(&a) > 0)
        continue;
    CHECK(pipe(begun) == 0);
    for (i = 0; i < POLLS; i++) {
        pollers[i].receiver = receiver;
        pollers[i].begins = begun[1];
        CHECK(pthread_create(&pollers[i].thread, NULL, poll_until_it_is_freed, &pollers[i]) == 0);
    }
    for (i = 0; i < POLLS; i++)
        thread_until_it_waits(begun[0]);
    lpc_receiver_free(receiver);
    /* Whatever they still do, its file is free. */
    receiver = new_receiver(config);
    for (i = 0; i < POLLS; i++)
        CHECK(pthread_join(pollers[i].thread, NULL) == 0);
    lpc_receiver_free(receiver);
    store_remove(file);
    close(begun[0]);
    close(begun[1]);
    lpc_config_free(config);
}

#else

void test_receiver_that_is_freed_while_threads_poll(void)
{
    fprintf(stderr, "NOT CHECKED: a receiver that is freed while threads poll (not Linux)\n");
}

#endif

#ifndef _WIN32 /* It has no fork(). */

void test_receiver_in_a_forked_child(void)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_receiver *receiver = new_receiver(config);
    lpc_notification *n;
    int status = 0, held[2];
    pid_t child;
    char byte;

    account_notify(&a, NOTIFICATION("before"));
    n = next(receiver);
    (void)lpc_receiver_fd(receiver);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        /* A child that hangs is ended, and its parent sees that. */
        alarm(120);
        CHECK(lpc_receiver_ack(receiver, n, NULL) == LPC_CLOSED);
        CHECK(lpc_receiver_nack(receiver, n, 0, NULL) == LPC_CLOSED);
        CHECK(lpc_receiver_fd(receiver) == -1);
        poll_until_it_is_closed(receiver);
        CHECK(lpc_receiver_url(receiver) != NULL);
        lpc_receiver_shutdown(receiver);
        lpc_notification_free(n);
        lpc_receiver_free(receiver);
        leave(7);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    /* Nothing of that concerns the parent. */
    account_notify(&a, NOTIFICATION("after"));
    expect_text(receiver, "after");

    /* A child that does nothing holds no port, either. */
    CHECK(pipe(held) == 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(held[1]);
        CHECK(read(held[0], &byte, 1) == 0);
        leave(0);
    }
    lpc_receiver_free(receiver);
    receiver = new_receiver(config);
    account_notify(&a, NOTIFICATION("again"));
    expect_text(receiver, "again");
    lpc_receiver_shutdown(receiver);
    CHECK(connect_to(receiver) == -1);
    close(held[0]);
    close(held[1]);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    lpc_notification_free(n);
    lpc_receiver_free(receiver);
    lpc_config_free(config);
}

/* What SQLite shares between files may be in use in the parent: the child would wait for ever. */
void test_receiver_with_a_store_after_a_fork(void)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_receiver *receiver, *other = NULL;
    lpc_error *err = NULL;
    char file[32], others[32];
    int status = 0, i;
    pid_t child;

    store_new(config, "receiver.store", file);
    receiver = new_receiver(config);
    store_new(config, "receiver.store", others);
    /* With one open in the parent, and without. */
    for (i = 0; i < 2; i++) {
        child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            alarm(120);
            if (i == 0) {
                CHECK(lpc_receiver_new(config, &other, &err) == LPC_IO);
                CHECK(strstr(lpc_error_message(err), "was forked") != NULL);
                CHECK(other == NULL);
                lpc_receiver_free(receiver);
                CHECK(lpc_receiver_new(config, &other, NULL) == LPC_IO);
            } else {
                lpc_receiver_free(new_receiver(config));
            }
            leave(7);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
        if (i == 0)
            lpc_receiver_free(receiver);
    }
    store_remove(file);
    store_remove(others);
    lpc_config_free(config);
}

/* What a process says that another one started. */
static void say(int fd, const char *text)
{
    CHECK(write(fd, text, strlen(text) + 1) == (ssize_t)(strlen(text) + 1));
}

static void hear(int fd, char *text, size_t size)
{
    size_t length = 0;

    do {
        CHECK(length < size && read(fd, text + length, 1) == 1);
    } while (text[length++] != 0);
}

/* Listens until it is killed, and has a child that lives on until `held` ends. */
static void listen_and_fork(const lpc_config *config, const int *told, const int *asked,
                            const int *held)
{
    lpc_receiver *receiver;
    char text[8];

    alarm(120);
    receiver = new_receiver(config);
    say(told[1], lpc_receiver_url(receiver));
    hear(asked[0], text, sizeof text);
    if (fork() == 0) {
        alarm(120);
        close(held[1]);
        say(told[1], "forked");
        CHECK(read(held[0], text, 1) == 0);
        leave(0);
    }
    for (;;)
        pause();
}

/* A process that is killed leaves no socket in its child: who is connected hears of the end, and the
 * port is free. */
void test_receiver_killed_while_its_child_lives(void)
{
    static const char request[] = "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
    struct timeval patience = {60, 0};
    struct sockaddr_in there = {0};
    int told[2], asked[2], held[2], status = 0, fd;
    char text[1024], *address;
    lpc_config *config = lpc_config_new();
    lpc_receiver *receiver;
    lpc_error *err = NULL;
    pid_t process;
    ssize_t length;

    CHECK_OK(lpc_config_set(config, "receiver.secret", "s3cr3t", &err), &err);
    CHECK(pipe(told) == 0 && pipe(asked) == 0 && pipe(held) == 0);
    process = fork();
    CHECK(process >= 0);
    if (process == 0)
        listen_and_fork(config, told, asked, held);
    hear(told[0], text, sizeof text);
    address = strstr(text, "127.0.0.1:");
    CHECK(address != NULL && strchr(address, '/') != NULL);
    *strchr(address, '/') = 0;
    CHECK_OK(lpc_config_set(config, "receiver.listen", address, &err), &err);
    there.sin_family = AF_INET;
    there.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fd, (struct sockaddr *)&there, sizeof there) == 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    CHECK(write(fd, request, sizeof request - 1) == (ssize_t)(sizeof request - 1));
    CHECK(read(fd, text, sizeof text) > 0);
    say(asked[1], "fork");
    hear(told[0], text, sizeof text);
    CHECK_TEXT("forked", text);

    CHECK(kill(process, SIGKILL) == 0 && waitpid(process, &status, 0) == process);
    length = read(fd, text, sizeof text);
    CHECK(length == 0 || (length < 0 && errno == ECONNRESET));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fd, (struct sockaddr *)&there, sizeof there) == -1 && errno == ECONNREFUSED);
    close(fd);
    receiver = new_receiver(config);
    lpc_receiver_free(receiver);
    lpc_config_free(config);
    for (fd = 0; fd < 2; fd++) {
        close(told[fd]);
        close(asked[fd]);
        close(held[fd]);
    }
}

#endif

/* Who leaves before it is answered must not end the program by a signal. */
void test_receiver_answers_who_left(void)
{
    enum { ROUNDS = 50 };
    static const char request[] = "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
    char requests[100 * sizeof request];
    account a = account_new();
    lpc_config *config = account_config(&a);
    lpc_receiver *receiver = new_receiver(config);
    size_t length = 0;
    int i, fd;

    while (length + sizeof request < sizeof requests) {
        memcpy(requests + length, request, sizeof request - 1);
        length += sizeof request - 1;
    }
    for (i = 0; i < ROUNDS; i++) {
        fd = connect_to(receiver);
        CHECK(fd >= 0);
        CHECK(tcp_send(fd, requests, length));
        tcp_close(fd);
    }
    /* It has seen them all once it serves the next one. */
    account_set_webhook(&a, lpc_receiver_url(receiver));
    account_notify(&a, NOTIFICATION("x"));
    expect_text(receiver, "x");
    lpc_receiver_free(receiver);
    lpc_config_free(config);
}

/* What a receiver's log callback does with it, once. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    lpc_receiver *receiver;
    const lpc_notification *taken;
    bool frees, was_in, returned, may_return;
} stopper;

static void stop_on_line(void *user_data, int32_t level, const char *line)
{
    stopper *s = user_data;
    lpc_notification *n = NULL;
    lpc_error *err = NULL;

    (void)level;
    (void)line;
    CHECK(pthread_mutex_lock(&s->lock) == 0);
    if (s->receiver != NULL && !s->was_in) {
        CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_receiver_poll(s->receiver, -1, &n, &err), &err);
        CHECK(strstr(lpc_error_message(err), "inside a log function") != NULL);
        lpc_error_free(err);
        err = NULL;
        CHECK_STATUS(LPC_INVALID_ARGUMENT, lpc_receiver_ack(s->receiver, s->taken, &err), &err);
        CHECK(strstr(lpc_error_message(err), "inside a log function") != NULL);
        lpc_error_free(err);
        lpc_receiver_shutdown(s->receiver);
        if (s->frees)
            lpc_receiver_free(s->receiver);
        s->was_in = true;
        CHECK(pthread_cond_broadcast(&s->changed) == 0);
        while (!s->may_return)
            CHECK(pthread_cond_wait(&s->changed, &s->lock) == 0);
        s->returned = true;
        CHECK(pthread_cond_broadcast(&s->changed) == 0);
    }
    CHECK(pthread_mutex_unlock(&s->lock) == 0);
}

static void *let_it_return(void *user_data)
{
    stopper *s = user_data;

    CHECK(pthread_mutex_lock(&s->lock) == 0);
    s->may_return = true;
    CHECK(pthread_cond_broadcast(&s->changed) == 0);
    CHECK(pthread_mutex_unlock(&s->lock) == 0);
    return NULL;
}

static void log_callback_that_stops(bool frees)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    static stopper both[2];
    stopper *s = &both[frees];
    lpc_receiver *receiver;
    lpc_notification *taken;
    lpc_error *err = NULL;
    pthread_t thread;
    int fd;

    CHECK(pthread_mutex_init(&s->lock, NULL) == 0 && pthread_cond_init(&s->changed, NULL) == 0);
    CHECK_OK(lpc_config_set_log_callback(config, stop_on_line, s, LPC_LOG_LEVEL_TRACE, &err), &err);
    receiver = new_receiver(config);
    lpc_config_free(config);
    account_notify(&a, NOTIFICATION("taken"));
    taken = next(receiver);
    CHECK(pthread_mutex_lock(&s->lock) == 0);
    s->receiver = receiver;
    s->taken = taken;
    s->frees = frees;
    /* What is no request is logged; it may be taken for a broken TLS handshake, too. */
    fd = connect_to(receiver);
    CHECK(fd >= 0 && tcp_send(fd, "no\r\n\r\n", 6));
    tcp_end(fd);
    while (!s->was_in)
        CHECK(pthread_cond_wait(&s->changed, &s->lock) == 0);
    CHECK(pthread_mutex_unlock(&s->lock) == 0);
    CHECK(pthread_create(&thread, NULL, let_it_return, s) == 0);
    if (!frees)
        /* Stopped by the callback, but waited for here. */
        lpc_receiver_free(receiver);
    CHECK(pthread_mutex_lock(&s->lock) == 0);
    CHECK(frees || s->returned);
    while (!s->returned)
        CHECK(pthread_cond_wait(&s->changed, &s->lock) == 0);
    CHECK(pthread_mutex_unlock(&s->lock) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    lpc_notification_free(taken);
    tcp_close(fd);
}

void test_receiver_stopped_by_its_log_callback(void)
{
    log_callback_that_stops(false);
    /* Its callback may be called until the process ends: nothing of it is touched again. */
    log_callback_that_stops(true);
}
