/* What the harness has of Windows; tests/c/system.c has the same of POSIX. */
#include "../c/harness.h"

#include <winsock2.h>

#include <windows.h>

int tcp_connect(const char *port)
{
    struct sockaddr_in there = {0};
    WSADATA data;
    SOCKET connection;

    CHECK(WSAStartup(MAKEWORD(2, 2), &data) == 0);
    connection = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connection != INVALID_SOCKET);
    there.sin_family = AF_INET;
    there.sin_port = htons((u_short)atoi(port));
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection, (struct sockaddr *)&there, sizeof there) == 0)
        return (int)connection;
    closesocket(connection);
    return -1;
}

bool tcp_send(int to, const char *bytes, size_t length)
{
    return send((SOCKET)to, bytes, (int)length, 0) == (int)length;
}

long tcp_receive(int from, char *bytes, size_t room)
{
    return recv((SOCKET)from, bytes, (int)room, 0);
}

void tcp_end(int to)
{
    CHECK(shutdown((SOCKET)to, SD_SEND) == 0);
}

void tcp_close(int connection)
{
    closesocket((SOCKET)connection);
}

void set_variable(const char *name, const char *value)
{
    CHECK(SetEnvironmentVariableA(name, value));
}

/* A path as Windows takes it at any length; the caller frees it. */
static wchar_t *wide(const char *path)
{
    static const wchar_t any_length[] = L"\\\\?\\";
    int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
    wchar_t *given = malloc((size_t)length * sizeof *given), *whole;
    DWORD room;

    CHECK(length > 0 && given != NULL);
    CHECK(MultiByteToWideChar(CP_UTF8, 0, path, -1, given, length) == length);
    room = GetFullPathNameW(given, 0, NULL, NULL);
    whole = malloc(sizeof any_length + room * sizeof *whole);
    CHECK(room > 0 && whole != NULL);
    memcpy(whole, any_length, sizeof any_length);
    CHECK(GetFullPathNameW(given, room, whole + wcslen(any_length), NULL) == room - 1);
    free(given);
    return whole;
}

/* A name in the current folder that nothing has yet. */
static void new_name(char name[32])
{
    static unsigned count;

    do
        snprintf(name, 32, "lpc-test-%lu-%u", GetCurrentProcessId(), count++);
    while (GetFileAttributesA(name) != INVALID_FILE_ATTRIBUTES);
}

void file_new(char path[32])
{
    FILE *file;

    new_name(path);
    file = fopen(path, "wb");
    CHECK(file != NULL && fclose(file) == 0);
}

FILE *file_open(const char *path, const char *mode)
{
    wchar_t *name = wide(path), how[8];
    FILE *file;

    CHECK(MultiByteToWideChar(CP_UTF8, 0, mode, -1, how, 8) > 0);
    file = _wfopen(name, how);
    free(name);
    return file;
}

bool file_remove(const char *path)
{
    wchar_t *name = wide(path);
    bool removed = DeleteFileW(name);

    free(name);
    return removed;
}

void folder_new(char path[32])
{
    new_name(path);
    folder_make(path);
}

void folder_make(const char *path)
{
    wchar_t *name = wide(path);

    CHECK(CreateDirectoryW(name, NULL));
    free(name);
}

void folder_remove(const char *path)
{
    wchar_t *name = wide(path);

    CHECK(RemoveDirectoryW(name));
    free(name);
}

/* Nothing gives a descriptor here. */
bool readable(int fd, int timeout_ms)
{
    (void)fd;
    (void)timeout_ms;
    fail(__FILE__, __LINE__, "a descriptor on Windows");
    return false;
}

/* The system does not tell. */
bool threads_can_be_watched(void)
{
    return false;
}

void until_no_thread_of_the_library(void)
{
}
