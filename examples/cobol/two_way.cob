*> Holds a conversation both ways: asks something, prints what the agent does as it arrives, marks
*> it as read, answers once, rates, and closes. Settings come from the environment, so that the same
*> program talks to the sandbox and to a real account.
*>
*>   cobc -x -free -fstatic-call -I examples/cobol two_way.cob -L target/debug -llpconnector
*>   LD_LIBRARY_PATH=target/debug ./two_way [consumer id]
identification division.
program-id. two-way.
environment division.
configuration section.
repository.
    function all intrinsic.
data division.
working-storage section.
copy "lpconnector.cpy".
01  config           usage pointer value null.
01  client           usage pointer value null.
01  consumer         usage pointer value null.
01  receiver         usage pointer value null.
01  talk             usage pointer value null.
01  notification     usage pointer value null.
01  patience-ms      binary-double value 60000.
01  event-count      binary-double.
01  i                binary-double.
01  kind             binary-long.
01  lp-id            pic x(100).
01  conversation-id  pic x(100).
01  utterance        pic x(100).
01  doing            pic x(40) value "starting".
01  answers          binary-long value 0.
01  agents           binary-long value 0.
01  pic x value "n".
    88  closed       value "y".

procedure division.
main section.
    call "lpc_config_new" returning config
    call "lpc_config_load_env" using by value config by reference lpc-err returning lpc-rc perform check
    call "lpc_receiver_new" using by value config by reference receiver lpc-err returning lpc-rc perform check
    call "lpc_client_new" using by value config by reference client lpc-err returning lpc-rc perform check
    accept utterance from argument-value
        on exception move "John_Doe_facebook12345" to utterance
    end-accept
    call "lpc_consumer_new" using by value client by content concatenate(trim(utterance) x"00")
        by reference consumer lpc-err returning lpc-rc perform check
    call "lpc_consumer_lp_id" using by value consumer by reference lpc-pointer lpc-err returning lpc-rc perform check
    perform lpc-copy-text move lpc-text to lp-id
    call "lpc_conversation_open" using by value consumer by reference omitted talk lpc-err
        returning lpc-rc perform check
    call "lpc_conversation_id" using by value talk returning lpc-pointer
    perform lpc-copy-text move lpc-text to conversation-id
    display "conversation " trim(conversation-id) " opened"
    call "lpc_receiver_url" using by value receiver returning lpc-pointer
    perform lpc-copy-text display "notifications come to " trim(lpc-text)
    move "Hi, this is the COBOL example" to utterance perform say
    perform listen until closed
    display "conversation closed"
    perform free-all
    stop run returning 0.

listen section.
    *> For how long the agent may do nothing at all.
    move "waiting for the agent" to doing
    call "lpc_receiver_poll" using by value receiver by value size 8 patience-ms
        by reference notification lpc-err returning lpc-rc perform check
    call "lpc_notification_event_count" using by value notification returning lpc-pointer
    move lpc-number to event-count
    perform handle-event varying i from 0 by 1 until i >= event-count
    *> Only now: what is not acknowledged comes again.
    call "lpc_receiver_ack" using by value receiver notification by reference lpc-err returning lpc-rc perform check
    call "lpc_notification_free" using by value notification returning omitted
    set notification to null.

*> Event i of the notification. A webhook is told of all conversations of the account, of what this
*> consumer did, and of what agents note for each other.
handle-event section.
    call "lpc_event_conversation_id" using by value notification size 8 i returning lpc-pointer perform lpc-copy-text
    if closed or lpc-text not = conversation-id exit section end-if
    call "lpc_event_originator_id" using by value notification size 8 i returning lpc-pointer perform lpc-copy-text
    if lpc-text = lp-id exit section end-if
    call "lpc_event_audience" using by value notification size 8 i returning lpc-pointer perform lpc-copy-text
    if lpc-text = "AGENTS_AND_MANAGERS" exit section end-if
    call "lpc_event_kind" using by value notification size 8 i returning kind
    if kind = lpc-event-kind-conversation and agents = 0
        *> The JSON lists who takes part; a program with a JSON parser would look there.
        call "lpc_event_json" using by value notification size 8 i returning lpc-pointer perform lpc-copy-text
        inspect lpc-text tallying agents for all '"ASSIGNED_AGENT"'
        if agents > 0 display "  (an agent joins)" end-if
    end-if
    *> Not by its state, which is that of the main dialog: a survey may follow.
    call "lpc_event_is_closed" using by value notification size 8 i returning lpc-pointer
    if mod(lpc-number 256) = 1 set closed to true exit section end-if
    call "lpc_event_state" using by value notification size 8 i returning lpc-pointer perform lpc-copy-text
    evaluate kind also lpc-text
        when lpc-event-kind-text          also any         perform answer
        when lpc-event-kind-chat-state    also "COMPOSING" display "  (the agent types)"
        when lpc-event-kind-accept-status also "READ"      display "  (the agent reads)"
    end-evaluate.

*> The agent said something: marks it as read, and answers the first time.
answer section.
    call "lpc_event_text" using by value notification size 8 i returning lpc-pointer perform lpc-copy-text
    display "  agent:    " trim(lpc-text)
    move "marking a message as read" to doing
    call "lpc_event_sequence" using by value notification size 8 i returning lpc-pointer
    call "lpc_conversation_send_accept_status" using by value talk lpc-accept-status-read by reference lpc-number
        by value size 8 1 by reference omitted omitted lpc-err returning lpc-rc perform check
    add 1 to answers
    if answers = 1 move "An order" to utterance perform say exit section end-if
    display "  (the consumer rates it with 5 stars, and closes)"
    move "rating the conversation" to doing
    call "lpc_conversation_rate" using by value talk 5 1 lpc-csat-status-filled
        by reference omitted lpc-err returning lpc-rc perform check
    move "closing the conversation" to doing
    call "lpc_conversation_close" using by value talk by reference omitted lpc-err returning lpc-rc perform check.

say section.
    move "sending a message" to doing
    display "  consumer: " trim(utterance)
    call "lpc_conversation_send_text" using by value talk by content concatenate(trim(utterance) x"00")
        by reference omitted lpc-err returning lpc-rc perform check.

check section.
    if lpc-rc not = lpc-ok
        display trim(doing) ": " upon syserr with no advancing
        perform lpc-display-error
        perform free-all
        stop run returning 1
    end-if.

*> In any order, and freeing NULL is fine.
free-all section.
    call "lpc_notification_free" using by value notification returning omitted
    call "lpc_conversation_free" using by value talk returning omitted
    call "lpc_consumer_free" using by value consumer returning omitted
    call "lpc_client_free" using by value client returning omitted
    call "lpc_receiver_free" using by value receiver returning omitted
    call "lpc_config_free" using by value config returning omitted.

copy "lpconnector-procedures.cpy".
