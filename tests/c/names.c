/* Host names: this program answers for the system's resolver, so that it hangs when a test says so.
 * All other tests use addresses, which need no resolver. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned lookups, hanging;
static bool released;

/* The addresses of localhost: nobody listens at the first. */
static const char *const addresses[] = {"127.0.0.2", "127.0.0.1"};

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    struct addrinfo *list = NULL;
    size_t i;

    (void)service;
    (void)hints;
    pthread_mutex_lock(&lock);
    lookups++;
    if (strcmp(node, "hangs.test") == 0) {
        hanging++;
        pthread_cond_broadcast(&changed);
        while (!released)
            pthread_cond_wait(&changed, &lock);
        hanging--;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    if (strcmp(node, "localhost") != 0)
        return EAI_NONAME;
    for (i = sizeof addresses / sizeof *addresses; i-- > 0;) {
        struct addrinfo *info = calloc(1, sizeof *info);
        struct sockaddr_in *address = calloc(1, sizeof *address);

        if (info == NULL || address == NULL)
            abort();
        address->sin_family = AF_INET;
        inet_pton(AF_INET, addresses[i], &address->sin_addr);
        info->ai_family = AF_INET;
        info->ai_socktype = SOCK_STREAM;
        info->ai_addr = (struct sockaddr *)address;
        info->ai_addrlen = sizeof *address;
        info->ai_next = list;
        list = info;
    }
    *result = list;
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;

        free(list->ai_addr);
        free(list);
        list = next;
    }
}

static unsigned count_lookups(void)
{
    unsigned count;

    pthread_mutex_lock(&lock);
    count = lookups;
    pthread_mutex_unlock(&lock);
    return count;
}

/* The threads of this process. */
static unsigned count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned count = 0;

    CHECK(tasks != NULL);
    while (readdir(tasks) != NULL)
        count++;
    closedir(tasks);
    return count;
}

