import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;

/** What the two-way conversation does not show: several sequences in one call. */
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
        lpc.lpc_conversation_free(talk);
        lpc.lpc_consumer_free(consumer);
        lpc.lpc_client_free(client);
        lpc.lpc_config_free(config);
    }
}
