*> Holds a conversation both ways: asks something, prints what the agent does as it arrives, marks
*> it as read, answers once, rates, and closes.
*>
*> Settings come from the environment (LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and
*> LPC_RECEIVER_LISTEN), so that the same program talks to the sandbox and to a real account.
*>
*>   cobc -x -free -fstatic-call two_way.cob -L target/debug -llpconnector -o two_way
*>   LD_LIBRARY_PATH=target/debug ./two_way [consumer id]
identification division.
program-id. two-way.

environment division.
configuration section.
repository.
    function all intrinsic.

data division.
working-storage section.
*> From lpconnector.h, which describes them.
78  lpc-ok                        value 0.
78  lpc-accept-status-read        value 1.
78  lpc-csat-status-filled        value 0.
78  lpc-event-kind-text           value 1.
78  lpc-event-kind-chat-state     value 4.
78  lpc-event-kind-accept-status  value 5.
78  lpc-event-kind-conversation   value 6.

*> A handle is passed by value to what uses it, and by reference to what gives it.
01  config           usage pointer value null.
01  client           usage pointer value null.
01  consumer         usage pointer value null.
01  receiver         usage pointer value null.
01  talk             usage pointer value null.
01  notification     usage pointer value null.
01  err              usage pointer value null.
*> int32_t is binary-long. int64_t and size_t are binary-double, but by value they need "size 8", or
*> cobc passes 32 bits; and it takes 32 bits of what comes back, unless that is a pointer.
01  rc               binary-long.
01  kind             binary-long.
01  event-count      binary-long.
01  i                binary-double.
01  patience-ms      binary-double value 60000.
01  returned         usage pointer.
01  sequence-number  redefines returned binary-double.

*> What the library lends until its handle is freed, ending with a NUL, and our copy of it.
01  lent             pic x(65536) based.
01  copied           pic x(65536).
01  lp-id            pic x(100).
01  conversation-id  pic x(100).
01  consumer-id      pic x(100).
01  utterance            pic x(100).
01  doing            pic x(40) value "starting".
01  answers          binary-long value 0.
01  agents           binary-long value 0.
01  pic x value "n".
    88  joined       value "y".
01  pic x value "n".
    88  closed       value "y".

procedure division.
main section.
    call "lpc_config_new" returning config
    perform converse
    if rc not = lpc-ok
        call "lpc_status_name" using by value rc returning returned
        perform copy-returned
        display trim(doing) ": " trim(copied) ": " upon syserr with no advancing
        call "lpc_error_message" using by value err returning returned
        perform copy-returned
        display trim(copied) upon syserr
        call "lpc_error_free" using by value err returning omitted
    end-if
    *> Any order will do, and freeing NULL is fine.
    call "lpc_conversation_free" using by value talk returning omitted
    call "lpc_consumer_free" using by value consumer returning omitted
    call "lpc_client_free" using by value client returning omitted
    call "lpc_receiver_free" using by value receiver returning omitted
    call "lpc_config_free" using by value config returning omitted
    if rc = lpc-ok
        stop run returning 0
    end-if
    stop run returning 1.

*> Each section stops at the first call that fails, and leaves rc and err to main.
converse section.
    call "lpc_config_load_env" using by value config by reference err returning rc
    if rc not = lpc-ok exit section end-if
    call "lpc_receiver_new" using by value config by reference receiver err returning rc
    if rc not = lpc-ok exit section end-if
    call "lpc_client_new" using by value config by reference client err returning rc
    if rc not = lpc-ok exit section end-if
    accept utterance from argument-value
        on exception move "John_Doe_facebook12345" to utterance
    end-accept
    string trim(utterance) x"00" delimited by size into consumer-id
    call "lpc_consumer_new" using by value client by reference consumer-id consumer err returning rc
    if rc not = lpc-ok exit section end-if
    call "lpc_consumer_lp_id" using by value consumer by reference returned err returning rc
    if rc not = lpc-ok exit section end-if
    perform copy-returned
    move copied to lp-id
    call "lpc_conversation_open" using by value consumer by reference omitted talk err returning rc
    if rc not = lpc-ok exit section end-if
    call "lpc_conversation_id" using by value talk returning returned
    perform copy-returned
    move copied to conversation-id
    display "conversation " trim(conversation-id) " opened"
    call "lpc_receiver_url" using by value receiver returning returned
    perform copy-returned
    display "notifications come to " trim(copied)
    move "Hi, this is the COBOL example" to utterance
    perform say
    perform listen until rc not = lpc-ok or closed
    if closed and rc = lpc-ok
        display "conversation closed"
    end-if.

