/* Webhooks: signatures, and notifications read into events. */
#include "harness.h"

#define SECRET "rl9hacst6kqilbofup64n11ga3"
#define BYTES(text) (const uint8_t *)(text), strlen(text)

static const char chat_state[] =
    "{\"kind\":\"notification\",\"body\":{\"changes\":[{\"originatorId\":"
    "\"2969e404f3be1c8cdda63f0b72d205ab5afb3fe3e3d7d72ab58245f564fdfd91\",\"originatorMetadata\":"
    "{\"id\":\"2969e404f3be1c8cdda63f0b72d205ab5afb3fe3e3d7d72ab58245f564fdfd91\",\"role\":"
    "\"CONSUMER\"},\"event\":{\"type\":\"ChatStateEvent\",\"chatState\":\"PAUSE\"},"
    "\"conversationId\":\"b8b83fe9-75f0-46f2-baaa-2930f7192cfb\",\"dialogId\":"
    "\"b8b83fe9-75f0-46f2-baaa-2930f7192cfb\"}]},\"type\":\"ms.MessagingEventNotification\"}";

static const char signature[] = "sha1=e/TfS0wv1HbvEsMqcBMmFLcMslI=";

/* One of each kind, in the order of their numbers from LPC_EVENT_KIND_TEXT on, then an unknown one. */
static const char every_kind[] =
    "{\"type\":\"ms.MessagingEventNotification\",\"body\":{\"changes\":["
    "{\"sequence\":4,\"originatorId\":\"a-1\",\"originatorMetadata\":{\"role\":\"MANAGER\"},"
    "\"serverTimestamp\":1528371199686,\"event\":{\"type\":\"ContentEvent\",\"contentType\":"
    "\"text/plain\",\"message\":\"a\\u0000b \\u00e9\"},\"conversationId\":\"c-1\",\"dialogId\":"
    "\"d-1\",\"messageAudience\":\"AGENTS_AND_MANAGERS\"},"
    "{\"event\":{\"type\":\"ContentEvent\",\"contentType\":\"hosted/file\",\"message\":"
    "{\"relativePath\":\"/1\",\"caption\":\"photo\"}}},"
    "{\"event\":{\"type\":\"RichContentEvent\",\"content\":{}}},"
    "{\"event\":{\"type\":\"ChatStateEvent\",\"chatState\":\"COMPOSING\"},\"dialogId\":\"d-9\"},"
    "{\"event\":{\"type\":\"AcceptStatusEvent\",\"status\":\"READ\",\"sequenceList\":[1]}},"
    "{\"result\":{\"convId\":\"c-2\",\"conversationDetails\":{\"state\":\"OPEN\","
    "\"metaDataLastUpdateTs\":7}}},"
    "{\"event\":{\"type\":\"NewEvent\"}, \"more\":[]}"
    "]}}";

static lpc_notification *parse(const char *body)
{
    lpc_notification *n = NULL;
    lpc_error *err = NULL;

    CHECK_OK(lpc_notification_parse(BYTES(body), &n, &err), &err);
    CHECK(n != NULL && err == NULL);
    return n;
}

