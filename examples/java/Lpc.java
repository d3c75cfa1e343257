import com.sun.jna.*;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.util.Map;

/**
 * Functions and numbers of lpconnector.h, which describes them; those without a line here are added
 * in the same way. JNA copies strings that come back, as it should: what the library lends ends with
 * its handle. size_t is a long where a JVM has 64 bits.
 */
public interface Lpc extends Library {
    /** The library: of jna.library.path, or from where the system looks. */
    Lpc INSTANCE = Native.load("lpconnector", Lpc.class, Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));

    /** To compare with lpc_abi_version(). */
    int ABI_VERSION = 0;
    int OK = 0, INVALID_ARGUMENT = 1, CONFIG = 2, CONNECT = 3, TLS = 4, TIMEOUT = 5, UNAUTHORIZED = 6,
            REJECTED = 7, RATE_LIMITED = 8, SERVER = 9, PROTOCOL = 10, CLOSED = 11, IO = 12, SIGNATURE = 13,
            EMPTY = 14, ALREADY_OPEN = 15, FULL = 16, INTERNAL = 99;
    int EVENT_KIND_OTHER = 0, EVENT_KIND_TEXT = 1, EVENT_KIND_FILE = 2, EVENT_KIND_RICH_CONTENT = 3,
            EVENT_KIND_CHAT_STATE = 4, EVENT_KIND_ACCEPT_STATUS = 5, EVENT_KIND_CONVERSATION = 6;
    int CHAT_STATE_ACTIVE = 0, CHAT_STATE_INACTIVE = 1, CHAT_STATE_GONE = 2, CHAT_STATE_COMPOSING = 3,
            CHAT_STATE_PAUSE = 4;
    int ACCEPT_STATUS_ACCEPT = 0, ACCEPT_STATUS_READ = 1, ACCEPT_STATUS_ACCESS = 2, ACCEPT_STATUS_NACK = 3,
            ACCEPT_STATUS_ACTION = 4;
    int CSAT_STATUS_FILLED = 0, CSAT_STATUS_PARTIALLY_FILLED = 1, CSAT_STATUS_SKIPPED = 2;
    int LOG_LEVEL_OFF = 0, LOG_LEVEL_ERROR = 1, LOG_LEVEL_WARN = 2, LOG_LEVEL_INFO = 3, LOG_LEVEL_DEBUG = 4,
            LOG_LEVEL_TRACE = 5;
    int UPDATE_KIND_SENT = 1, UPDATE_KIND_FAILED = 2, UPDATE_KIND_OPENED = 3, UPDATE_KIND_EVENT = 4,
            UPDATE_KIND_CLOSED = 5;

    /** Takes the status of a call whose last argument was err; throws if it failed. */
    static void check(int status, PointerByReference err) {
        if (status == OK) return;
        String message = INSTANCE.lpc_error_message(err.getValue());
        INSTANCE.lpc_error_free(err.getValue());
        throw new IllegalStateException(INSTANCE.lpc_status_name(status) + ": " + message);
    }

    int lpc_abi_version();
    String lpc_status_name(int status);
    String lpc_error_message(Pointer error);
    void lpc_error_free(Pointer error);
    Pointer lpc_config_new();
    int lpc_config_load_env(Pointer config, PointerByReference err);
    int lpc_config_set(Pointer config, String key, String value, PointerByReference err);
    void lpc_config_free(Pointer config);
    int lpc_client_new(Pointer config, PointerByReference out, PointerByReference err);
    void lpc_client_free(Pointer client);
    int lpc_consumer_new(Pointer client, String id, PointerByReference out, PointerByReference err);
    int lpc_consumer_lp_id(Pointer consumer, PointerByReference out, PointerByReference err);
    void lpc_consumer_free(Pointer consumer);
    int lpc_conversation_open(Pointer consumer, String json, PointerByReference out, PointerByReference err);
    int lpc_conversation_attach(Pointer consumer, String id, String json, PointerByReference out,
            PointerByReference err);
    String lpc_conversation_id(Pointer talk);
    int lpc_conversation_send_text(Pointer talk, String text, Pointer response, PointerByReference err);
    int lpc_conversation_send_accept_status(Pointer talk, int status, long[] sequences, long count,
            String metadata, Pointer response, PointerByReference err);
    int lpc_conversation_send_file(Pointer talk, String path, String json, Pointer response,
            PointerByReference err);
    int lpc_conversation_send_file_bytes(Pointer talk, byte[] data, long len, String type, String json,
            Pointer response, PointerByReference err);
    int lpc_conversation_set_ttr(Pointer talk, String ttr, long seconds, Pointer response, PointerByReference err);
    // C's bool is a byte of 0 or 1; JNA's boolean is an int of 0 or -1.
    int lpc_conversation_rate(Pointer talk, int stars, byte resolved, int status, Pointer response,
            PointerByReference err);
    int lpc_conversation_close(Pointer talk, Pointer response, PointerByReference err);
    int lpc_conversation_close_stage(Pointer talk, Pointer response, PointerByReference err);
    void lpc_conversation_free(Pointer talk);
    int lpc_connector_new(Pointer config, PointerByReference out, PointerByReference err);
    int lpc_connector_submit(Pointer connector, String consumerId, String json, String key, PointerByReference err);
    int lpc_connector_submit_text(Pointer connector, String consumerId, String text, String key,
            PointerByReference err);
    int lpc_connector_receive(Pointer connector, byte[] body, long len, String signature, PointerByReference err);
    int lpc_connector_poll(Pointer connector, long timeoutMs, PointerByReference out, PointerByReference err);
    int lpc_connector_ack(Pointer connector, Pointer update, PointerByReference err);
    int lpc_connector_nack(Pointer connector, Pointer update, long afterMs, PointerByReference err);
    int lpc_connector_fd(Pointer connector);
    int lpc_connector_stats(Pointer connector, PointerByReference out, PointerByReference err);
    int lpc_connector_download_file(Pointer connector, String consumerId, String relativePath, String toPath,
            PointerByReference err);
    int lpc_connector_set_credentials(Pointer connector, String clientId, String clientSecret,
            PointerByReference err);
    String lpc_connector_url(Pointer connector);
    void lpc_connector_shutdown(Pointer connector, long drainMs);
    void lpc_connector_free(Pointer connector);
    int lpc_update_kind(Pointer update);
    String lpc_update_consumer_id(Pointer update);
    String lpc_update_conversation_id(Pointer update);
    String lpc_update_dialog_id(Pointer update);
    String lpc_update_key(Pointer update);
    long lpc_update_sequence(Pointer update);
    int lpc_update_attempts(Pointer update);
    byte lpc_update_is_repeat(Pointer update);
    // Both are the update's: they are read, and never freed.
    Pointer lpc_update_error(Pointer update);
    Pointer lpc_update_notification(Pointer update);
    void lpc_update_free(Pointer update);
    // Bytes, of which len tells how many: getByteArray() of what comes back gives them.
    Pointer lpc_response_body(Pointer response, LongByReference len);
    void lpc_response_free(Pointer response);
    int lpc_receiver_new(Pointer config, PointerByReference out, PointerByReference err);
    String lpc_receiver_url(Pointer receiver);
    int lpc_receiver_poll(Pointer receiver, long timeoutMs, PointerByReference out, PointerByReference err);
    int lpc_receiver_ack(Pointer receiver, Pointer n, PointerByReference err);
    void lpc_receiver_free(Pointer receiver);
    String lpc_notification_account_id(Pointer n);
    long lpc_notification_event_count(Pointer n);
    int lpc_event_kind(Pointer n, long i);
    long lpc_event_sequence(Pointer n, long i);
    String lpc_event_conversation_id(Pointer n, long i);
    String lpc_event_originator_id(Pointer n, long i);
    String lpc_event_audience(Pointer n, long i);
    String lpc_event_text(Pointer n, long i);
    String lpc_event_state(Pointer n, long i);
    byte lpc_event_is_closed(Pointer n, long i);
    String lpc_event_metadata_json(Pointer n, long i);
    String lpc_event_json(Pointer n, long i);
    void lpc_notification_free(Pointer n);
}
