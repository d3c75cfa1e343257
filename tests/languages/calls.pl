# What the two-way conversation does not show: several sequences in one call, credentials that change,
# what an error tells, a connector.
use strict;
use warnings;
use FFI::Platypus::Buffer 'buffer_to_scalar';
use FindBin;
use lib $FindBin::Bin;
use LPConnector;

# What the exception of a call tells.
sub told {
    my ($error) = @_;
    print $error, lpc_status_name($error->status), $error->maybe_delivered ? ' true' : ' false', "\n";
}

# Handles are local to it: of objects that live until Perl itself ends, some are never destroyed.
sub main {
    my $config = lpc_config_new();
    call(\&lpc_config_load_env, $config);
    eval { call(\&lpc_config_set, $config, 'no.such', ''); 1 } or told($@);
    call(\&lpc_config_set, $config, 'client.secret', 'wrong');
    my $client = get('lpc_client', \&lpc_client_new, $config);
    call(\&lpc_client_set_credentials, $client, @ENV{qw(LPC_CLIENT_ID LPC_CLIENT_SECRET)});
    my $receiver = get('lpc_receiver', \&lpc_receiver_new, $config);
    call(\&lpc_receiver_set_credentials, $receiver, @ENV{qw(LPC_CLIENT_ID LPC_CLIENT_SECRET)});
    my $status = lpc_receiver_set_credentials($receiver, '', '', \my $handle);
    my $error = bless \$handle, 'lpc_error';
    print lpc_status_name(lpc_error_status($error)), "\n" if lpc_error_status($error) == $status;
    my $consumer = get('lpc_consumer', \&lpc_consumer_new, $client, 'somebody');
    my $talk = get('lpc_conversation', \&lpc_conversation_open, $consumer, undef);
    eval { call(\&lpc_conversation_send_text, $talk, 'lost', undef); 1 } or told($@);
    call(\&lpc_conversation_send_accept_status, $talk, LPC_ACCEPT_STATUS_READ, [0, 3], 2, undef, undef);
    call(\&lpc_conversation_send_event, $talk, '{"type": "ContentEvent", "contentType": "text/plain", "message": "Hi"}',
        undef, undef);
    call(\&lpc_conversation_send_rich_content, $talk, '{"type": "text", "text": "Hi"}', undef, undef);
    call(\&lpc_conversation_send_chat_state, $talk, LPC_CHAT_STATE_COMPOSING, undef);
    connector($config);
}

# It does not listen, so all that it tells is what became of its own.
sub connector {
    my ($config) = @_;
    call(\&lpc_config_set, $config, @$_) for ['receiver.listen', ''], ['connector.store', 'memory'];
    my $sms = get('lpc_connector', \&lpc_connector_new, $config);
    call(\&lpc_connector_set_credentials, $sms, @ENV{qw(LPC_CLIENT_ID LPC_CLIENT_SECRET)});
    call(\&lpc_connector_submit, $sms, '+49151', '{"ttr": "URGENT"}', 'sms-1');
    call(\&lpc_connector_submit_text, $sms, '+49151', 'Hi', 'sms-2');
    call(\&lpc_connector_submit_text, $sms, '+49151', 'Grüße', 'sms-3');
    for (1 .. 4) {
        my $update = get('lpc_update', \&lpc_connector_poll, $sms, 60_000);
        my ($kind, $key) = (lpc_update_kind($update), lpc_update_key($update));
        print "FAILED $key: ", lpc_error_message(lpc_update_error($update)), "\n"
            if $kind == LPC_UPDATE_KIND_FAILED;
        print 'OPENED ', lpc_update_consumer_id($update), "\n" if $kind == LPC_UPDATE_KIND_OPENED;
        print "SENT $key\n" if $kind == LPC_UPDATE_KIND_SENT;
        print "lent, though there is none\n" if defined lpc_update_notification($update);
        call(\&lpc_connector_ack, $sms, $update);
    }
    my $stats = get('lpc_response', \&lpc_connector_stats, $sms);
    my $body = lpc_response_body($stats, \my $length);
    print buffer_to_scalar($body, $length) =~ /^(lpconnector_connector_sent_total.*\n)/m;
    lpc_connector_shutdown($sms, 0);
}

$| = 1;    # before what is printed of the sandbox
main();
