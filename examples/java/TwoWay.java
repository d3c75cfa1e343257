import com.sun.jna.*;
import com.sun.jna.ptr.PointerByReference;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.function.Consumer;

/**
 * Holds a conversation both ways: asks something, prints what the agent does as it arrives, marks
 * it as read, answers once, rates, and closes.
 *
 * <p>Settings come from the environment (LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and
 * LPC_RECEIVER_LISTEN), so that the same program talks to the sandbox and to a real account.
 *
 * <pre>java -cp /usr/share/java/jna.jar -Djna.library.path=target/debug TwoWay.java [consumer id]</pre>
 */
public final class TwoWay implements AutoCloseable {
    /**
     * Functions of lpconnector.h, which describes them. JNA copies strings that come back, as it
     * should: what the library lends ends with its handle. size_t is a long where a JVM has 64 bits.
     */
    public interface Lpc extends Library {
        int OK = 0, ACCEPT_STATUS_READ = 1, CSAT_STATUS_FILLED = 0;
        int KIND_TEXT = 1, KIND_CHAT_STATE = 4, KIND_ACCEPT_STATUS = 5, KIND_CONVERSATION = 6;

        String lpc_status_name(int status);
        String lpc_error_message(Pointer error);
        void lpc_error_free(Pointer error);
        Pointer lpc_config_new();
        int lpc_config_load_env(Pointer config, PointerByReference err);
        void lpc_config_free(Pointer config);
        int lpc_client_new(Pointer config, PointerByReference out, PointerByReference err);
        void lpc_client_free(Pointer client);
        int lpc_consumer_new(Pointer client, String id, PointerByReference out, PointerByReference err);
        int lpc_consumer_lp_id(Pointer consumer, PointerByReference out, PointerByReference err);
        void lpc_consumer_free(Pointer consumer);
        int lpc_conversation_open(Pointer consumer, String json, PointerByReference out, PointerByReference err);
        String lpc_conversation_id(Pointer talk);
        int lpc_conversation_send_text(Pointer talk, String text, Pointer response, PointerByReference err);
        int lpc_conversation_send_accept_status(Pointer talk, int status, long[] sequences, long count,
                String metadata, Pointer response, PointerByReference err);
        // C's bool is a byte of 0 or 1; JNA's boolean is an int of 0 or -1.
        int lpc_conversation_rate(Pointer talk, int stars, byte resolved, int status, Pointer response,
                PointerByReference err);
        int lpc_conversation_close(Pointer talk, Pointer response, PointerByReference err);
        void lpc_conversation_free(Pointer talk);
        int lpc_receiver_new(Pointer config, PointerByReference out, PointerByReference err);
        String lpc_receiver_url(Pointer receiver);
        int lpc_receiver_poll(Pointer receiver, long timeoutMs, PointerByReference out, PointerByReference err);
        int lpc_receiver_ack(Pointer receiver, Pointer n, PointerByReference err);
        void lpc_receiver_free(Pointer receiver);
        long lpc_notification_event_count(Pointer n);
        int lpc_event_kind(Pointer n, long i);
        long lpc_event_sequence(Pointer n, long i);
        String lpc_event_conversation_id(Pointer n, long i);
        String lpc_event_originator_id(Pointer n, long i);
        String lpc_event_audience(Pointer n, long i);
        String lpc_event_text(Pointer n, long i);
        String lpc_event_json(Pointer n, long i);
        void lpc_notification_free(Pointer n);
    }

