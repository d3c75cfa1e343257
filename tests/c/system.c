/* What the harness has of POSIX; tests/windows/system.c has the same of Windows. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <unistd.h>

int tcp_connect(const char *port)
{
    struct sockaddr_in there = {0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(fd >= 0);
    there.sin_family = AF_INET;
    there.sin_port = htons((uint16_t)atoi(port));
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&there, sizeof there) == 0)
        return fd;
    close(fd);
    return -1;
}

bool tcp_send(int to, const char *bytes, size_t length)
{
    return send(to, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

long tcp_receive(int from, char *bytes, size_t room)
{
    return (long)recv(from, bytes, room, 0);
}

void tcp_end(int to)
{
    CHECK(shutdown(to, SHUT_WR) == 0);
}

void tcp_close(int connection)
{
    close(connection);
}

void set_variable(const char *name, const char *value)
{
    CHECK((value != NULL ? setenv(name, value, 1) : unsetenv(name)) == 0);
}

void file_new(char path[32])
{
    int fd;

    strcpy(path, "/tmp/lpc-test-XXXXXX");
    fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
}

FILE *file_open(const char *path, const char *mode)
{
    return fopen(path, mode);
}

bool file_remove(const char *path)
{
    return unlink(path) == 0;
}

void folder_new(char path[32])
{
    strcpy(path, "/tmp/lpc-test-XXXXXX");
    CHECK(mkdtemp(path) != NULL);
}

void folder_make(const char *path)
{
    CHECK(mkdir(path, 0700) == 0);
}

void folder_remove(const char *path)
{
    CHECK(rmdir(path) == 0);
}

bool readable(int fd, int timeout_ms)
{
    struct pollfd wait = {0};

    wait.fd = fd;
    wait.events = POLLIN;
    return poll(&wait, 1, timeout_ms) == 1;
}

void leave(int code)
{
    char command[32];

    snprintf(command, sizeof command, "exit %d", code);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    fail(__FILE__, __LINE__, "execl");
}

#ifdef __linux__

/* The number of the system call that a thread is in; -1 where the system does not tell. */
static long call_of(const char *thread)
{
    char path[128];
    long number = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%s/syscall", thread);
    file = fopen(path, "r");
    if (file == NULL)
        return -1;
    if (fscanf(file, "%ld", &number) != 1)
        number = -1;
    fclose(file);
    return number;
}

bool threads_can_be_watched(void)
{
    /* An emulator tells of the calls of another processor. */
    return call_of("self") == SYS_read;
}

void thread_begins(int to)
{
    char itself[64] = {0};

    CHECK(readlink("/proc/thread-self", itself, sizeof itself - 1) > 0);
    CHECK(write(to, itself, sizeof itself) == sizeof itself);
}

void thread_until_it_waits(int from)
{
    char thread[64];

    CHECK(read(from, thread, sizeof thread) == sizeof thread);
    while (call_of(thread) != SYS_futex)
        continue;
}

/* Whether a thread of the process is one of the library's: others are the program's, and sanitizers'. */
static bool is_of_the_library(const char *thread)
{
    char path[300], name[16] = "";
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%s/comm", thread);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    CHECK(fgets(name, sizeof name, file) != NULL || ferror(file));
    fclose(file);
    return strncmp(name, "lpc-", 4) == 0;
}

static size_t threads_of_the_library(void)
{
    DIR *all = opendir("/proc/self/task");
    const struct dirent *one;
    size_t count = 0;

    CHECK(all != NULL);
    while ((one = readdir(all)) != NULL)
        count += is_of_the_library(one->d_name);
    closedir(all);
    return count;
}

void until_no_thread_of_the_library(void)
{
    while (threads_of_the_library() > 0)
        continue;
}

#else

bool threads_can_be_watched(void)
{
    return false;
}

void thread_begins(int to)
{
    (void)to;
}

void thread_until_it_waits(int from)
{
    (void)from;
}

void until_no_thread_of_the_library(void)
{
}

#endif
