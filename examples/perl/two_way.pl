#!/usr/bin/perl
# Holds a conversation both ways: asks something, prints what the agent does as it arrives, marks it
# as read, answers once, rates, and closes.
#
# Settings come from the environment (LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and
# LPC_RECEIVER_LISTEN), so that the same program talks to the sandbox and to a real account.
#
#   LD_LIBRARY_PATH=target/debug perl two_way.pl [consumer id]
#
# Text is UTF-8 bytes all the way: as the library gives and takes it, and as it is printed.
use strict;
use warnings;
use FFI::Platypus 2.00;

# From lpconnector.h, which describes them.
use constant { OK => 0, ACCEPT_STATUS_READ => 1, CSAT_STATUS_FILLED => 0 };
use constant { KIND_TEXT => 1, KIND_CHAT_STATE => 4, KIND_ACCEPT_STATUS => 5 };
use constant { KIND_CONVERSATION => 6 };
use constant PATIENCE_MS => 60_000;    # for how long the agent may do nothing at all

my $ffi = FFI::Platypus->new(api => 2, lib => 'liblpconnector.so');
# Each kind of handle is a class, whose objects free their handle at the end of their scope.
for my $kind (qw(error config client consumer conversation receiver notification)) {
    $ffi->type("object(lpc_$kind)" => $kind);
    $ffi->attach(["lpc_${kind}_free" => "lpc_${kind}::DESTROY"] => [$kind] => 'void');
}
# An `opaque*` receives a handle, and the last one an error; a plain `opaque` is left undef: NULL.
# A `string` that comes back is copied, because what the library lends ends with its handle.
sub function { my ($name, $result, @takes) = @_; $ffi->attach("lpc_$name" => \@takes => $result) }
function(status_name => 'string', 'sint32');
function(error_message => 'string', 'error');
function(config_new => 'config');
function(config_load_env => 'sint32', 'config', 'opaque*');
function(client_new => 'sint32', 'config', 'opaque*', 'opaque*');
function(consumer_new => 'sint32', 'client', 'string', 'opaque*', 'opaque*');
function(consumer_lp_id => 'sint32', 'consumer', 'string*', 'opaque*');
function(conversation_open => 'sint32', 'consumer', 'string', 'opaque*', 'opaque*');
function(conversation_id => 'string', 'conversation');
function(conversation_send_text => 'sint32', 'conversation', 'string', 'opaque', 'opaque*');
function(conversation_send_accept_status => 'sint32', 'conversation', 'sint32', 'sint64[1]',
    'size_t', 'string', 'opaque', 'opaque*');
function(conversation_rate => 'sint32', 'conversation', 'sint32', 'bool', 'sint32', 'opaque',
    'opaque*');
function(conversation_close => 'sint32', 'conversation', 'opaque', 'opaque*');
function(receiver_new => 'sint32', 'config', 'opaque*', 'opaque*');
function(receiver_url => 'string', 'receiver');
function(receiver_poll => 'sint32', 'receiver', 'sint64', 'opaque*', 'opaque*');
function(receiver_ack => 'sint32', 'receiver', 'notification', 'opaque*');
function(notification_event_count => 'size_t', 'notification');
function(event_kind => 'sint32', 'notification', 'size_t');
function(event_sequence => 'sint64', 'notification', 'size_t');
function("event_$_" => 'string', 'notification', 'size_t')
    for qw(conversation_id originator_id audience text json);

my $doing = 'starting';
my ($err, $out);    # where calls put errors and handles
my ($joined, $closed, $answers) = (0, 0, 0);

# Takes the status of a call whose last argument was \$err; dies if it failed.
sub check {
    my ($status) = @_;
    return if $status == OK;
    my $error = bless \(my $handle = $err), 'lpc_error';
    die "$doing: ", lpc_status_name($status), ': ', lpc_error_message($error), "\n";
}

# The object for a handle that such a call put into $out.
sub made {
    my ($class, $status) = @_;
    check($status);
    return bless \(my $handle = $out), $class;
}

sub say_text {
    my ($talk, $text) = @_;
    $doing = 'sending a message';
    print "  consumer: $text\n";
    check(lpc_conversation_send_text($talk, $text, undef, \$err));
}

# The agent said something: marks it as read, and answers the first time.
sub said {
    my ($talk, $text, $sequence) = @_;
    print "  agent:    $text\n";
    $doing = 'marking a message as read';
    check(lpc_conversation_send_accept_status(
        $talk, ACCEPT_STATUS_READ, [$sequence], 1, undef, undef, \$err));
    return say_text($talk, 'An order') if ++$answers == 1;
    print "  (the consumer rates it with 5 stars, and closes)\n";
    $doing = 'rating the conversation';
    check(lpc_conversation_rate($talk, 5, 1, CSAT_STATUS_FILLED, undef, \$err));
    $doing = 'closing the conversation';
    check(lpc_conversation_close($talk, undef, \$err));
}

# Event $i of the notification $n.
sub handle {
    my ($talk, $lp_id, $n, $i) = @_;
    my ($kind, $text) = (lpc_event_kind($n, $i), lpc_event_text($n, $i));
    # A webhook is told of all conversations of the account.
    return if $closed || lpc_event_conversation_id($n, $i) ne lpc_conversation_id($talk);
    if ($kind == KIND_CONVERSATION) {
        # The JSON lists who takes part; a program with a JSON parser would look there.
        print "  (an agent joins)\n" if lpc_event_json($n, $i) =~ /"ASSIGNED_AGENT"/ && !$joined++;
        $closed = $text eq 'CLOSE';
        return;
    }
    # What this consumer did is told as well, and what agents note for each other.
    return if lpc_event_originator_id($n, $i) eq $lp_id
        || lpc_event_audience($n, $i) eq 'AGENTS_AND_MANAGERS';
    said($talk, $text, lpc_event_sequence($n, $i)) if $kind == KIND_TEXT;
    print "  (the agent types)\n" if $kind == KIND_CHAT_STATE && $text eq 'COMPOSING';
    print "  (the agent reads)\n" if $kind == KIND_ACCEPT_STATUS && $text eq 'READ';
}

# Handles are local to it: of objects that live until Perl itself ends, some are never destroyed.
sub main {
    my ($consumer_id) = @_;
    my $config = lpc_config_new();
    check(lpc_config_load_env($config, \$err));
    my $receiver = made('lpc_receiver', lpc_receiver_new($config, \$out, \$err));
    my $client = made('lpc_client', lpc_client_new($config, \$out, \$err));
    my $consumer = made('lpc_consumer', lpc_consumer_new($client, $consumer_id, \$out, \$err));
    check(lpc_consumer_lp_id($consumer, \my $lp_id, \$err));
    my $talk = made('lpc_conversation', lpc_conversation_open($consumer, undef, \$out, \$err));
    print 'conversation ', lpc_conversation_id($talk), " opened\n";
    print 'notifications come to ', lpc_receiver_url($receiver), "\n";
    say_text($talk, 'Hi, this is the Perl example');
    until ($closed) {
        $doing = 'waiting for the agent';
        my $n = made('lpc_notification', lpc_receiver_poll($receiver, PATIENCE_MS, \$out, \$err));
        handle($talk, $lp_id, $n, $_) for 0 .. lpc_notification_event_count($n) - 1;
        check(lpc_receiver_ack($receiver, $n, \$err));    # only now: what is not comes again
    }
    print "conversation closed\n";
}

$| = 1;    # each line at once, into a pipe too
main($ARGV[0] // 'John_Doe_facebook12345');
