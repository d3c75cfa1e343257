/* Faults of a machine, for the process that preloads this: what it does to the files below $FAULTS_IN is
 * counted, and where the environment says so, it is killed in the middle, the disk fails, all is noted as it
 * came, or the clock on the wall is another. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static long steps, syncs;

static long number(const char *name)
{
    const char *value = getenv(name);
    return value ? strtol(value, NULL, 10) : 0;
}

/* The name of the file, if it is one of those. */
static const char *watched(int fd, char path[4096])
{
    const char *below = getenv("FAULTS_IN");
    char link[64];
    ssize_t len;

    if (!below)
        return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, path, 4095);
    if (len <= 0)
        return NULL;
    path[len] = 0;
    if (strncmp(path, below, strlen(below)) != 0)
        return NULL;
    return strrchr(path, '/') + 1;
}

/* One line and the bytes: what was done, to which file, where, how many bytes. */
static void note(const char *what, const char *name, off_t at, const void *bytes, size_t len)
{
    static int to = -1;
    char line[512];
    int line_len;

    if (!getenv("FAULTS_NOTED"))
        return;
    if (to < 0)
        to = (int)syscall(SYS_openat, AT_FDCWD, getenv("FAULTS_NOTED"),
                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    line_len = snprintf(line, sizeof line, "%s %s %lld %zu\n", what, name, (long long)at, len);
    if (syscall(SYS_write, to, line, (size_t)line_len) != line_len
        || (bytes && syscall(SYS_write, to, bytes, len) != (long)len))
        abort();
}

static int is_last_step(void)
{
    return ++steps == number("FAULTS_KILL_AT");
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* What is written half, is found half written. */
static ssize_t put(int fd, const void *bytes, size_t len, off_t at, int keeps_place)
{
    char path[4096];
    const char *name = watched(fd, path);
    ssize_t done;

    if (!name)
        return keeps_place ? syscall(SYS_pwrite64, fd, bytes, len, at)
                           : syscall(SYS_write, fd, bytes, len);
    pthread_mutex_lock(&held);
    if (!keeps_place)
        at = lseek(fd, 0, SEEK_CUR);
    if (is_last_step()) {
        syscall(SYS_pwrite64, fd, bytes, len / 2, at);
        die();
    }
    note("write", name, at, bytes, len);
    done = keeps_place ? syscall(SYS_pwrite64, fd, bytes, len, at)
                       : syscall(SYS_write, fd, bytes, len);
    pthread_mutex_unlock(&held);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t len) { return put(fd, bytes, len, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) { return put(fd, bytes, len, at, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t at) { return put(fd, bytes, len, at, 1); }

static int flush(int fd, long how)
{
    char path[4096];
    const char *name = watched(fd, path);
    long from = number("FAULTS_SYNC_FROM"), until = number("FAULTS_SYNC_UNTIL");
    int done = -1;

    if (!name)
        return (int)syscall(how, fd);
    pthread_mutex_lock(&held);
    if (is_last_step())
        die();
    syncs++;
    errno = EIO;
    if (syncs < from || syncs >= until) {
        note("sync", name, 0, NULL, 0);
        done = (int)syscall(how, fd);
    }
    pthread_mutex_unlock(&held);
    return done;
}

int fsync(int fd) { return flush(fd, SYS_fsync); }
int fdatasync(int fd) { return flush(fd, SYS_fdatasync); }

int ftruncate(int fd, off_t len)
{
    char path[4096];
    const char *name = watched(fd, path);
    int done;

    pthread_mutex_lock(&held);
    if (name && is_last_step())
        die();
    if (name)
        note("truncate", name, len, NULL, 0);
    done = (int)syscall(SYS_ftruncate, fd, len);
    pthread_mutex_unlock(&held);
    return done;
}

int ftruncate64(int fd, off_t len) { return ftruncate(fd, len); }

int unlink(const char *path)
{
    const char *below = getenv("FAULTS_IN");
    int done, is_watched = below && strncmp(path, below, strlen(below)) == 0;

    pthread_mutex_lock(&held);
    if (is_watched && is_last_step())
        die();
    if (is_watched)
        note("unlink", strrchr(path, '/') + 1, 0, NULL, 0);
    done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_unlock(&held);
    return done;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int done = (int)syscall(SYS_clock_gettime, clock, now);

    if (clock == CLOCK_REALTIME)
        now->tv_sec += number("FAULTS_CLOCK");
    return done;
}