say section.
    move "sending a message" to doing
    display "  consumer: " trim(utterance)
    call "lpc_conversation_send_text" using by value talk by content concatenate(trim(utterance) x"00")
        by reference omitted err returning rc.

listen section.
    *> For how long the agent may do nothing at all.
    move "waiting for the agent" to doing
    call "lpc_receiver_poll" using by value receiver by value size 8 patience-ms
        by reference notification err returning rc
    if rc not = lpc-ok exit section end-if
    call "lpc_notification_event_count" using by value notification returning event-count
    perform handle-event varying i from 0 by 1 until i >= event-count or rc not = lpc-ok
    if rc = lpc-ok
        *> Only now: what is not acknowledged comes again.
        call "lpc_receiver_ack" using by value receiver notification by reference err returning rc
    end-if
    call "lpc_notification_free" using by value notification returning omitted.

*> Event i of the notification.
handle-event section.
    *> A webhook is told of all conversations of the account.
    call "lpc_event_conversation_id" using by value notification size 8 i returning returned
    perform copy-returned
    if closed or copied not = conversation-id exit section end-if
    call "lpc_event_kind" using by value notification size 8 i returning kind
    if kind = lpc-event-kind-conversation
        *> The JSON lists who takes part; a program with a JSON parser would look there.
        call "lpc_event_json" using by value notification size 8 i returning returned
        perform copy-returned
        inspect copied tallying agents for all '"ASSIGNED_AGENT"'
        if agents > 0 and not joined
            set joined to true
            display "  (an agent joins)"
        end-if
    else
        *> What this consumer did is told as well, and what agents note for each other.
        call "lpc_event_originator_id" using by value notification size 8 i returning returned
        perform copy-returned
        if copied = lp-id exit section end-if
        call "lpc_event_audience" using by value notification size 8 i returning returned
        perform copy-returned
        if copied = "AGENTS_AND_MANAGERS" exit section end-if
    end-if
    call "lpc_event_text" using by value notification size 8 i returning returned
    perform copy-returned
    evaluate kind also copied
        when lpc-event-kind-conversation  also "CLOSE"     set closed to true
        when lpc-event-kind-text          also any         perform answer
        when lpc-event-kind-chat-state    also "COMPOSING" display "  (the agent types)"
        when lpc-event-kind-accept-status also "READ"      display "  (the agent reads)"
    end-evaluate.

*> The agent said something: marks it as read, and answers the first time.
answer section.
    display "  agent:    " trim(copied)
    move "marking a message as read" to doing
    call "lpc_event_sequence" using by value notification size 8 i returning returned
    call "lpc_conversation_send_accept_status" using by value talk lpc-accept-status-read
        by reference sequence-number by value size 8 1 by reference omitted omitted err returning rc
    if rc not = lpc-ok exit section end-if
    add 1 to answers
    if answers = 1
        move "An order" to utterance
        perform say
        exit section
    end-if
    display "  (the consumer rates it with 5 stars, and closes)"
    move "rating the conversation" to doing
    call "lpc_conversation_rate" using by value talk 5 1 lpc-csat-status-filled
        by reference omitted err returning rc
    if rc not = lpc-ok exit section end-if
    move "closing the conversation" to doing
    call "lpc_conversation_close" using by value talk by reference omitted err returning rc.

*> Copies the string at "returned"; more than 65536 bytes are cut off.
copy-returned section.
    set address of lent to returned
    move spaces to copied
    string lent delimited by x"00" into copied.
