import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;

/** What the two-way conversation does not show: several sequences in one call, a connector. */
public final class Calls {
    public static void main(String[] args) {
        Lpc lpc = Lpc.INSTANCE;
        PointerByReference err = new PointerByReference(), out = new PointerByReference();
        Pointer config = lpc.lpc_config_new();
        Lpc.check(lpc.lpc_config_load_env(config, err), err);
        Lpc.check(lpc.lpc_client_new(config, out, err), err);
        Pointer client = out.getValue();
        Lpc.check(lpc.lpc_consumer_new(client, "somebody", out, err), err);
        Pointer consumer = out.getValue();
        Lpc.check(lpc.lpc_conversation_open(consumer, null, out, err), err);
        Pointer talk = out.getValue();
        try {
            Lpc.check(lpc.lpc_conversation_send_text(talk, "lost", null, err), err);
        } catch (IllegalStateException failure) {
            System.out.println(failure.getMessage());
        }
        Lpc.check(lpc.lpc_conversation_send_accept_status(talk, Lpc.ACCEPT_STATUS_READ, new long[] {0, 3}, 2,
                null, null, err), err);
        connector(config);
        lpc.lpc_conversation_free(talk);
        lpc.lpc_consumer_free(consumer);
        lpc.lpc_client_free(client);
        lpc.lpc_config_free(config);
    }

    /** It does not listen, so all that it tells is what became of its own. */
    private static void connector(Pointer config) {
        Lpc lpc = Lpc.INSTANCE;
        PointerByReference err = new PointerByReference(), out = new PointerByReference();
        Lpc.check(lpc.lpc_config_set(config, "receiver.listen", "", err), err);
        Lpc.check(lpc.lpc_config_set(config, "connector.store", "memory", err), err);
        Lpc.check(lpc.lpc_connector_new(config, out, err), err);
        Pointer sms = out.getValue();
        Lpc.check(lpc.lpc_connector_submit(sms, "+49151", "{\"ttr\": \"URGENT\"}", "sms-1", err), err);
        Lpc.check(lpc.lpc_connector_submit_text(sms, "+49151", "Hi", "sms-2", err), err);
        Lpc.check(lpc.lpc_connector_submit_text(sms, "+49151", "Grüße", "sms-3", err), err);
        for (int told = 0; told < 4; told++) {
            Lpc.check(lpc.lpc_connector_poll(sms, 60_000, out, err), err);
            Pointer update = out.getValue();
            String key = lpc.lpc_update_key(update);
            switch (lpc.lpc_update_kind(update)) {
                case Lpc.UPDATE_KIND_FAILED ->
                    System.out.println("FAILED " + key + ": " + lpc.lpc_error_message(lpc.lpc_update_error(update)));
                case Lpc.UPDATE_KIND_OPENED -> System.out.println("OPENED " + lpc.lpc_update_consumer_id(update));
                case Lpc.UPDATE_KIND_SENT -> System.out.println("SENT " + key);
            }
            Lpc.check(lpc.lpc_connector_ack(sms, update, err), err);
            lpc.lpc_update_free(update);
        }
        Lpc.check(lpc.lpc_connector_stats(sms, out, err), err);
        LongByReference len = new LongByReference();
        Pointer body = lpc.lpc_response_body(out.getValue(), len);
        String numbers = new String(body.getByteArray(0, (int) len.getValue()), StandardCharsets.UTF_8);
        numbers.lines().filter(it -> it.startsWith("lpconnector_connector_sent_total")).forEach(System.out::println);
        lpc.lpc_response_free(out.getValue());
        lpc.lpc_connector_shutdown(sms, 0);
        lpc.lpc_connector_free(sms);
    }
}
