# Functions and numbers of lpconnector.h, which describes them; those without a line here are added in
# the same way. Text is UTF-8 bytes all the way: as the library gives and takes it.
package LPConnector;
use strict;
use warnings;
use Exporter 'import';
use FFI::Platypus 2.00;

our @EXPORT = qw(call get);

my %numbers = (
    LPC_ABI_VERSION => 0,    # to compare with lpc_abi_version()
    LPC_OK => 0, LPC_INVALID_ARGUMENT => 1, LPC_CONFIG => 2, LPC_CONNECT => 3, LPC_TLS => 4,
    LPC_TIMEOUT => 5, LPC_UNAUTHORIZED => 6, LPC_REJECTED => 7, LPC_RATE_LIMITED => 8,
    LPC_SERVER => 9, LPC_PROTOCOL => 10, LPC_CLOSED => 11, LPC_IO => 12, LPC_SIGNATURE => 13,
    LPC_EMPTY => 14, LPC_ALREADY_OPEN => 15, LPC_FULL => 16, LPC_INTERNAL => 99,
    LPC_EVENT_KIND_OTHER => 0, LPC_EVENT_KIND_TEXT => 1, LPC_EVENT_KIND_FILE => 2,
    LPC_EVENT_KIND_RICH_CONTENT => 3, LPC_EVENT_KIND_CHAT_STATE => 4,
    LPC_EVENT_KIND_ACCEPT_STATUS => 5, LPC_EVENT_KIND_CONVERSATION => 6,
    LPC_CHAT_STATE_ACTIVE => 0, LPC_CHAT_STATE_INACTIVE => 1, LPC_CHAT_STATE_GONE => 2,
    LPC_CHAT_STATE_COMPOSING => 3, LPC_CHAT_STATE_PAUSE => 4,
    LPC_ACCEPT_STATUS_ACCEPT => 0, LPC_ACCEPT_STATUS_READ => 1, LPC_ACCEPT_STATUS_ACCESS => 2,
    LPC_ACCEPT_STATUS_NACK => 3, LPC_ACCEPT_STATUS_ACTION => 4,
    LPC_CSAT_STATUS_FILLED => 0, LPC_CSAT_STATUS_PARTIALLY_FILLED => 1,
    LPC_CSAT_STATUS_SKIPPED => 2,
    LPC_LOG_LEVEL_OFF => 0, LPC_LOG_LEVEL_ERROR => 1, LPC_LOG_LEVEL_WARN => 2,
    LPC_LOG_LEVEL_INFO => 3, LPC_LOG_LEVEL_DEBUG => 4, LPC_LOG_LEVEL_TRACE => 5,
    LPC_UPDATE_KIND_SENT => 1, LPC_UPDATE_KIND_FAILED => 2, LPC_UPDATE_KIND_OPENED => 3,
    LPC_UPDATE_KIND_EVENT => 4, LPC_UPDATE_KIND_CLOSED => 5,
);
require constant;
constant->import(\%numbers);
push @EXPORT, keys %numbers;

my $ffi = FFI::Platypus->new(api => 2, lib => 'liblpconnector.so');
# Each kind of handle is a class, whose objects free their handle at the end of their scope.
for my $kind (
    qw(error config client consumer conversation receiver notification connector update response)) {
    $ffi->type("object(lpc_$kind)" => $kind);
    $ffi->attach(["lpc_${kind}_free" => "lpc_${kind}::DESTROY"] => [$kind] => 'void');
}

# What an update lends: taken where the library's own are, and never freed.
for my $kind (qw(error notification)) {
    $ffi->type("object(lpc_lent_$kind)" => "lent_$kind");
    no strict 'refs';
    @{"lpc_lent_${kind}::ISA"} = "lpc_$kind";
    *{"lpc_lent_${kind}::DESTROY"} = sub { };
}

# An `opaque*` receives a handle, and the last one an error; a plain `opaque` is left undef: NULL.
# A `string` that comes back is copied, because what the library lends ends with its handle.
sub function {
    my ($name, $result, @takes) = @_;
    $ffi->attach("lpc_$name" => \@takes => $result);
    push @EXPORT, "lpc_$name";
}
function(abi_version => 'uint32');
function(status_name => 'string', 'sint32');
function(error_status => 'sint32', 'error');
function(error_message => 'string', 'error');
function(error_maybe_delivered => 'bool', 'error');
function(config_new => 'config');
function(config_set => 'sint32', 'config', 'string', 'string', 'opaque*');
function(config_load_env => 'sint32', 'config', 'opaque*');
function(client_new => 'sint32', 'config', 'opaque*', 'opaque*');
function("${_}_set_credentials" => 'sint32', $_, 'string', 'string', 'opaque*') for qw(client receiver connector);
function(consumer_new => 'sint32', 'client', 'string', 'opaque*', 'opaque*');
function(consumer_lp_id => 'sint32', 'consumer', 'string*', 'opaque*');
function(conversation_open => 'sint32', 'consumer', 'string', 'opaque*', 'opaque*');
function(conversation_attach => 'sint32', 'consumer', 'string', 'string', 'opaque*', 'opaque*');
function(conversation_id => 'string', 'conversation');
function(conversation_send_text => 'sint32', 'conversation', 'string', 'opaque', 'opaque*');
function("conversation_$_" => 'sint32', 'conversation', 'string', 'string', 'opaque', 'opaque*')
    for qw(send_event send_rich_content);