/* Waits until so many lookups hang. */
static void await_hanging(unsigned wanted)
{
    pthread_mutex_lock(&lock);
    while (hanging != wanted)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* Lets hanging lookups end, and waits until they have. */
static void release(void)
{
    pthread_mutex_lock(&lock);
    released = true;
    pthread_cond_broadcast(&changed);
    while (hanging > 0)
        pthread_cond_wait(&changed, &lock);
    released = false;
    pthread_mutex_unlock(&lock);
}

/* A client whose services are at this host, at the sandbox's port. */
static lpc_client *client_at(const account *a, const char *host, const char *connect_timeout)
{
    const char *url = getenv("LPC_DOMAIN_API_URL");
    const char *port = url != NULL ? strrchr(url, ':') : NULL;
    lpc_config *config = account_config(a);
    lpc_client *client = NULL;
    lpc_error *err = NULL;
    char there[128];

    CHECK(port != NULL);
    snprintf(there, sizeof there, "%.5s://%s%s", url, host, port);
    CHECK_OK(lpc_config_set(config, "domain.api.url", there, &err), &err);
    CHECK_OK(lpc_config_set(config, "connect.timeout.ms", connect_timeout, &err), &err);
    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    lpc_config_free(config);
    return client;
}

void test_names_are_looked_up_once(void)
{
    account a = account_new();
    lpc_client *client = client_at(&a, "localhost", "5000");
    lpc_consumer *consumer = new_consumer(client, "John_Doe");
    unsigned before = count_lookups(), threads, i;
    lpc_conversation *conversation = new_conversation(consumer);
    lpc_error *err = NULL;
    char *stats;

    threads = count_threads();
    for (i = 0; i < 20; i++)
        CHECK_OK(lpc_conversation_send_text(conversation, "x", NULL, &err), &err);
    /* The first address refused, the next one did not: nothing had to be tried again. */
    CHECK(count_lookups() == before + 1);
    CHECK(count_threads() <= threads);
    stats = client_stats(client);
    CHECK(number_of(stats, "retries") == 0);
    CHECK(number_of(stats, "connections_opened") == 1);
    free(stats);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

/* A listener at localhost's first address whose queue is full, so that connecting there hangs. */
static void deafen(int sockets[4])
{
    const char *url = getenv("LPC_DOMAIN_API_URL");
    struct sockaddr_in there = {0};
    int i;

    CHECK(url != NULL);
    there.sin_family = AF_INET;
    there.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
    CHECK(inet_pton(AF_INET, addresses[0], &there.sin_addr) == 1);
    sockets[0] = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(sockets[0] >= 0);
    CHECK(bind(sockets[0], (struct sockaddr *)&there, sizeof there) == 0);
    CHECK(listen(sockets[0], 0) == 0);
    for (i = 1; i < 4; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(sockets[i] >= 0 && fcntl(sockets[i], F_SETFL, O_NONBLOCK) == 0);
        connect(sockets[i], (struct sockaddr *)&there, sizeof there);
    }
}

void test_an_address_that_hangs_leaves_time_for_the_next(void)
{
    account a = account_new();
    lpc_client *client = client_at(&a, "localhost", "4000");
    lpc_consumer *consumer = new_consumer(client, "John_Doe");
    int sockets[4], i;

    deafen(sockets);
    lpc_conversation_free(new_conversation(consumer));
    for (i = 0; i < 4; i++)
        close(sockets[i]);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

void test_a_name_that_is_not_found(void)
{
    account a = account_new();
    lpc_client *client = client_at(&a, "unknown.test", "5000");
    lpc_consumer *consumer = new_consumer(client, "John_Doe");
    lpc_conversation *conversation = NULL;
    lpc_error *err = NULL;

    CHECK_STATUS(LPC_CONNECT, lpc_conversation_open(consumer, NULL, &conversation, &err), &err);
    CHECK(strstr(lpc_error_message(err), "the name unknown.test was not found") != NULL);
    CHECK(!lpc_error_maybe_delivered(err) && lpc_error_is_retryable(err));
    lpc_error_free(err);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void test_a_lookup_that_hangs(void)
{
    account a = account_new();
    lpc_client *client = client_at(&a, "hangs.test", "500");
    lpc_consumer *consumer = new_consumer(client, "John_Doe");
    lpc_conversation *conversation = NULL;
    lpc_error *err = NULL;
    unsigned before = count_lookups();
    double begun = now_ms();

    CHECK_STATUS(LPC_TIMEOUT, lpc_conversation_open(consumer, NULL, &conversation, &err), &err);
    printf("(ended %.1f ms late) ", now_ms() - begun - 500);
    CHECK(strstr(lpc_error_message(err), "looking up the name hangs.test took too long") != NULL);
    CHECK(!lpc_error_maybe_delivered(err));
    lpc_error_free(err);
    /* Who comes later waits for the same lookup: hanging ones do not pile up. */
    CHECK_STATUS(LPC_TIMEOUT, lpc_conversation_open(consumer, NULL, &conversation, NULL), NULL);
    CHECK(count_lookups() == before + 1);
    release();
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

static void *open_and_expect_closed(void *of)
{
    lpc_conversation *conversation = NULL;
    lpc_error *err = NULL;

    CHECK_STATUS(LPC_CLOSED, lpc_conversation_open(of, NULL, &conversation, &err), &err);
    lpc_error_free(err);
    return NULL;
}

void test_shutdown_ends_a_lookup_that_hangs(void)
{
    account a = account_new();
    /* An hour: only the shutdown can end it. */
    lpc_client *client = client_at(&a, "hangs.test", "3600000");
    lpc_consumer *consumer = new_consumer(client, "John_Doe");
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, open_and_expect_closed, consumer) == 0);
    await_hanging(1);
    lpc_client_shutdown(client);
    CHECK(pthread_join(thread, NULL) == 0);
    release();
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}
