/*
 *   CLIENT SENDS [THREADS [BYTES [CONVERSATIONS]]]
 *
 * Each of the threads sends SENDS texts of so many bytes, over the conversations in turn, and keeps
 * its connection. The first tenth is not timed. One line of JSON tells what it took.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness.h"

int conversations = 1;
const char *text;

static int sends = 1, threads = 1, bytes = 20;
static pthread_barrier_t warm;
static double *times; /* of each timed send, in microseconds */
static double wall, cpu;

const char *variable(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL)
        give_up("the environment lacks", name);
    return value;
}

void give_up(const char *doing, const char *why)
{
    fprintf(stderr, "%s: %s\n", doing, why);
    exit(EXIT_FAILURE);
}

static double now(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return 1e6 * (double)time.tv_sec + (double)time.tv_nsec / 1e3;
}

static void *run(void *number)
{
    int thread = (int)(size_t)number, warming = sends / 10, i;
    double *mine = times + (size_t)thread * (size_t)(sends - warming);
    void *sender = sender_new(thread);

    for (i = 0; i < sends; i++) {
        double before;

        if (i == warming) {
            pthread_barrier_wait(&warm);
            if (thread == 0) {
                wall = now(CLOCK_MONOTONIC);
                cpu = now(CLOCK_PROCESS_CPUTIME_ID);
            }
        }
        before = now(CLOCK_MONOTONIC);
        sender_send(sender, (int)((i * (long)threads + thread) % conversations));
        if (i >= warming)
            mine[i - warming] = now(CLOCK_MONOTONIC) - before;
    }
    sender_free(sender);
    return NULL;
}

/* Not ru_maxrss: that of the program which started this one counts there. */
static long peak_kb(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long peak = 0;

    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %ld kB", &peak) == 1)
            break;
    if (status != NULL)
        fclose(status);
    return peak;
}

static int by_time(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;

    return (one > other) - (one < other);
}

int main(int argc, char **argv)
{
    int *arguments[] = {&sends, &threads, &bytes, &conversations};
    size_t timed;
    pthread_t *others;
    char *filled;
    int i;

    for (i = 1; i < argc && i <= 4; i++)
        if ((*arguments[i - 1] = atoi(argv[i])) < 1)
            give_up("not a number above 0", argv[i]);
    if (argc < 5)
        conversations = threads; /* sends of one conversation wait for each other */
    filled = malloc((size_t)bytes + 1);
    memset(filled, 'x', (size_t)bytes);
    filled[bytes] = '\0';
    text = filled;
    timed = (size_t)(sends - sends / 10) * (size_t)threads;
    times = malloc(timed * sizeof *times);
    others = malloc((size_t)threads * sizeof *others);

    pthread_barrier_init(&warm, NULL, (unsigned)threads);
    for (i = 1; i < threads; i++)
        pthread_create(&others[i], NULL, run, (void *)(size_t)i);
    run((void *)0);
    for (i = 1; i < threads; i++)
        pthread_join(others[i], NULL);
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;

    qsort(times, timed, sizeof *times, by_time);
    printf("{\"sends\": %zu, \"p50_us\": %.2f, \"p99_us\": %.2f, \"wall_us\": %.0f, "
           "\"cpu_us\": %.0f, \"peak_kb\": %ld}\n",
           timed, times[timed / 2], times[timed * 99 / 100], wall, cpu, peak_kb());
    return 0;
}
