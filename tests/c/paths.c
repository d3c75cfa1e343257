/* Files whose names are not ASCII, and paths longer than the 260 characters that Windows is known for:
 * every place where a program names a file. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

enum {
#ifdef _WIN32
    /* Longer than 260 characters as SQLite counts them: in up to 4 bytes each. */
    LONG_PATH = 1200,
#else
    /* SQLite has room for 512 bytes. */
    LONG_PATH = 300,
#endif
    PATH_ROOM = 2048,
};

static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 1, 2, 3};

static void write_bytes(const char *path, const void *bytes, size_t length)
{
    FILE *file = file_open(path, "wb");

    CHECK(file != NULL && fwrite(bytes, 1, length, file) == length);
    CHECK(fclose(file) == 0);
}

/* Copies a short file. */
static void copy(const char *from, const char *to)
{
    char content[1 << 16];
    FILE *file = file_open(from, "rb");
    size_t length;

    CHECK(file != NULL);
    length = fread(content, 1, sizeof content, file);
    CHECK(length > 0 && length < sizeof content);
    fclose(file);
    write_bytes(to, content, length);
}

static void path_in(char path[PATH_ROOM], const char *folder, const char *name)
{
    CHECK(snprintf(path, PATH_ROOM, "%s/%s", folder, name) < PATH_ROOM);
}

/* Moves the file of an option into the folder, if there is one. */
static void move_option(lpc_config *config, const char *option, const char *folder, const char *name)
{
    const char *old = lpc_config_get(config, option);
    char path[PATH_ROOM];
    lpc_error *err = NULL;

    if (old == NULL || *old == '\0')
        return;
    path_in(path, folder, name);
    copy(old, path);
    CHECK_OK(lpc_config_set(config, option, path, &err), &err);
}

static void read_a_config_file(const char *folder)
{
    lpc_config *config = lpc_config_new();
    lpc_error *err = NULL;
    char path[PATH_ROOM], content[PATH_ROOM + 64];

    path_in(path, folder, "k\xC3\xB6nfig");
    CHECK_STATUS(LPC_IO, lpc_config_load_file(config, path, &err), &err);
    CHECK(strstr(lpc_error_message(err), path) != NULL);
    lpc_error_free(err);
    err = NULL;
    snprintf(content, sizeof content, "account.id = le1\ntls.ca.file = %s\n", path);
    write_bytes(path, content, strlen(content));
    CHECK_OK(lpc_config_load_file(config, path, &err), &err);
    CHECK_TEXT("le1", lpc_config_get(config, "account.id"));
    CHECK_TEXT(path, lpc_config_get(config, "tls.ca.file"));
    CHECK(file_remove(path));
    lpc_config_free(config);
}

static void send_and_download(const char *folder)
{
    account a = account_new();
    lpc_config *config = account_config(&a);
    lpc_client *client = NULL;
    lpc_consumer *consumer;
    lpc_conversation *conversation;
    lpc_error *err = NULL;
    char photo[PATH_ROOM], got[PATH_ROOM], options[PATH_ROOM + 64], *requests, *relative;
    char ca[PATH_ROOM], bytes[32];
    FILE *file;
    int i;

    path_in(ca, folder, "ca-\xD0\x96.pem");
    move_option(config, "tls.ca.file", folder, "ca-\xD0\x96.pem");
    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    lpc_config_free(config);
    consumer = new_consumer(client, "paths");
    conversation = new_conversation(consumer);

    path_in(photo, folder, "\xE5\x86\x99\xE7\x9C\x9F.png");
    path_in(got, folder, "got \xF0\x9F\x98\x80.png");
    write_bytes(photo, png, sizeof png);
    snprintf(options, sizeof options, "{\"previewPath\":\"%s\"}", photo);
    CHECK_OK(lpc_conversation_send_file(conversation, photo, options, NULL, &err), &err);
    requests = account_requests(&a);
    CHECK(occurrences(requests, "data:image/png;base64,") == 1);
    free(requests);

    relative = account_put_file(&a, "PNG", "an invoice");
    /* A new file, and one that is replaced. */
    for (i = 0; i < 2; i++) {
        CHECK_OK(lpc_conversation_download_file(conversation, relative, got, &err), &err);
        memset(bytes, 0, sizeof bytes);
        file = file_open(got, "rb");
        CHECK(file != NULL && fread(bytes, 1, sizeof bytes, file) == strlen("an invoice"));
        fclose(file);
        CHECK_TEXT("an invoice", bytes);
    }
    free(relative);
    CHECK(file_remove(photo) && file_remove(got));
    file_remove(ca);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
}

/* Waits until a text was sent and the service told of it; gives how many keys were known already. */
static uint64_t connect_and_send(const lpc_config *config, const char *key)
{
    lpc_connector *connector = NULL;
    lpc_update *update = NULL;
    lpc_error *err = NULL;
    uint64_t known;
    bool sent = false;

    CHECK_OK(lpc_connector_new(config, &connector, &err), &err);
    CHECK_OK(lpc_connector_submit_text(connector, "paths", "Hi", "first", &err), &err);
    CHECK_OK(lpc_connector_submit_text(connector, "paths", "Hi", key, &err), &err);
    while (!sent) {
        CHECK_OK(lpc_connector_poll(connector, -1, &update, &err), &err);
        sent = lpc_update_kind(update) == LPC_UPDATE_KIND_SENT
               && strcmp(lpc_update_key(update), key) == 0;
        CHECK_OK(lpc_connector_ack(connector, update, &err), &err);
        lpc_update_free(update);
    }
    known = connector_stat(connector, "repeated_keys");
    lpc_connector_free(connector);
    return known;
}

static void keep_a_queue(const char *folder)
{
    account a;
    lpc_config *config = account_receiver_config(&a);
    lpc_error *err = NULL;
    char path[PATH_ROOM], store[PATH_ROOM + 16];

    move_option(config, "receiver.tls.cert.file", folder, "\xC3\xA9.crt");
    move_option(config, "receiver.tls.key.file", folder, "\xC3\xA9.key");
    path_in(path, folder, "queue-\xC3\x9F.db");
    snprintf(store, sizeof store, "sqlite:%s", path);
    CHECK_OK(lpc_config_set(config, "connector.store", store, &err), &err);
    CHECK(connect_and_send(config, "second") == 0);
    CHECK(connect_and_send(config, "third") == 1);
    lpc_config_free(config);
    store_remove(path);
    path_in(path, folder, "\xC3\xA9.crt");
    file_remove(path);
    path_in(path, folder, "\xC3\xA9.key");
    file_remove(path);
}

static void use_files_in(const char *folder)
{
    read_a_config_file(folder);
    send_and_download(folder);
    keep_a_queue(folder);
}

void test_names_of_files_that_are_not_ascii(void)
{
    char top[32], folder[PATH_ROOM];

    folder_new(top);
    path_in(folder, top, "f\xC3\xB6lder \xE6\x96\x87");
    folder_make(folder);
    use_files_in(folder);
    folder_remove(folder);
    folder_remove(top);
}

void test_paths_that_are_long(void)
{
    /* 50 characters. */
    static const char name[] = "0123456789 0123456789 0123456789 0123456789 0123\xC3\xA9";
    char top[32], folder[PATH_ROOM];
    size_t length;

    folder_new(top);
    strcpy(folder, top);
    while ((length = strlen(folder)) < LONG_PATH) {
        path_in(folder + length, "", name);
        folder_make(folder);
    }
    use_files_in(folder);
    for (; strlen(folder) > strlen(top); *strrchr(folder, '/') = '\0')
        folder_remove(folder);
    folder_remove(top);
}
