/* The driver of tests/vectors for C: performs calls through the C ABI.
 *
 * It reads one call per line: its name, then name=value for each argument, tabs between them, every
 * byte that could be a tab or a line's end as %XX. It answers each with a line of the same form:
 * "result" or "error", then the members. A call "client" makes a client with these options. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

#include "lpconnector.h"

#define MOST_ARGUMENTS 64

static lpc_client *client;
static lpc_consumer *consumer;
static lpc_conversation *conversation;

/* The call under way. */
static struct argument {
    const char *name;
    char *value; /* NUL-terminated, but there may be other NULs in it */
    size_t len;
} arguments[MOST_ARGUMENTS];
static size_t argument_count;

static void broken(const char *what, const char *about)
{
    fprintf(stderr, "vectors.c: %s: %s\n", what, about);
    exit(2);
}

static const struct argument *find(const char *name)
{
    size_t i;

    for (i = 0; i < argument_count; i++)
        if (strcmp(arguments[i].name, name) == 0)
            return &arguments[i];
    return NULL;
}

/* Text, or NULL where the argument is not given. */
static const char *optional(const char *name)
{
    const struct argument *found = find(name);

    if (found != NULL && strlen(found->value) != found->len)
        broken("C cannot pass a NUL inside text", name);
    return found != NULL ? found->value : NULL;
}

static const char *text(const char *name)
{
    const char *found = optional(name);

    if (found == NULL)
        broken("missing argument", name);
    return found;
}

static const uint8_t *bytes(const char *name, size_t *len)
{
    const struct argument *found = find(name);

    if (found == NULL)
        broken("missing argument", name);
    *len = found->len;
    return (const uint8_t *)found->value;
}

/* The number of a name of the header, or a number as it is. */
static int32_t number(const char *name)
{
    static const struct {
        const char *name;
        int32_t number;
    } names[] = {
        {"ACTIVE", LPC_CHAT_STATE_ACTIVE},
        {"INACTIVE", LPC_CHAT_STATE_INACTIVE},
        {"GONE", LPC_CHAT_STATE_GONE},
        {"COMPOSING", LPC_CHAT_STATE_COMPOSING},
        {"PAUSE", LPC_CHAT_STATE_PAUSE},
        {"ACCEPT", LPC_ACCEPT_STATUS_ACCEPT},
        {"READ", LPC_ACCEPT_STATUS_READ},
        {"ACCESS", LPC_ACCEPT_STATUS_ACCESS},
        {"NACK", LPC_ACCEPT_STATUS_NACK},
        {"ACTION", LPC_ACCEPT_STATUS_ACTION},
        {"FILLED", LPC_CSAT_STATUS_FILLED},
        {"PARTIALLY_FILLED", LPC_CSAT_STATUS_PARTIALLY_FILLED},
        {"SKIPPED", LPC_CSAT_STATUS_SKIPPED},
    };
    const char *value = text(name);
    char *end;
    long found = strtol(value, &end, 10);
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, value) == 0)
            return names[i].number;
    if (*value == '\0' || *end != '\0')
        broken("neither a name nor a number", value);
    return (int32_t)found;
}

/* Numbers out of a JSON array; gives how many. */
static size_t numbers(const char *name, int64_t *to, size_t most)
{
    const char *at = text(name);
    size_t count = 0;
    char *end;

    while (*at == '[' || *at == ',') {
        at++;
        if (*at == ']')
            break;
        if (count == most)
            broken("too many numbers", name);
        to[count++] = strtoll(at, &end, 10);
        if (end == at)
            broken("not an array of numbers", name);
        at = end;
    }
    return count;
}

static lpc_status send_text(lpc_response **response, lpc_error **err)
{
    return lpc_conversation_send_text(conversation, text("text"), response, err);
}

static lpc_status send_event(lpc_response **response, lpc_error **err)
{
    return lpc_conversation_send_event(conversation, text("event_json"),
                                       optional("metadata_json"), response, err);
}

static lpc_status send_rich_content(lpc_response **response, lpc_error **err)
{
    return lpc_conversation_send_rich_content(conversation, text("content_json"),
                                              optional("metadata_json"), response, err);
}

static lpc_status send_chat_state(lpc_response **response, lpc_error **err)
{
    return lpc_conversation_send_chat_state(conversation, number("state"), response, err);
}

static lpc_status send_accept_status(lpc_response **response, lpc_error **err)
{
    int64_t sequences[64];
    size_t count = numbers("sequences", sequences, 64);

    return lpc_conversation_send_accept_status(conversation, number("status"), sequences, count,
                                               optional("metadata_json"), response, err);
}

