/* The harness: checks, and the sandbox's control API over a plain socket. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

void fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    exit(1);
}

void check_status(const char *file, int line, const char *call, lpc_status expected,
                  lpc_status actual, lpc_error *const *err)
{
    if (expected == actual)
        return;
    fprintf(stderr, "%s:%d: %s\n  gave %s, expected %s: %s\n", file, line, call,
            lpc_status_name(actual), lpc_status_name(expected),
            err != NULL && *err != NULL ? lpc_error_message(*err) : "no error");
    exit(1);
}

void check_text(const char *file, int line, const char *expected, const char *actual)
{
    if (actual != NULL && strcmp(expected, actual) == 0)
        return;
    fprintf(stderr, "%s:%d: \"%s\" expected, got \"%s\"\n", file, line, expected,
            actual != NULL ? actual : "(NULL)");
    exit(1);
}

/* One HTTP request to the control API; gives the answer's body, which the caller frees. */
static char *control(const char *method, const char *path, const char *body)
{
    const char *url = getenv("LPC_SANDBOX_CONTROL"); /* http://127.0.0.1:PORT */
    const char *port = url != NULL ? strrchr(url, ':') : NULL;
    size_t used = 0, room = 1 << 16;
    char *answer = malloc(room), *text;
    char head[512];
    long got;
    int there;

    if (port == NULL)
        fail(__FILE__, __LINE__, "LPC_SANDBOX_CONTROL is not set: run by `lpc-sandbox -- …`");
    there = tcp_connect(port + 1);
    CHECK(answer != NULL && there >= 0);
    snprintf(head, sizeof head,
             "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
             method, path, port + 1, strlen(body));
    CHECK(tcp_send(there, head, strlen(head)));
    CHECK(tcp_send(there, body, strlen(body)));
    while ((got = tcp_receive(there, answer + used, room - used - 1)) > 0) {
        used += (size_t)got;
        if (room - used < 1024)
            CHECK((answer = realloc(answer, room *= 2)) != NULL);
    }
    tcp_close(there);
    answer[used] = '\0';
    if (strncmp(answer, "HTTP/1.1 2", 10) != 0)
        fail(__FILE__, __LINE__, answer);
    text = strstr(answer, "\r\n\r\n");
    CHECK(text != NULL);
    text = strdup(text + 4);
    free(answer);
    return text;
}

/* Copies the text member of a flat JSON object. */
static void member(const char *json, const char *name, char *to, size_t room)
{
    char pattern[64];
    const char *found, *end;

    snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
    found = strstr(json, pattern);
    if (found == NULL)
        fail(__FILE__, __LINE__, name);
    found += strlen(pattern);
    end = strchr(found, '"');
    CHECK(end != NULL && (size_t)(end - found) < room);
    memcpy(to, found, (size_t)(end - found));
    to[end - found] = '\0';
}

static account account_of(const char *json)
{
    account a;

    member(json, "id", a.id, sizeof a.id);
    member(json, "client_id", a.client_id, sizeof a.client_id);
    member(json, "client_secret", a.client_secret, sizeof a.client_secret);
    return a;
}

account account_new(void)
{
    char *json = control("POST", "/accounts", "{}");
    account a = account_of(json);

    free(json);
    return a;
}

lpc_config *account_config(const account *a)
{
    lpc_config *config = lpc_config_new();
    lpc_error *err = NULL;

    CHECK(config != NULL);
    CHECK_OK(lpc_config_load_env(config, &err), &err);
    CHECK_OK(lpc_config_set(config, "account.id", a->id, &err), &err);
    CHECK_OK(lpc_config_set(config, "client.id", a->client_id, &err), &err);
    CHECK_OK(lpc_config_set(config, "client.secret", a->client_secret, &err), &err);
    CHECK_OK(lpc_config_set(config, "retry.max.attempts", "1", &err), &err);
    return config;
}

