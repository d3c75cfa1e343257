/*
 * What a careful program in C does without the library: one CURL handle for each thread, kept for
 * all its requests, and cJSON to write the request and to read the answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <curl/curl.h>

#include "harness.h"

struct sender {
    CURL *curl;
    struct curl_slist *headers;
    int thread;
    unsigned long number;
    char *answer;
    size_t length, room;
};

static size_t take(char *data, size_t size, size_t count, void *context)
{
    struct sender *sender = context;

    size *= count;
    if (sender->length + size + 1 > sender->room) {
        sender->room = 2 * (sender->length + size + 1);
        sender->answer = realloc(sender->answer, sender->room);
        if (sender->answer == NULL)
            return 0;
    }
    memcpy(sender->answer + sender->length, data, size);
    sender->length += size;
    sender->answer[sender->length] = '\0';
    return size;
}

static void add_header(struct sender *sender, const char *name, const char *value)
{
    char line[4096];

    snprintf(line, sizeof line, "%s:%s%s", name, *value ? " " : "", value);
    sender->headers = curl_slist_append(sender->headers, line);
}

void *sender_new(int thread)
{
    struct sender *sender = calloc(1, sizeof *sender);
    CURL *curl;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = sender->curl = curl_easy_init();
    sender->thread = thread;
    add_header(sender, "content-type", "application/json");
    add_header(sender, "authorization", variable("PEER_APP_JWT"));
    add_header(sender, "x-lp-on-behalf", variable("PEER_CONSUMER_JWS"));
    add_header(sender, "expect", "");
    curl_easy_setopt(curl, CURLOPT_URL, variable("PEER_SEND_URL"));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, sender->headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "peer/0.1.0");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 15L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, sender);
    if (getenv("LPC_TLS_CA_FILE") != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, getenv("LPC_TLS_CA_FILE"));
    return sender;
}

static char *request(const char *id, const char *dialog)
{
    cJSON *request = cJSON_CreateObject(), *body, *event;
    char *json;

    cJSON_AddStringToObject(request, "kind", "req");
    cJSON_AddStringToObject(request, "id", id);
    cJSON_AddStringToObject(request, "type", "ms.PublishEvent");
    body = cJSON_AddObjectToObject(request, "body");
    cJSON_AddStringToObject(body, "dialogId", dialog);
    event = cJSON_AddObjectToObject(body, "event");
    cJSON_AddStringToObject(event, "type", "ContentEvent");
    cJSON_AddStringToObject(event, "contentType", "text/plain");
    cJSON_AddStringToObject(event, "message", text);
    json = cJSON_PrintUnformatted(request);
    cJSON_Delete(request);
    return json;
}

void sender_send(void *context, int conversation)
{
    struct sender *sender = context;
    CURL *curl = sender->curl;
    char id[40], dialog[40], *json;
    const char *code, *answers;
    const cJSON *sequence;
    cJSON *answer;
    CURLcode result;
    long status;

    snprintf(id, sizeof id, "%016x-%lu", (unsigned)sender->thread, ++sender->number);
    snprintf(dialog, sizeof dialog, "8602832d-dce1-446b-8445-%012x", (unsigned)conversation);
    json = request(id, dialog);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(json));
    sender->length = 0;
    result = curl_easy_perform(curl);
    if (result != CURLE_OK)
        give_up("send", curl_easy_strerror(result));
    cJSON_free(json);

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    answer = cJSON_Parse(sender->answer);
    code = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "code"));
    answers = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "reqId"));
    sequence = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(answer, "body"), "sequence");
    if (status != 200 || code == NULL || strcmp(code, "OK") != 0 || answers == NULL
        || strcmp(answers, id) != 0 || !cJSON_IsNumber(sequence) || sequence->valueint != 0)
        give_up("send", "another answer than the service's");
    cJSON_Delete(answer);
}

void sender_free(void *context)
{
    struct sender *sender = context;

    curl_easy_cleanup(sender->curl);
    curl_slist_free_all(sender->headers);
    free(sender->answer);
    free(sender);
}