void test_webhook_signatures(void)
{
    static const char *const refused[] = {
        "sha1=e/TfS0wv1HbvEsMqcBMmFLcMslI", "sha1=e/TfS0wv1HbvEsMqcBMmFLcMslJ=",
        "sha256=e/TfS0wv1HbvEsMqcBMmFLcMslI=", "e/TfS0wv1HbvEsMqcBMmFLcMslI=", "md5=00", "",
    };
    lpc_error *err = NULL;
    size_t i;

    CHECK_OK(lpc_webhook_verify(SECRET, BYTES(chat_state), signature, &err), &err);
    CHECK_OK(lpc_webhook_verify(SECRET "\n", BYTES(chat_state), signature, &err), &err);
    CHECK_OK(lpc_webhook_verify("older\n" SECRET, BYTES(chat_state), signature, NULL), NULL);
    CHECK_OK(lpc_webhook_verify(SECRET "\nnewer", BYTES(chat_state), signature, NULL), NULL);
    /* Padding says nothing: the first is the same signature. */
    CHECK_OK(lpc_webhook_verify(SECRET, BYTES(chat_state), refused[0], &err), &err);
    for (i = 1; i < sizeof refused / sizeof *refused; i++) {
        CHECK_STATUS(LPC_SIGNATURE,
                     lpc_webhook_verify(SECRET, BYTES(chat_state), refused[i], &err), &err);
        CHECK(strstr(lpc_error_message(err), "the webhook's signature ") != NULL);
        CHECK(strstr(lpc_error_message(err), "TfS0wv") == NULL);
        CHECK(strstr(lpc_error_message(err), SECRET) == NULL);
        lpc_error_free(err);
        err = NULL;
    }
    CHECK(lpc_webhook_verify("another", BYTES(chat_state), signature, NULL) == LPC_SIGNATURE);
    CHECK(lpc_webhook_verify(SECRET, (const uint8_t *)chat_state, 9, signature, NULL)
          == LPC_SIGNATURE);
    CHECK(lpc_webhook_verify(SECRET, NULL, 0, signature, NULL) == LPC_SIGNATURE);
    CHECK(lpc_webhook_verify("", BYTES(chat_state), signature, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_webhook_verify(SECRET "\n\n", BYTES(chat_state), signature, NULL)
          == LPC_INVALID_ARGUMENT);
}

void test_notifications(void)
{
    static const char *const texts[] = {
        "a\xEF\xBF\xBD" "b \xC3\xA9", "photo", "", "", "", "",
    };
    static const char *const states[] = { "", "", "", "COMPOSING", "READ", "OPEN" };
    lpc_notification *n = parse(every_kind);
    size_t len = 0, i;

    CHECK_TEXT("ms.MessagingEventNotification", lpc_notification_type(n));
    CHECK(memcmp(lpc_notification_raw(n, &len), every_kind, sizeof every_kind - 1) == 0);
    CHECK(len == sizeof every_kind - 1 && lpc_notification_raw(n, NULL) != NULL);
    CHECK(lpc_notification_event_count(n) == 7);
    for (i = 0; i < 6; i++) {
        CHECK(lpc_event_kind(n, i) == LPC_EVENT_KIND_TEXT + (int32_t)i);
        CHECK_TEXT(texts[i], lpc_event_text(n, i));
        CHECK_TEXT(states[i], lpc_event_state(n, i));
    }
    CHECK(lpc_event_kind(n, 6) == LPC_EVENT_KIND_OTHER);
    CHECK_TEXT("{\"event\":{\"type\":\"NewEvent\"}, \"more\":[]}", lpc_event_json(n, 6));

    CHECK_TEXT("c-1", lpc_event_conversation_id(n, 0));
    CHECK_TEXT("d-1", lpc_event_dialog_id(n, 0));
    CHECK(lpc_event_sequence(n, 0) == 4);
    CHECK_TEXT("a-1", lpc_event_originator_id(n, 0));
    CHECK_TEXT("MANAGER", lpc_event_originator_role(n, 0));
    CHECK(lpc_event_timestamp_ms(n, 0) == INT64_C(1528371199686));
    CHECK_TEXT("AGENTS_AND_MANAGERS", lpc_event_audience(n, 0));
    /* A dialog's id is not the conversation's. */
    CHECK_TEXT("", lpc_event_conversation_id(n, 3));
    CHECK_TEXT("d-9", lpc_event_dialog_id(n, 3));
    CHECK_TEXT("c-2", lpc_event_conversation_id(n, 5));
    CHECK_TEXT("", lpc_event_dialog_id(n, 5));
    CHECK(lpc_event_timestamp_ms(n, 5) == 7);
    CHECK(lpc_event_sequence(n, 5) == -1 && lpc_event_timestamp_ms(n, 6) == -1);
    lpc_notification_free(n);

    n = parse("{\"type\":\"new.Kind\"}");
    CHECK_TEXT("new.Kind", lpc_notification_type(n));
    CHECK(lpc_notification_event_count(n) == 1);
    CHECK(lpc_event_kind(n, 0) == LPC_EVENT_KIND_OTHER);
    CHECK_TEXT("{\"type\":\"new.Kind\"}", lpc_event_json(n, 0));
    lpc_notification_free(n);
}

void test_notifications_of_an_end_and_metadata(void)
{
    static const char of_conversations[] =
        "{\"body\":{\"changes\":["
        "{\"result\":{\"conversationDetails\":{\"state\":\"CLOSE\",\"stage\":\"OPEN\"}}},"
        "{\"result\":{\"conversationDetails\":{\"state\":\"CLOSE\",\"stage\":\"CLOSE\"}}}]}}";
    /* One change, without the array: the question of a survey. */
    static const char of_a_survey[] =
        "{\"body\":{\"changes\":{\"dialogId\":\"d-2\",\"metadata\":[{\"type\":\"SurveyQuestion\"}],"
        "\"event\":{\"type\":\"RichContentEvent\",\"content\":{\"type\":\"vertical\",\"elements\":["
        "{\"type\":\"text\",\"text\":\"How was it?\"},{\"type\":\"button\",\"title\":\"Fine\"}]}}}}}";
    lpc_notification *n = parse(of_conversations);

    CHECK_TEXT("", lpc_notification_account_id(n));
    CHECK(lpc_notification_event_count(n) == 2);
    CHECK_TEXT("CLOSE", lpc_event_state(n, 0));
    CHECK_TEXT("", lpc_event_text(n, 0));
    CHECK(!lpc_event_is_closed(n, 0));
    CHECK_TEXT("CLOSE", lpc_event_state(n, 1));
    CHECK(lpc_event_is_closed(n, 1));
    CHECK_TEXT("", lpc_event_metadata_json(n, 0));
    lpc_notification_free(n);

    n = parse(of_a_survey);
    CHECK(lpc_notification_event_count(n) == 1);
    CHECK(lpc_event_kind(n, 0) == LPC_EVENT_KIND_RICH_CONTENT);
    CHECK_TEXT("How was it?\nFine", lpc_event_text(n, 0));
    CHECK_TEXT("[{\"type\":\"SurveyQuestion\"}]", lpc_event_metadata_json(n, 0));
    CHECK_TEXT("", lpc_event_conversation_id(n, 0));
    CHECK_TEXT("d-2", lpc_event_dialog_id(n, 0));
    CHECK(!lpc_event_is_closed(n, 0));
    lpc_notification_free(n);
}

void test_notifications_that_are_none(void)
{
    lpc_notification *n;
    lpc_error *err = NULL;
    const uint8_t bad[] = {'{', '"', 0xff, '"', '}'};

    n = (lpc_notification *)&err;
    CHECK_STATUS(LPC_PROTOCOL, lpc_notification_parse(BYTES("[]"), &n, &err), &err);
    CHECK(strstr(lpc_error_message(err), "the notification ") != NULL);
    CHECK(n == NULL);
    lpc_error_free(err);
    err = NULL;
    CHECK_STATUS(LPC_PROTOCOL, lpc_notification_parse(bad, sizeof bad, &n, &err), &err);
    CHECK_TEXT("the notification is not UTF-8", lpc_error_message(err));
    lpc_error_free(err);
    CHECK(lpc_notification_parse(NULL, 0, &n, NULL) == LPC_PROTOCOL);
}

/* Where there is no such event, and for NULL. */
static void check_absent(const lpc_notification *n, size_t i)
{
    CHECK(lpc_event_kind(n, i) == LPC_EVENT_KIND_OTHER);
    CHECK(lpc_event_sequence(n, i) == -1 && lpc_event_timestamp_ms(n, i) == -1);
    CHECK_TEXT("", lpc_event_conversation_id(n, i));
    CHECK_TEXT("", lpc_event_dialog_id(n, i));
    CHECK_TEXT("", lpc_event_originator_id(n, i));
    CHECK_TEXT("", lpc_event_originator_role(n, i));
    CHECK_TEXT("", lpc_event_text(n, i));
    CHECK_TEXT("", lpc_event_audience(n, i));
    CHECK_TEXT("", lpc_event_json(n, i));
    CHECK_TEXT("", lpc_event_metadata_json(n, i));
    CHECK(!lpc_event_is_closed(n, i));
}

#define REFUSED(message, call)                                                                 \
    do {                                                                                       \
        CHECK_STATUS(LPC_INVALID_ARGUMENT, call, &err);                                        \
        CHECK_TEXT(message, lpc_error_message(err));                                           \
        lpc_error_free(err);                                                                   \
        err = NULL;                                                                            \
    } while (0)

void test_notifications_bad_arguments(void)
{
    lpc_notification *n = parse(chat_state);
    lpc_notification *none = NULL;
    lpc_error *err = NULL;
    size_t len = 7;

    check_absent(n, 1);
    check_absent(n, SIZE_MAX);
    check_absent(NULL, 0);
    lpc_notification_free(n);
    lpc_notification_free(NULL);
    CHECK_TEXT("", lpc_notification_type(NULL));
    CHECK_TEXT("", lpc_notification_account_id(NULL));
    CHECK(lpc_notification_raw(NULL, &len) == NULL && len == 0);
    CHECK(lpc_notification_raw(NULL, NULL) == NULL);
    CHECK(lpc_notification_event_count(NULL) == 0);

    REFUSED("body is NULL", lpc_notification_parse(NULL, 1, &none, &err));
    REFUSED("notification is NULL", lpc_notification_parse(BYTES("{}"), NULL, &err));
    REFUSED("the length of body is impossible",
            lpc_notification_parse((const uint8_t *)"", SIZE_MAX, &none, &err));
    REFUSED("secret is NULL", lpc_webhook_verify(NULL, BYTES("{}"), signature, &err));
    REFUSED("secret is not UTF-8", lpc_webhook_verify("\xC3", BYTES("{}"), signature, &err));
    REFUSED("body is NULL", lpc_webhook_verify(SECRET, NULL, 1, signature, &err));
    REFUSED("signature is NULL", lpc_webhook_verify(SECRET, BYTES("{}"), NULL, &err));
    REFUSED("signature is not UTF-8", lpc_webhook_verify(SECRET, BYTES("{}"), "\xC3", &err));
    REFUSED("a secret is empty", lpc_webhook_verify("", BYTES("{}"), signature, &err));
    CHECK(lpc_notification_parse(NULL, 0, NULL, NULL) == LPC_INVALID_ARGUMENT);
    CHECK(lpc_webhook_verify(NULL, NULL, 0, NULL, NULL) == LPC_INVALID_ARGUMENT);
}

/* Bodies gone wrong, the same in each run: whatever is read can be asked for everything. */
void test_notifications_gone_wrong(void)
{
    enum { ROUNDS = 3000 };
    uint32_t state = 2026;
    char body[sizeof every_kind];
    size_t round, i, read = 0, total = 0;

    for (round = 0; round < ROUNDS; round++) {
        lpc_notification *n = NULL;
        size_t len = sizeof every_kind - 1, changes = 1 + round % 3;

        memcpy(body, every_kind, sizeof body);
        while (changes-- > 0) {
            state = state * 1664525u + 1013904223u;
            body[(state >> 8) % len] ^= (char)(1u << (state >> 5 & 7));
            if (state >> 28 == 0)
                len = 1 + (state >> 8) % len;
        }
        if (lpc_notification_parse((const uint8_t *)body, len, &n, NULL) != LPC_OK) {
            CHECK(n == NULL);
            continue;
        }
        read++;
        for (i = 0; i < lpc_notification_event_count(n); i++) {
            CHECK(lpc_event_kind(n, i) >= LPC_EVENT_KIND_OTHER);
            CHECK(lpc_event_kind(n, i) <= LPC_EVENT_KIND_CONVERSATION);
            CHECK(lpc_event_sequence(n, i) >= -1 && lpc_event_timestamp_ms(n, i) >= -1);
            total += strlen(lpc_event_conversation_id(n, i)) + strlen(lpc_event_dialog_id(n, i))
                     + strlen(lpc_event_originator_id(n, i)) + strlen(lpc_event_text(n, i))
                     + strlen(lpc_event_originator_role(n, i)) + strlen(lpc_event_audience(n, i));
            CHECK(strlen(lpc_event_json(n, i)) <= len);
            CHECK(strlen(lpc_event_metadata_json(n, i)) <= len);
            CHECK(lpc_event_kind(n, i) == LPC_EVENT_KIND_CONVERSATION
                  || !lpc_event_is_closed(n, i));
        }
        total += strlen(lpc_notification_type(n));
        lpc_notification_free(n);
    }
    CHECK(read > ROUNDS / 10 && total > 0);
}