    private static final Lpc LPC =
            Native.load("lpconnector", Lpc.class, Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private static final long PATIENCE_MS = 60_000; // for how long the agent may do nothing at all

    /** Where calls put errors, and what else they give. */
    private final PointerByReference err = new PointerByReference(), out = new PointerByReference();
    private final Deque<Runnable> frees = new ArrayDeque<>();
    private String doing = "starting";
    private Pointer talk;
    private String lpId;
    private boolean joined, closed;
    private int answers;

    /** Takes the status of a call whose last argument was err; throws if it failed. */
    private void check(int status) {
        if (status == Lpc.OK) return;
        String message = LPC.lpc_error_message(err.getValue());
        LPC.lpc_error_free(err.getValue());
        throw new IllegalStateException(doing + ": " + LPC.lpc_status_name(status) + ": " + message);
    }

    /** The handle that a call gave through out; close() will free it. */
    private Pointer made(int status, Consumer<Pointer> free) {
        check(status);
        Pointer handle = out.getValue();
        frees.push(() -> free.accept(handle));
        return handle;
    }

    private void converse(String consumerId) {
        Pointer config = LPC.lpc_config_new();
        frees.push(() -> LPC.lpc_config_free(config));
        check(LPC.lpc_config_load_env(config, err));
        Pointer receiver = made(LPC.lpc_receiver_new(config, out, err), LPC::lpc_receiver_free);
        Pointer client = made(LPC.lpc_client_new(config, out, err), LPC::lpc_client_free);
        Pointer consumer = made(LPC.lpc_consumer_new(client, consumerId, out, err), LPC::lpc_consumer_free);
        check(LPC.lpc_consumer_lp_id(consumer, out, err));
        lpId = out.getValue().getString(0, "UTF-8");
        talk = made(LPC.lpc_conversation_open(consumer, null, out, err), LPC::lpc_conversation_free);
        OUT.println("conversation " + LPC.lpc_conversation_id(talk) + " opened");
        OUT.println("notifications come to " + LPC.lpc_receiver_url(receiver));
        say("Hi, this is the Java example");
        while (!closed) {
            doing = "waiting for the agent";
            check(LPC.lpc_receiver_poll(receiver, PATIENCE_MS, out, err));
            Pointer n = out.getValue();
            try {
                for (long i = 0; i < LPC.lpc_notification_event_count(n); i++) handle(n, i);
                check(LPC.lpc_receiver_ack(receiver, n, err)); // only now: what is not comes again
            } finally {
                LPC.lpc_notification_free(n);
            }
        }
        OUT.println("conversation closed");
    }

    private void say(String text) {
        doing = "sending a message";
        OUT.println("  consumer: " + text);
        check(LPC.lpc_conversation_send_text(talk, text, null, err));
    }

    /** Event i of a notification. */
    private void handle(Pointer n, long i) {
        int kind = LPC.lpc_event_kind(n, i);
        String text = LPC.lpc_event_text(n, i);
        // A webhook is told of all conversations of the account.
        if (closed || !LPC.lpc_event_conversation_id(n, i).equals(LPC.lpc_conversation_id(talk))) return;
        if (kind == Lpc.KIND_CONVERSATION) {
            // The JSON lists who takes part; a program with a JSON parser would look there.
            if (!joined && LPC.lpc_event_json(n, i).contains("\"ASSIGNED_AGENT\"")) {
                joined = true;
                OUT.println("  (an agent joins)");
            }
            closed = text.equals("CLOSE");
            return;
        }
        // What this consumer did is told as well, and what agents note for each other.
        if (LPC.lpc_event_originator_id(n, i).equals(lpId)) return;
        if (LPC.lpc_event_audience(n, i).equals("AGENTS_AND_MANAGERS")) return;
        if (kind == Lpc.KIND_TEXT) said(text, LPC.lpc_event_sequence(n, i));
        if (kind == Lpc.KIND_CHAT_STATE && text.equals("COMPOSING")) OUT.println("  (the agent types)");
        if (kind == Lpc.KIND_ACCEPT_STATUS && text.equals("READ")) OUT.println("  (the agent reads)");
    }

    /** The agent said something: marks it as read, and answers the first time. */
    private void said(String text, long sequence) {
        OUT.println("  agent:    " + text);
        doing = "marking a message as read";
        check(LPC.lpc_conversation_send_accept_status(talk, Lpc.ACCEPT_STATUS_READ, new long[] {sequence}, 1,
                null, null, err));
        if (++answers == 1) {
            say("An order");
            return;
        }
        OUT.println("  (the consumer rates it with 5 stars, and closes)");
        doing = "rating the conversation";
        check(LPC.lpc_conversation_rate(talk, 5, (byte) 1, Lpc.CSAT_STATUS_FILLED, null, err));
        doing = "closing the conversation";
        check(LPC.lpc_conversation_close(talk, null, err));
    }

    @Override public void close() {
        frees.forEach(Runnable::run);
    }

    public static void main(String[] args) {
        try (TwoWay twoWay = new TwoWay()) {
            twoWay.converse(args.length > 0 ? args[0] : "John_Doe_facebook12345");
        } catch (IllegalStateException failure) {
            System.err.println(failure.getMessage());
            System.exit(1);
        }
    }
}
