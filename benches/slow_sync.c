/*
 * A slow disk: each fsync and fdatasync of a program that this is preloaded into takes SLOW_SYNC_US
 * microseconds longer.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int slow(long call, int file)
{
    const char *time = getenv("SLOW_SYNC_US");

    usleep(time == NULL ? 0 : (useconds_t)atoi(time));
    return (int)syscall(call, file);
}

int fsync(int file)
{
    return slow(SYS_fsync, file);
}

int fdatasync(int file)
{
    return slow(SYS_fdatasync, file);
}