static lpc_status send_file_bytes(lpc_response **response, lpc_error **err)
{
    size_t len;
    const uint8_t *data = bytes("data", &len);

    return lpc_conversation_send_file_bytes(conversation, data, len, text("file_type"),
                                            optional("options_json"), response, err);
}

static lpc_status set_profile(lpc_response **response, lpc_error **err)
{
    return lpc_conversation_set_profile(conversation, text("profile_json"), response, err);
}

static lpc_status rate(lpc_response **response, lpc_error **err)
{
    return lpc_conversation_rate(conversation, number("stars"),
                                 strcmp(text("resolved"), "true") == 0, number("status"), response,
                                 err);
}

static lpc_status set_ttr(lpc_response **response, lpc_error **err)
{
    return lpc_conversation_set_ttr(conversation, text("ttr"), strtoll(text("seconds"), NULL, 10),
                                    response, err);
}

static lpc_status close_conversation(lpc_response **response, lpc_error **err)
{
    return lpc_conversation_close(conversation, response, err);
}

static lpc_status close_stage(lpc_response **response, lpc_error **err)
{
    return lpc_conversation_close_stage(conversation, response, err);
}

static lpc_status close_dialog(lpc_response **response, lpc_error **err)
{
    return lpc_conversation_close_dialog(conversation, text("dialog_id"), response, err);
}

static lpc_status send_json(lpc_response **response, lpc_error **err)
{
    size_t len;
    const uint8_t *json = bytes("json", &len);

    return lpc_consumer_send_json(consumer, json, len, response, err);
}

static lpc_status batch_json(lpc_response **response, lpc_error **err)
{
    size_t len;
    const uint8_t *json = bytes("json", &len);

    return lpc_consumer_batch_json(consumer, json, len, response, err);
}

/* The calls that give a response. */
static const struct {
    const char *name;
    lpc_status (*run)(lpc_response **response, lpc_error **err);
} sends[] = {
    {"send_text", send_text},
    {"send_event", send_event},
    {"send_rich_content", send_rich_content},
    {"send_chat_state", send_chat_state},
    {"send_accept_status", send_accept_status},
    {"send_file_bytes", send_file_bytes},
    {"set_profile", set_profile},
    {"rate", rate},
    {"set_ttr", set_ttr},
    {"close", close_conversation},
    {"close_stage", close_stage},
    {"close_dialog", close_dialog},
    {"send_json", send_json},
    {"batch_json", batch_json},
};

static void put(const char *name, const void *value, size_t len)
{
    const uint8_t *bytes = value;
    size_t i;

    printf("\t%s=", name);
    for (i = 0; i < len; i++)
        printf("%%%02x", bytes[i]);
}

static void put_text(const char *name, const char *value)
{
    if (value == NULL)
        broken("NULL for", name);
    put(name, value, strlen(value));
}

static void put_number(const char *name, int64_t value)
{
    char digits[32];

    snprintf(digits, sizeof digits, "%lld", (long long)value);
    put_text(name, digits);
}

static void put_error(lpc_status status, lpc_error *err)
{
    const uint8_t *body;
    size_t len;

    if (err == NULL || lpc_error_status(err) != status)
        broken("the error has another status than the call", lpc_status_name(status));
    printf("error");
    put_text("status", lpc_status_name(status) + strlen("LPC_"));
    put_text("message", lpc_error_message(err));
    put_number("http_status", lpc_error_http_status(err));
    put_number("service_code", lpc_error_service_code(err));
    put_text("title", lpc_error_title(err));
    put_text("details", lpc_error_details(err));
    put_text("request_id", lpc_error_request_id(err));
    put_number("attempts", lpc_error_attempts(err));
    put_number("is_retryable", lpc_error_is_retryable(err));
    put_number("maybe_delivered", lpc_error_maybe_delivered(err));
    put_number("retry_after_ms", lpc_error_retry_after_ms(err));
    body = lpc_error_body(err, &len);
    put("body", body, len);
    lpc_error_free(err);
}

static void put_response(lpc_response *response)
{
    const uint8_t *body;
    size_t len;

    printf("result");
    put_text("request_id", lpc_response_request_id(response));
    put_number("http_status", lpc_response_http_status(response));
    put_text("code", lpc_response_code(response));
    put_number("sequence", lpc_response_sequence(response));
    body = lpc_response_body(response, &len);
    put("body", body, len);
    body = lpc_response_raw(response, &len);
    put("raw", body, len);
    put_number("attempts", lpc_response_attempts(response));
    lpc_response_free(response);
}