lpc_client *account_client_with(const account *a, const char *key, const char *value)
{
    lpc_config *config = account_config(a);
    lpc_client *client = NULL;
    lpc_error *err = NULL;

    if (key != NULL)
        CHECK_OK(lpc_config_set(config, key, value, &err), &err);
    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    lpc_config_free(config);
    return client;
}

lpc_client *account_client(const account *a)
{
    return account_client_with(a, NULL, NULL);
}

static char *account_control(const account *a, const char *method, const char *what,
                             const char *body)
{
    char path[256];

    snprintf(path, sizeof path, "/accounts/%s/%s", a->id, what);
    return control(method, path, body);
}

/* Asks the control API, and gives a member of the answer, which the caller frees. */
static char *account_member(const account *a, const char *what, const char *body, const char *name)
{
    char *json = account_control(a, "POST", what, body);
    char *value = malloc(strlen(json) + 1);

    CHECK(value != NULL);
    member(json, name, value, strlen(json) + 1);
    free(json);
    return value;
}

void account_answer_json(const account *a, const char *json)
{
    free(account_control(a, "POST", "answers", json));
}

void account_answer(const account *a, const char *route, int status, const char *body)
{
    char json[4096];
    size_t n;
    const char *c;

    n = (size_t)snprintf(json, sizeof json, "{\"route\":\"%s\",\"status\":%d,\"body\":\"", route,
                         status);
    for (c = body; *c != '\0'; c++) {
        CHECK(n + 4 < sizeof json);
        if (*c == '"' || *c == '\\')
            json[n++] = '\\';
        json[n++] = *c;
    }
    memcpy(json + n, "\"}", 3);
    account_answer_json(a, json);
}

char *account_conversations(const account *a)
{
    return account_control(a, "GET", "conversations", "");
}

char *account_requests(const account *a)
{
    return account_control(a, "GET", "requests", "");
}

void account_close_conversation(const account *a, const char *conversation_id)
{
    char what[256];

    snprintf(what, sizeof what, "conversations/%s/close", conversation_id);
    free(account_control(a, "POST", what, "{}"));
}

void account_revoke_tokens(const account *a)
{
    free(account_control(a, "POST", "revoke-tokens", "{}"));
}

char *account_app_jwt(const account *a)
{
    return account_member(a, "tokens", "{}", "token");
}

lpc_config *account_receiver_config(account *a)
{
    static const char *const options[][2] = {
        {"receiver.listen", "LPC_RECEIVER_LISTEN"},
        {"receiver.tls.cert.file", "LPC_RECEIVER_TLS_CERT_FILE"},
        {"receiver.tls.key.file", "LPC_RECEIVER_TLS_KEY_FILE"},
    };
    char *json = control("POST", "/accounts", "{\"receiver\":true}");
    lpc_config *config;
    lpc_error *err = NULL;
    char value[1024];
    size_t i;

    *a = account_of(json);
    config = account_config(a);
    for (i = 0; i < sizeof options / sizeof *options; i++) {
        /* The files are there where the sandbox has TLS. */
        if (strstr(json, options[i][1]) == NULL)
            continue;
        member(json, options[i][1], value, sizeof value);
        CHECK_OK(lpc_config_set(config, options[i][0], value, &err), &err);
    }
    free(json);
    return config;
}

void account_set_webhook(const account *a, const char *url)
{
    char json[512];

    snprintf(json, sizeof json, "{\"url\":\"%s\"}", url);
    account_put_webhook(a, json);
}

void account_put_webhook(const account *a, const char *json)
{
    free(account_control(a, "PUT", "webhook", json));
}

void account_notify(const account *a, const char *body)
{
    free(account_control(a, "POST", "notify", body));
}

uint64_t account_pending(const account *a)
{
    char *json = account_control(a, "GET", "pending", "");
    uint64_t pending = number_of(json, "pending");

    free(json);
    return pending;
}

