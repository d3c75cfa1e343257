import com.sun.jna.Pointer;
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
 * <pre>javac -cp /usr/share/java/jna.jar -d target/java TwoWay.java Lpc.java
 * LD_LIBRARY_PATH=target/debug java -cp /usr/share/java/jna.jar:target/java TwoWay [consumer id]</pre>
 */
public final class TwoWay implements AutoCloseable {
    private static final Lpc LPC = Lpc.INSTANCE;
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private static final long PATIENCE_MS = 60_000; // for how long the agent may do nothing at all

    /** Where calls put errors, and what else they give. */
    private final PointerByReference err = new PointerByReference(), out = new PointerByReference();
    private final Deque<Runnable> frees = new ArrayDeque<>();
    private static String doing = "starting";
    private Pointer talk;
    private String lpId;
    private boolean joined, closed;
    private int answers;

    /** The handle that a call gave through out; close() will free it. */
    private Pointer made(int status, Consumer<Pointer> free) {
        Lpc.check(status, err);
        Pointer handle = out.getValue();
        frees.push(() -> free.accept(handle));
        return handle;
    }

    private void converse(String consumerId) {
        Pointer config = LPC.lpc_config_new();
        frees.push(() -> LPC.lpc_config_free(config));
        Lpc.check(LPC.lpc_config_load_env(config, err), err);
        Pointer receiver = made(LPC.lpc_receiver_new(config, out, err), LPC::lpc_receiver_free);
        Pointer client = made(LPC.lpc_client_new(config, out, err), LPC::lpc_client_free);
        Pointer consumer = made(LPC.lpc_consumer_new(client, consumerId, out, err), LPC::lpc_consumer_free);
        Lpc.check(LPC.lpc_consumer_lp_id(consumer, out, err), err);
        lpId = out.getValue().getString(0, "UTF-8");
        talk = made(LPC.lpc_conversation_open(consumer, null, out, err), LPC::lpc_conversation_free);
        OUT.println("conversation " + LPC.lpc_conversation_id(talk) + " opened");
        OUT.println("notifications come to " + LPC.lpc_receiver_url(receiver));
        say("Hi, this is the Java example");
        while (!closed) {
            doing = "waiting for the agent";
            Lpc.check(LPC.lpc_receiver_poll(receiver, PATIENCE_MS, out, err), err);
            Pointer n = out.getValue();
            try {
                for (long i = 0; i < LPC.lpc_notification_event_count(n); i++) handle(n, i);
                Lpc.check(LPC.lpc_receiver_ack(receiver, n, err), err); // only now: what is not comes again
            } finally {
                LPC.lpc_notification_free(n);
            }
        }
        OUT.println("conversation closed");
    }

    private void say(String text) {
        doing = "sending a message";
        OUT.println("  consumer: " + text);
        Lpc.check(LPC.lpc_conversation_send_text(talk, text, null, err), err);
    }

    /** Event i of a notification. */
    private void handle(Pointer n, long i) {
        int kind = LPC.lpc_event_kind(n, i);
        String state = LPC.lpc_event_state(n, i);
        // A webhook is told of all conversations of the account.
        if (closed || !LPC.lpc_event_conversation_id(n, i).equals(LPC.lpc_conversation_id(talk))) return;
        if (kind == Lpc.EVENT_KIND_CONVERSATION) {
            // The JSON lists who takes part; a program with a JSON parser would look there.
            if (!joined && LPC.lpc_event_json(n, i).contains("\"ASSIGNED_AGENT\"")) {
                joined = true;
                OUT.println("  (an agent joins)");
            }
            // Not by its state, which is that of the main dialog: a survey may follow.
            closed = LPC.lpc_event_is_closed(n, i) != 0;
            return;
        }
        // What this consumer did is told as well, and what agents note for each other.
        if (LPC.lpc_event_originator_id(n, i).equals(lpId)) return;
        if (LPC.lpc_event_audience(n, i).equals("AGENTS_AND_MANAGERS")) return;
        if (kind == Lpc.EVENT_KIND_TEXT) said(LPC.lpc_event_text(n, i), LPC.lpc_event_sequence(n, i));
        if (kind == Lpc.EVENT_KIND_CHAT_STATE && state.equals("COMPOSING")) OUT.println("  (the agent types)");
        if (kind == Lpc.EVENT_KIND_ACCEPT_STATUS && state.equals("READ")) OUT.println("  (the agent reads)");
    }

    /** The agent said something: marks it as read, and answers the first time. */
    private void said(String text, long sequence) {
        OUT.println("  agent:    " + text);
        doing = "marking a message as read";
        Lpc.check(LPC.lpc_conversation_send_accept_status(talk, Lpc.ACCEPT_STATUS_READ, new long[] {sequence},
                1, null, null, err), err);
        if (++answers == 1) {
            say("An order");
            return;
        }
        OUT.println("  (the consumer rates it with 5 stars, and closes)");
        doing = "rating the conversation";
        Lpc.check(LPC.lpc_conversation_rate(talk, 5, (byte) 1, Lpc.CSAT_STATUS_FILLED, null, err), err);
        doing = "closing the conversation";
        Lpc.check(LPC.lpc_conversation_close(talk, null, err), err);
    }

    @Override public void close() { // any order would do
        frees.forEach(Runnable::run);
    }

    public static void main(String[] args) {
        try (TwoWay twoWay = new TwoWay()) {
            twoWay.converse(args.length > 0 ? args[0] : "John_Doe_facebook12345");
        } catch (IllegalStateException failure) {
            System.err.println(doing + ": " + failure.getMessage());
            System.exit(1);
        }
    }
}
