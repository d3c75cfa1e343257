# What the two-way conversation does not show: several sequences in one call, credentials that change,
# what an error tells.
use strict;
use warnings;
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
}

$| = 1;    # before what is printed of the sandbox
main();
