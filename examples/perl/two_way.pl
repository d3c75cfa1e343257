#!/usr/bin/perl
# Holds a conversation both ways: asks something, prints what the agent does as it arrives, marks it
# as read, answers once, rates, and closes.
#
# Settings come from the environment (LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and
# LPC_RECEIVER_LISTEN), so that the same program talks to the sandbox and to a real account.
#
#   LD_LIBRARY_PATH=target/debug perl two_way.pl [consumer id]
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use LPConnector;

use constant PATIENCE_MS => 60_000;    # for how long the agent may do nothing at all

my $doing = 'starting';
my ($joined, $closed, $answers) = (0, 0, 0);

sub say_text {
    my ($talk, $text) = @_;
    $doing = 'sending a message';
    print "  consumer: $text\n";
    call(\&lpc_conversation_send_text, $talk, $text, undef);
}

# The agent said something: marks it as read, and answers the first time.
sub said {
    my ($talk, $text, $sequence) = @_;
    print "  agent:    $text\n";
    $doing = 'marking a message as read';
    call(\&lpc_conversation_send_accept_status,
        $talk, LPC_ACCEPT_STATUS_READ, [$sequence], 1, undef, undef);
    return say_text($talk, 'An order') if ++$answers == 1;
    print "  (the consumer rates it with 5 stars, and closes)\n";
    $doing = 'rating the conversation';
    call(\&lpc_conversation_rate, $talk, 5, 1, LPC_CSAT_STATUS_FILLED, undef);
    $doing = 'closing the conversation';
    call(\&lpc_conversation_close, $talk, undef);
}

# Event $i of the notification $n.
sub handle {
    my ($talk, $lp_id, $n, $i) = @_;
    my ($kind, $state) = (lpc_event_kind($n, $i), lpc_event_state($n, $i));
    # A webhook is told of all conversations of the account.
    return if $closed || lpc_event_conversation_id($n, $i) ne lpc_conversation_id($talk);
    if ($kind == LPC_EVENT_KIND_CONVERSATION) {
        # The JSON lists who takes part; a program with a JSON parser would look there.
        print "  (an agent joins)\n" if lpc_event_json($n, $i) =~ /"ASSIGNED_AGENT"/ && !$joined++;
        # Not by its state, which is that of the main dialog: a survey may follow.
        $closed = lpc_event_is_closed($n, $i);
        return;
    }
    # What this consumer did is told as well, and what agents note for each other.
    return if lpc_event_originator_id($n, $i) eq $lp_id
        || lpc_event_audience($n, $i) eq 'AGENTS_AND_MANAGERS';
    said($talk, lpc_event_text($n, $i), lpc_event_sequence($n, $i)) if $kind == LPC_EVENT_KIND_TEXT;
    print "  (the agent types)\n" if $kind == LPC_EVENT_KIND_CHAT_STATE && $state eq 'COMPOSING';
    print "  (the agent reads)\n" if $kind == LPC_EVENT_KIND_ACCEPT_STATUS && $state eq 'READ';
}

# Handles are local to it: of objects that live until Perl itself ends, some are never destroyed.
sub main {
    my ($consumer_id) = @_;
    my $config = lpc_config_new();
    call(\&lpc_config_load_env, $config);
    my $receiver = get('lpc_receiver', \&lpc_receiver_new, $config);
    my $client = get('lpc_client', \&lpc_client_new, $config);
    my $consumer = get('lpc_consumer', \&lpc_consumer_new, $client, $consumer_id);
    call(\&lpc_consumer_lp_id, $consumer, \my $lp_id);
    my $talk = get('lpc_conversation', \&lpc_conversation_open, $consumer, undef);
    print 'conversation ', lpc_conversation_id($talk), " opened\n";
    print 'notifications come to ', lpc_receiver_url($receiver), "\n";
    say_text($talk, 'Hi, this is the Perl example');
    until ($closed) {
        $doing = 'waiting for the agent';
        my $n = get('lpc_notification', \&lpc_receiver_poll, $receiver, PATIENCE_MS);
        handle($talk, $lp_id, $n, $_) for 0 .. lpc_notification_event_count($n) - 1;
        call(\&lpc_receiver_ack, $receiver, $n);    # only now: what is not comes again
    }
    print "conversation closed\n";
}

$| = 1;    # each line at once, into a pipe too
eval { main($ARGV[0] // 'John_Doe_facebook12345'); 1 } or die "$doing: $@";