static void end_client(void)
{
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
    conversation = NULL;
    consumer = NULL;
    client = NULL;
}

static lpc_status new_client(lpc_error **err)
{
    lpc_config *config = lpc_config_new();
    lpc_status status = LPC_OK;
    size_t i;

    end_client();
    for (i = 0; i < argument_count && status == LPC_OK; i++)
        status = lpc_config_set(config, arguments[i].name, arguments[i].value, err);
    if (status == LPC_OK)
        status = lpc_client_new(config, &client, err);
    if (status == LPC_OK)
        status = lpc_consumer_new(client, "John_Doe_facebook12345", &consumer, err);
    lpc_config_free(config);
    return status;
}

/* Opens or attaches; the handle takes the place of an earlier one. */
static lpc_status new_conversation(const char *call, lpc_error **err)
{
    lpc_conversation *made = NULL;
    lpc_status status =
        strcmp(call, "open") == 0
            ? lpc_conversation_open(consumer, optional("options_json"), &made, err)
            : lpc_conversation_attach(consumer, text("conversation_id"), optional("options_json"),
                                      &made, err);

    if ((status == LPC_OK) != (made != NULL))
        broken("a handle and an error, or neither", call);
    if (made != NULL) {
        lpc_conversation_free(conversation);
        conversation = made;
    }
    return status;
}

static void perform(const char *call)
{
    /* What a call must overwrite, also when it fails. */
    lpc_error *err = (lpc_error *)&client;
    lpc_response *response = (lpc_response *)&client;
    const char *lp_id = NULL;
    lpc_status status;
    size_t i;

    for (i = 0; i < sizeof sends / sizeof *sends; i++) {
        if (strcmp(sends[i].name, call) != 0)
            continue;
        status = sends[i].run(&response, &err);
        if ((status == LPC_OK) != (response != NULL) || (status == LPC_OK) != (err == NULL))
            broken("a response and an error, or neither", call);
        if (status == LPC_OK)
            put_response(response);
        else
            put_error(status, err);
        return;
    }

    if (strcmp(call, "client") == 0)
        status = new_client(&err);
    else if (strcmp(call, "open") == 0 || strcmp(call, "attach") == 0)
        status = new_conversation(call, &err);
    else if (strcmp(call, "lp_id") == 0)
        status = lpc_consumer_lp_id(consumer, &lp_id, &err);
    else
        broken("there is no call", call);

    if (status != LPC_OK) {
        put_error(status, err);
        return;
    }
    if (err != NULL)
        broken("an error after a success", call);
    printf("result");
    if (lp_id != NULL)
        put_text("lp_id", lp_id);
    else if (conversation != NULL) {
        put_text("conversation_id", lpc_conversation_id(conversation));
        put_text("dialog_id", lpc_conversation_dialog_id(conversation));
    }
}

/* Replaces %XX by its byte, in place; gives the length. */
static size_t decode(char *value)
{
    char *to = value;
    const char *from = value;
    char digits[3] = {0};

    while (*from != '\0') {
        if (from[0] == '%' && from[1] != '\0' && from[2] != '\0') {
            memcpy(digits, from + 1, 2);
            *to++ = (char)strtoul(digits, NULL, 16);
            from += 3;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return (size_t)(to - value);
}

/* Reads a line of any length; false at the end. */
static bool read_line(char **line, size_t *room)
{
    size_t used = 0;
    int next;

    while ((next = getchar()) != EOF) {
        if (*room - used < 2 && (*line = realloc(*line, *room += 4096)) == NULL)
            broken("no memory", "for a line");
        (*line)[used++] = (char)next;
        if (next == '\n')
            break;
    }
    if (used > 0)
        (*line)[used] = '\0';
    return used > 0;
}

int main(void)
{
    char *line = NULL, *field, *rest, *equals;
    size_t room = 0;

#ifdef _WIN32
    /* A line's end is one byte. */
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    while (read_line(&line, &room)) {
        line[strcspn(line, "\n")] = '\0';
        argument_count = 0;
        strtok_r(line, "\t", &rest); /* the call */
        while ((field = strtok_r(NULL, "\t", &rest)) != NULL) {
            equals = strchr(field, '=');
            if (equals == NULL || argument_count == MOST_ARGUMENTS)
                broken("cannot read", field);
            *equals = '\0';
            arguments[argument_count].name = field;
            arguments[argument_count].value = equals + 1;
            arguments[argument_count].len = decode(equals + 1);
            argument_count++;
        }
        perform(line);
        printf("\n");
        fflush(stdout);
    }
    end_client();
    free(line);
    return 0;
}