void account_set_agent(const account *a, const char *json)
{
    free(account_control(a, "PUT", "agent", json));
}

void account_act(const account *a, const char *conversation_id, const char *step)
{
    char what[256];

    snprintf(what, sizeof what, "conversations/%s/agent", conversation_id);
    free(account_control(a, "POST", what, step));
}

char *account_sign(const account *a, const char *body)
{
    size_t room = 2 * strlen(body) + 16, n;
    char *json = malloc(room), *signature;

    CHECK(json != NULL);
    n = (size_t)snprintf(json, room, "{\"body\":\"");
    for (; *body != '\0'; body++) {
        if (*body == '"' || *body == '\\')
            json[n++] = '\\';
        json[n++] = *body;
    }
    memcpy(json + n, "\"}", 3);
    signature = account_member(a, "sign", json, "signature");
    free(json);
    return signature;
}

char *account_put_file(const account *a, const char *type, const char *content)
{
    char what[64];

    snprintf(what, sizeof what, "files?type=%s", type);
    return account_member(a, what, content, "relativePath");
}

void store_new(lpc_config *config, const char *option, char file[32])
{
    char store[64];

    file_new(file);
    snprintf(store, sizeof store, "sqlite:%s", file);
    CHECK(lpc_config_set(config, option, store, NULL) == LPC_OK);
}

void store_remove(const char *file)
{
    char beside[4096];

    snprintf(beside, sizeof beside, "%s-wal", file);
    file_remove(beside);
    CHECK(file_remove(file));
}

char *client_stats(lpc_client *client)
{
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    const uint8_t *json;
    size_t len = 0;
    char *text;

    CHECK_OK(lpc_client_stats(client, &response, &err), &err);
    json = lpc_response_raw(response, &len);
    text = malloc(len + 1);
    CHECK(json != NULL && text != NULL);
    memcpy(text, json, len);
    text[len] = '\0';
    lpc_response_free(response);
    return text;
}

char *connector_stats(lpc_connector *connector, bool prometheus)
{
    lpc_response *response = NULL;
    lpc_error *err = NULL;
    const uint8_t *bytes;
    size_t len = 0;
    char *text;

    CHECK_OK(lpc_connector_stats(connector, &response, &err), &err);
    CHECK(lpc_response_http_status(response) == 0 && lpc_response_sequence(response) == -1);
    bytes = prometheus ? lpc_response_body(response, &len) : lpc_response_raw(response, &len);
    text = malloc(len + 1);
    CHECK(bytes != NULL && text != NULL);
    memcpy(text, bytes, len);
    text[len] = '\0';
    lpc_response_free(response);
    return text;
}

uint64_t connector_stat(lpc_connector *connector, const char *name)
{
    char *stats = connector_stats(connector, false);
    uint64_t number = number_of(stats, name);

    free(stats);
    return number;
}

uint64_t number_of(const char *json, const char *name)
{
    char pattern[64];
    const char *found;

    snprintf(pattern, sizeof pattern, "\"%s\":", name);
    found = strstr(json, pattern);
    if (found == NULL)
        fail(__FILE__, __LINE__, name);
    return strtoull(found + strlen(pattern), NULL, 10);
}

size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;

    for (text = strstr(text, part); text != NULL; text = strstr(text + 1, part))
        count++;
    return count;
}

lpc_consumer *new_consumer(lpc_client *client, const char *id)
{
    lpc_consumer *consumer = NULL;
    lpc_error *err = NULL;

    CHECK_OK(lpc_consumer_new(client, id, &consumer, &err), &err);
    CHECK(consumer != NULL && err == NULL);
    return consumer;
}

lpc_conversation *new_conversation(lpc_consumer *consumer)
{
    lpc_conversation *conversation = NULL;
    lpc_error *err = NULL;

    CHECK_OK(lpc_conversation_open(consumer, NULL, &conversation, &err), &err);
    CHECK(conversation != NULL && err == NULL);
    return conversation;
}
