*> What the two-way conversation does not show: a connector. It does not listen, so all that it tells is
*> what became of its own.
identification division.
program-id. calls.
environment division.
configuration section.
repository.
    function all intrinsic.
data division.
working-storage section.
copy "lpconnector.cpy".
01  config           usage pointer value null.
01  sms              usage pointer value null.
01  told          usage pointer value null.
01  response         usage pointer value null.
01  failure          usage pointer value null.
01  patience-ms      binary-double value 60000.
01  drain-ms         binary-double value 0.
01  len              binary-double.
01  kind             binary-long.
01  key-of-it        pic x(100).
01  hits             binary-long value 0.

procedure division.
main section.
    call "lpc_config_new" returning config
    call "lpc_config_load_env" using by value config by reference lpc-err returning lpc-rc perform check
    call "lpc_config_set" using by value config by content z"receiver.listen" x"00"
        by reference lpc-err returning lpc-rc perform check
    call "lpc_config_set" using by value config by content z"connector.store" z"memory"
        by reference lpc-err returning lpc-rc perform check
    *> Nobody tells it that the message without an answer arrived: it sends that again.
    call "lpc_config_set" using by value config by content z"connector.echo.wait.ms" z"0"
        by reference lpc-err returning lpc-rc perform check
    call "lpc_connector_new" using by value config by reference sms lpc-err returning lpc-rc perform check
    call "lpc_connector_submit" using by value sms by content z"+49151" z'{"ttr": "URGENT"}' z"sms-1"
        by reference lpc-err returning lpc-rc perform check
    call "lpc_connector_submit_text" using by value sms by content z"+49151" z"Hi" z"sms-2"
        by reference lpc-err returning lpc-rc perform check
    call "lpc_connector_submit_text" using by value sms by content z"+49151" z"Grüße" z"sms-3"
        by reference lpc-err returning lpc-rc perform check
    perform tell 4 times
    call "lpc_connector_stats" using by value sms by reference response lpc-err returning lpc-rc perform check
    call "lpc_response_body" using by value response by reference len returning lpc-pointer
    set address of lpc-lent to lpc-pointer
    inspect lpc-lent(1:len) tallying hits for all "lpconnector_connector_sent_total 2"
    if hits = 1 display "lpconnector_connector_sent_total 2" end-if
    call "lpc_response_free" using by value response returning omitted
    call "lpc_connector_shutdown" using by value sms by value size 8 drain-ms returning omitted
    call "lpc_connector_free" using by value sms returning omitted
    call "lpc_config_free" using by value config returning omitted
    stop run returning 0.

tell section.
    call "lpc_connector_poll" using by value sms by value size 8 patience-ms by reference told lpc-err
        returning lpc-rc perform check
    call "lpc_update_kind" using by value told returning kind
    call "lpc_update_key" using by value told returning lpc-pointer
    perform lpc-copy-text move lpc-text to key-of-it
    evaluate kind
        when lpc-update-kind-failed
            call "lpc_update_error" using by value told returning failure
            call "lpc_error_message" using by value failure returning lpc-pointer
            perform lpc-copy-text display "FAILED " trim(key-of-it) ": " trim(lpc-text)
        when lpc-update-kind-opened
            call "lpc_update_consumer_id" using by value told returning lpc-pointer
            perform lpc-copy-text display "OPENED " trim(lpc-text)
        when lpc-update-kind-sent
            display "SENT " trim(key-of-it)
    end-evaluate
    call "lpc_connector_ack" using by value sms told by reference lpc-err returning lpc-rc perform check
    call "lpc_update_free" using by value told returning omitted.

check section.
    if lpc-rc not = lpc-ok
        perform lpc-display-error
        stop run returning 1
    end-if.

copy "lpconnector-procedures.cpy".
