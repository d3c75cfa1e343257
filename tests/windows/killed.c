/* A program with a connector that is ended in the midst of its work, again and again, as by the task
 * manager: everything it was to send arrives once, in order, and it is told of everything. */
#include "../c/harness.h"

#include <windows.h>

enum {
    CONSUMERS = 3,
    TEXTS = 12, /* of each */
    KILLS = 6,
    KILLED = 9,
    MOST = 1000,
};

/* How many more steps it lives. */
static long steps_left = MOST;

/* TerminateProcess: no destructor runs, nothing is flushed. */
static void step(void)
{
    if (--steps_left == 0)
        TerminateProcess(GetCurrentProcess(), KILLED);
}

static void tell(const char *path, const char *line)
{
    FILE *file = file_open(path, "ab");

    CHECK(file != NULL && fprintf(file, "%s\n", line) > 0 && fclose(file) == 0);
}

/* Submits what it submits each time, the keys say what is known, and takes what it is told. */
static void work(const char *told)
{
    lpc_config *config = lpc_config_new();
    lpc_connector *connector = NULL;
    lpc_update *update;
    lpc_error *err = NULL;
    char consumer[16], text[32];
    lpc_status status;
    int i;

    CHECK_OK(lpc_config_load_env(config, &err), &err);
    CHECK_OK(lpc_connector_new(config, &connector, &err), &err);
    for (i = 0; i < CONSUMERS * TEXTS; i++) {
        snprintf(consumer, sizeof consumer, "c%d", i % CONSUMERS);
        snprintf(text, sizeof text, "c%d text %02d", i % CONSUMERS, i / CONSUMERS);
        CHECK_OK(lpc_connector_submit_text(connector, consumer, text, text, &err), &err);
        step();
    }
    do {
        status = lpc_connector_poll(connector, 100, &update, &err);
        if (status == LPC_EMPTY)
            continue;
        CHECK_OK(status, &err);
        step();
        CHECK(lpc_update_kind(update) != LPC_UPDATE_KIND_FAILED);
        if (lpc_update_kind(update) == LPC_UPDATE_KIND_SENT)
            tell(told, lpc_update_key(update));
        CHECK_OK(lpc_connector_ack(connector, update, &err), &err);
        lpc_update_free(update);
        step();
    } while (status == LPC_OK || connector_stat(connector, "waiting") > 0
             || connector_stat(connector, "updates_waiting") > 0);
    lpc_connector_free(connector);
    lpc_config_free(config);
}

/* Starts this program again, to live for so many steps; gives how it ended. */
static DWORD run(const char *self, const char *told, int steps)
{
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    DWORD code = 0;
    char line[1024];

    snprintf(line, sizeof line, "\"%s\" %s %d", self, told, steps);
    CHECK(CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process));
    CHECK(WaitForSingleObject(process.hProcess, INFINITE) == WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(process.hProcess, &code));
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

/* Each text is there once, and those of one consumer in their order. */
static void check_texts(const char *held)
{
    const char *before, *found;
    char text[32];
    int consumer, i;

    for (consumer = 0; consumer < CONSUMERS; consumer++) {
        for (before = held, i = 0; i < TEXTS; i++, before = found) {
            /* Its message; its key and its id may hold the same. */
            snprintf(text, sizeof text, "\"message\":\"c%d text %02d\"", consumer, i);
            found = strstr(held, text);
            if (occurrences(held, text) != 1 || found < before)
                fail(text, (int)occurrences(held, text), "not once, or not in order");
        }
    }
}

static void check_told(const char *path)
{
    static char told[1 << 16];
    FILE *file = file_open(path, "rb");
    char line[32];
    int i;

    CHECK(file != NULL);
    told[fread(told, 1, sizeof told - 1, file)] = '\0';
    fclose(file);
    for (i = 0; i < CONSUMERS * TEXTS; i++) {
        snprintf(line, sizeof line, "c%d text %02d\n", i % CONSUMERS, i / CONSUMERS);
        CHECK(strstr(told, line) != NULL);
    }
}

int main(int argc, char **argv)
{
    /* In the midst of submitting, of sending, and between an update and its acknowledgement. */
    static const int steps[KILLS] = {1, 20, 36, 38, 41, 49};
    static const char *const of_receiver[][2] = {
        {"receiver.listen", "LPC_RECEIVER_LISTEN"},
        {"receiver.tls.cert.file", "LPC_RECEIVER_TLS_CERT_FILE"},
        {"receiver.tls.key.file", "LPC_RECEIVER_TLS_KEY_FILE"},
    };
    account a;
    lpc_config *config;
    char told[32], file[32], *held;
    size_t i;

    if (argc == 3) {
        steps_left = atol(argv[2]);
        work(argv[1]);
        return 0;
    }
    config = account_receiver_config(&a);
    for (i = 0; i < sizeof of_receiver / sizeof *of_receiver; i++)
        set_variable(of_receiver[i][1], lpc_config_get(config, of_receiver[i][0]));
    set_variable("LPC_ACCOUNT_ID", a.id);
    set_variable("LPC_CLIENT_ID", a.client_id);
    set_variable("LPC_CLIENT_SECRET", a.client_secret);
    store_new(config, "connector.store", file);
    set_variable("LPC_CONNECTOR_STORE", lpc_config_get(config, "connector.store"));
    file_new(told);
    /* What nobody heard of comes again within a second: nobody need wait long for what never arrived. */
    account_put_webhook(&a, "{\"retention_time\":3600,\"time_scale\":0.001}");
    set_variable("LPC_CONNECTOR_ECHO_WAIT_MS", "10000");

    for (i = 0; i < KILLS; i++)
        CHECK(run(argv[0], told, steps[i]) == KILLED);
    CHECK(run(argv[0], told, MOST) == 0);
    held = account_conversations(&a);
    check_texts(held);
    check_told(told);
    free(held);
    CHECK(file_remove(told));
    store_remove(file);
    lpc_config_free(config);
    printf("ended %d times: %d texts arrived once, in order\n", KILLS, CONSUMERS * TEXTS);
    return 0;
}