function(conversation_send_chat_state => 'sint32', 'conversation', 'sint32', 'opaque', 'opaque*');
function(conversation_send_accept_status => 'sint32', 'conversation', 'sint32', 'sint64[]',
    'size_t', 'string', 'opaque', 'opaque*');
function(conversation_send_file => 'sint32', 'conversation', 'string', 'string', 'opaque',
    'opaque*');
function(conversation_send_file_bytes => 'sint32', 'conversation', 'string', 'size_t', 'string',
    'string', 'opaque', 'opaque*');
function(conversation_set_ttr => 'sint32', 'conversation', 'string', 'sint64', 'opaque', 'opaque*');
function(conversation_rate => 'sint32', 'conversation', 'sint32', 'bool', 'sint32', 'opaque',
    'opaque*');
function("conversation_$_" => 'sint32', 'conversation', 'opaque', 'opaque*') for qw(close close_stage);
function(receiver_new => 'sint32', 'config', 'opaque*', 'opaque*');
function(receiver_url => 'string', 'receiver');
function(receiver_poll => 'sint32', 'receiver', 'sint64', 'opaque*', 'opaque*');
function(receiver_ack => 'sint32', 'receiver', 'notification', 'opaque*');
function(connector_new => 'sint32', 'config', 'opaque*', 'opaque*');
function("connector_$_" => 'sint32', 'connector', 'string', 'string', 'string', 'opaque*')
    for qw(submit submit_text download_file);
function(connector_receive => 'sint32', 'connector', 'string', 'size_t', 'string', 'opaque*');
function(connector_poll => 'sint32', 'connector', 'sint64', 'opaque*', 'opaque*');
function(connector_ack => 'sint32', 'connector', 'update', 'opaque*');
function(connector_nack => 'sint32', 'connector', 'update', 'sint64', 'opaque*');
function(connector_fd => 'sint32', 'connector');
function(connector_stats => 'sint32', 'connector', 'opaque*', 'opaque*');
function(connector_url => 'string', 'connector');
function(connector_shutdown => 'void', 'connector', 'sint64');
function(update_kind => 'sint32', 'update');
function("update_$_" => 'string', 'update') for qw(consumer_id conversation_id dialog_id key);
function(update_sequence => 'sint64', 'update');
function(update_attempts => 'uint32', 'update');
function(update_is_repeat => 'bool', 'update');
function("update_$_" => "lent_$_", 'update') for qw(error notification);    # undef where there is none
function(response_body => 'opaque', 'response', 'size_t*');    # for FFI::Platypus::Buffer
function(notification_account_id => 'string', 'notification');
function(notification_event_count => 'size_t', 'notification');
function(event_kind => 'sint32', 'notification', 'size_t');
function(event_sequence => 'sint64', 'notification', 'size_t');
function("event_$_" => 'string', 'notification', 'size_t')
    for qw(conversation_id dialog_id originator_id audience text state metadata_json json);
function(event_is_closed => 'bool', 'notification', 'size_t');

# What call() dies with: prints as "LPC_...: message". A copy of the error, which must be freed before
# Perl ends, as an exception that nobody catches is not.
package LPConnector::Error {
    use overload '""' => sub { $_[0]{message} }, fallback => 1;
    sub status { $_[0]{status} }    # one of LPC_...
    sub maybe_delivered { $_[0]{maybe_delivered} }
}

# Calls a function, without its last argument; dies with an LPConnector::Error if it failed.
sub call {
    my ($function, @takes) = @_;
    my $status = $function->(@takes, \my $handle);
    return if $status == LPConnector::LPC_OK();
    my $error = bless \$handle, 'lpc_error';
    die bless {
        message => lpc_status_name($status) . ': ' . lpc_error_message($error) . "\n",
        status => $status,
        maybe_delivered => lpc_error_maybe_delivered($error),
    }, 'LPConnector::Error';
}

# The same for a function whose last argument but one receives a handle: gives an object of the class.
sub get {
    my ($class, $function, @takes) = @_;
    call($function, @takes, \my $handle);
    return bless \$handle, $class;
}

1;
