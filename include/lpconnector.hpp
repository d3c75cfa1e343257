/*!
 * @file
 * lpconnector for C++: classes over lpconnector.h, which they need and nothing else.
 *
 * C++11 or newer; header only. Link with liblpconnector. Names and meanings are those of C, with
 * these rules on top:
 *
 * - Handles (Config, Client, Consumer, Conversation, Response, Notification, Receiver, Update,
 *   Connector) own what they hold and free it. They are moved, not copied, and outlive the handles
 *   that made them: a Conversation goes on when its Consumer and Client are gone. From a handle that was moved from,
 *   accessors give empty text, and every other call throws InvalidArgument.
 * - A call that fails throws a class of Error. Beside what a function lists, every one may throw
 *   InvalidArgument, and std::bad_alloc.
 * - Text is UTF-8 in a std::string. Optional text that is empty is absent: `open("")` is `open()`.
 *   A NUL inside a text, behind which C could not see, is InvalidArgument.
 * - Text that is given is copied where it is kept; text that comes back is the caller's own.
 * - Client, Consumer, Conversation, Receiver and Connector may be used from any number of threads at
 *   once; moving, assigning and destroying them is for one thread, while no other uses them. Config,
 *   Response, Notification and Update belong to one thread at a time. Errors are immutable and may go to any
 *   thread.
 */

#ifndef LPCONNECTOR_HPP
#define LPCONNECTOR_HPP

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "lpconnector.h"

namespace lpc {

/// The version of the library in use, for example "0.1.0"; compare LPC_VERSION_MAJOR, _MINOR and
/// _PATCH, which are those of the header. Any thread may call this.
inline std::string version() { return lpc_version(); }

/// The number of the library's ABI. A program works with a library of the number that it was built
/// with: LPC_ABI_VERSION, which is that of the header. Any thread may call this.
inline std::uint32_t abi_version() noexcept { return lpc_abi_version(); }

/// The outcome of a call; each but Ok has an exception class of its own, see there. A newer library
/// may give a number that is not listed.
enum class Status : std::int32_t {
    Ok = LPC_OK,
    InvalidArgument = LPC_INVALID_ARGUMENT,
    Config = LPC_CONFIG,
    Connect = LPC_CONNECT,
    Tls = LPC_TLS,
    Timeout = LPC_TIMEOUT,
    Unauthorized = LPC_UNAUTHORIZED,
    Rejected = LPC_REJECTED,
    RateLimited = LPC_RATE_LIMITED,
    Server = LPC_SERVER,
    Protocol = LPC_PROTOCOL,
    Closed = LPC_CLOSED,
    Io = LPC_IO,
    Signature = LPC_SIGNATURE,
    Empty = LPC_EMPTY,
    AlreadyOpen = LPC_ALREADY_OPEN,
    Full = LPC_FULL,
    Internal = LPC_INTERNAL
};

/// The name of a status as in C, for example "LPC_TIMEOUT"; "LPC_UNKNOWN" for a number without one.
inline std::string status_name(Status status) {
    return lpc_status_name(static_cast<lpc_status>(status));
}

/// What the consumer is doing.
enum class ChatState : std::int32_t {
    Active = LPC_CHAT_STATE_ACTIVE,       ///< In the conversation.
    Inactive = LPC_CHAT_STATE_INACTIVE,   ///< Not looking at the moment.
    Gone = LPC_CHAT_STATE_GONE,           ///< Left.
    Composing = LPC_CHAT_STATE_COMPOSING, ///< Typing. Another state must follow.
    Pause = LPC_CHAT_STATE_PAUSE          ///< Stopped typing.
};

/// What became of a message.
enum class AcceptStatus : std::int32_t {
    Accept = LPC_ACCEPT_STATUS_ACCEPT, ///< It arrived.
    Read = LPC_ACCEPT_STATUS_READ,     ///< It was read.
    Access = LPC_ACCEPT_STATUS_ACCESS, ///< Its file was opened.
    Nack = LPC_ACCEPT_STATUS_NACK,     ///< It could not be shown.
    Action = LPC_ACCEPT_STATUS_ACTION  ///< Its structured content was answered; with metadata.
};

/// How far the consumer filled in the rating.
enum class CsatStatus : std::int32_t {
    Filled = LPC_CSAT_STATUS_FILLED,                    ///< Completely.
    PartiallyFilled = LPC_CSAT_STATUS_PARTIALLY_FILLED, ///< In part.
    Skipped = LPC_CSAT_STATUS_SKIPPED                   ///< Not at all.
};

/// What an event of a notification is about. A newer library may give a number that is not listed.
enum class EventKind : std::int32_t {
    Other = LPC_EVENT_KIND_OTHER,                ///< Something else, or of an unknown type.
    Text = LPC_EVENT_KIND_TEXT,                  ///< A text.
    File = LPC_EVENT_KIND_FILE,                  ///< A file, also one to listen to.
    RichContent = LPC_EVENT_KIND_RICH_CONTENT,   ///< Cards, buttons, carousels and so on.
    ChatState = LPC_EVENT_KIND_CHAT_STATE,       ///< What somebody is doing.
    AcceptStatus = LPC_EVENT_KIND_ACCEPT_STATUS, ///< What became of messages.
    Conversation = LPC_EVENT_KIND_CONVERSATION   ///< The state of a conversation.
};

#ifndef LPC_SENDING_ALONE
/// What an update of a connector is about. A newer library may give a number that is not listed.
enum class UpdateKind : std::int32_t {
    Sent = LPC_UPDATE_KIND_SENT,     ///< An action that had a key was sent.
    Failed = LPC_UPDATE_KIND_FAILED, ///< An action was not sent, and never will be.
    Opened = LPC_UPDATE_KIND_OPENED, ///< A conversation was opened for the consumer.
    Event = LPC_UPDATE_KIND_EVENT,   ///< Something happened in the consumer's conversation.
    Closed = LPC_UPDATE_KIND_CLOSED  ///< The conversation is over; the next message opens another.
};
#endif

/// How much a log line matters.
enum class LogLevel : std::int32_t {
    Off = LPC_LOG_LEVEL_OFF,     ///< Nothing is logged.
    Error = LPC_LOG_LEVEL_ERROR, ///< A request failed for good.
    Warn = LPC_LOG_LEVEL_WARN,   ///< Something went wrong and is tried again, or was put right.
    Info = LPC_LOG_LEVEL_INFO,   ///< What happens seldom: tokens, discovery.
    Debug = LPC_LOG_LEVEL_DEBUG, ///< Every request.
    Trace = LPC_LOG_LEVEL_TRACE  ///< Every connection, name and wait.
};

/// The name of a level, for example "WARN"; "UNKNOWN" for a number that is none.
inline std::string log_level_name(LogLevel level) {
    return lpc_log_level_name(static_cast<lpc_log_level>(level));
}

/// Not for use from outside this header.
namespace detail {

/// Frees a handle of any type.
struct Free {
    void operator()(lpc_config *handle) const noexcept { lpc_config_free(handle); }
    void operator()(lpc_client *handle) const noexcept { lpc_client_free(handle); }
    void operator()(lpc_consumer *handle) const noexcept { lpc_consumer_free(handle); }
    void operator()(lpc_conversation *handle) const noexcept { lpc_conversation_free(handle); }
    void operator()(lpc_response *handle) const noexcept { lpc_response_free(handle); }
    void operator()(lpc_notification *handle) const noexcept { lpc_notification_free(handle); }
#ifndef LPC_SENDING_ALONE
    void operator()(lpc_receiver *handle) const noexcept { lpc_receiver_free(handle); }
    void operator()(lpc_update *handle) const noexcept { lpc_update_free(handle); }
    void operator()(lpc_connector *handle) const noexcept { lpc_connector_free(handle); }
#endif
    void operator()(lpc_error *handle) const noexcept { lpc_error_free(handle); }
};

template <typename T>
using Handle = std::unique_ptr<T, Free>;

/// A copy of text borrowed from a handle; of NULL, empty text.
inline std::string copy(const char *text) { return text != nullptr ? text : ""; }

/// A copy of bytes borrowed from a handle.
inline std::string copy(const std::uint8_t *bytes, std::size_t len) {
    return bytes != nullptr ? std::string(reinterpret_cast<const char *>(bytes), len)
                            : std::string();
}

inline const std::uint8_t *bytes(const std::string &text) noexcept {
    return reinterpret_cast<const std::uint8_t *>(text.data());
}

/// What an Error tells; never changed once made.
struct Fields {
    Status status = Status::Ok;
    std::string message;
    std::int32_t http_status = 0;
    std::int32_t service_code = 0;
    std::string title;
    std::string details;
    std::string request_id;
    std::uint32_t attempts = 0;
    bool is_retryable = false;
    bool maybe_delivered = false;
    std::int64_t retry_after_ms = -1;
    std::string body;
};

} // namespace detail

/// Why a call failed; what() is one sentence that a person can act on, with no secret in it.
/// Copies share their content, and any thread may read it.
class Error : public std::runtime_error {
public:
    /// Made by this library only.
    explicit Error(std::shared_ptr<const detail::Fields> fields)
        : std::runtime_error(fields->message), fields_(std::move(fields)) {}

    /// Moving copies, too: what was moved from still tells.
    Error(const Error &) = default;
    /// As the constructor.
    Error &operator=(const Error &) = default;

    /// The status that the call in C returned.
    Status status() const noexcept { return fields_->status; }

    /// The HTTP status of the answer; 0 if none came.
    std::int32_t http_status() const noexcept { return fields_->http_status; }

    /// The service's own error code, for example 40102 (invalid AppJWT); 0 if it gave none.
    std::int32_t service_code() const noexcept { return fields_->service_code; }

    /// The service's title of the error; empty if it gave none.
    const std::string &title() const noexcept { return fields_->title; }

    /// The service's details of the error; empty if it gave none.
    const std::string &details() const noexcept { return fields_->details; }

    /// The id of the request that failed; empty where it was never tried or the failing request has
    /// no id (tokens, discovery).
    const std::string &request_id() const noexcept { return fields_->request_id; }

    /// How often the failing request was tried, connection failures included; 0 if it never was.
    std::uint32_t attempts() const noexcept { return fields_->attempts; }

    /// Whether the same call may succeed later: connection failures, but for a proxy that refuses,
    /// timeouts, 429 and 5xx; a queue of the library's that is full, and a store that could not
    /// write. Where maybe_delivered() is true too, repeating a message may deliver it twice.
    bool is_retryable() const noexcept { return fields_->is_retryable; }

    /// Whether the request may have taken effect: it was sent, but no usable answer came.
    bool maybe_delivered() const noexcept { return fields_->maybe_delivered; }

    /// How long the service asked to wait (Retry-After), in milliseconds; -1 if unknown.
    std::int64_t retry_after_ms() const noexcept { return fields_->retry_after_ms; }

    /// The raw answer of the service, any bytes; empty if there was none.
    const std::string &body() const noexcept { return fields_->body; }

private:
    std::shared_ptr<const detail::Fields> fields_;
};

/// An argument is not what the call takes: text with a NUL inside or that is not UTF-8, a handle
/// that was moved from, an unknown member of a JSON text. Nothing was sent.
class InvalidArgument : public Error {
    using Error::Error;
};

/// A configuration option is unknown, malformed or missing. Nothing was sent.
class ConfigError : public Error {
    using Error::Error;
};

/// No connection: the name did not resolve, or the host refused, is unreachable, or reset.
class ConnectError : public Error {
    using Error::Error;
};

/// The TLS handshake or a certificate check failed.
class TlsError : public Error {
    using Error::Error;
};

/// A deadline passed.
class Timeout : public Error {
    using Error::Error;
};

/// The service answered 401; see service_code().
class Unauthorized : public Error {
    using Error::Error;
};

/// The service answered with another 4xx, or refused a request inside an answer.
class Rejected : public Error {
    using Error::Error;
};

/// The consumer has an open conversation; the service refuses a second one. Its id comes with the
/// consumer's next notification.
class AlreadyOpen : public Rejected {
    using Rejected::Rejected;
};

/// The service answered 429; see retry_after_ms().
class RateLimited : public Error {
    using Error::Error;
};

/// The service answered with a 5xx.
class ServerError : public Error {
    using Error::Error;
};

/// An answer is not what the protocol allows.
class ProtocolError : public Error {
    using Error::Error;
};

/// The client, receiver or connector was shut down, or the conversation was closed: by this handle,
/// or the service says so, whatever the HTTP status it says it with.
class Closed : public Error {
    using Error::Error;
};

/// A local file could not be read or written.
class IoError : public Error {
    using Error::Error;
};

/// A webhook's signature does not match.
class SignatureError : public Error {
    using Error::Error;
};

/// Nothing arrived in time. No function of this header throws it: see Receiver::poll() and
/// Connector::poll().
class Empty : public Error {
    using Error::Error;
};

/// A queue of the library's has no room.
class Full : public Error {
    using Error::Error;
};

/// A defect of the library; what() says where.
class InternalError : public Error {
    using Error::Error;
};

namespace detail {

/// Throws the class of the status; Error itself for one that a newer library added.
[[noreturn]] inline void raise(Fields what) {
    const Status status = what.status;
    std::shared_ptr<const Fields> fields = std::make_shared<Fields>(std::move(what));

    switch (status) {
    case Status::InvalidArgument: throw InvalidArgument(std::move(fields));
    case Status::Config: throw ConfigError(std::move(fields));
    case Status::Connect: throw ConnectError(std::move(fields));
    case Status::Tls: throw TlsError(std::move(fields));
    case Status::Timeout: throw Timeout(std::move(fields));
    case Status::Unauthorized: throw Unauthorized(std::move(fields));
    case Status::Rejected: throw Rejected(std::move(fields));
    case Status::RateLimited: throw RateLimited(std::move(fields));
    case Status::Server: throw ServerError(std::move(fields));
    case Status::Protocol: throw ProtocolError(std::move(fields));
    case Status::Closed: throw Closed(std::move(fields));
    case Status::Io: throw IoError(std::move(fields));
    case Status::Signature: throw SignatureError(std::move(fields));
    case Status::Empty: throw Empty(std::move(fields));
    case Status::AlreadyOpen: throw AlreadyOpen(std::move(fields));
    case Status::Full: throw Full(std::move(fields));
    case Status::Internal: throw InternalError(std::move(fields));
    case Status::Ok: break;
    }
    throw Error(std::move(fields));
}

/// What an error of C tells; NULL tells nothing.
inline Fields fields(const lpc_error *error) {
    Fields what;
    std::size_t len = 0;

    what.status = static_cast<Status>(lpc_error_status(error));
    what.message = copy(lpc_error_message(error));
    what.http_status = lpc_error_http_status(error);
    what.service_code = lpc_error_service_code(error);
    what.title = copy(lpc_error_title(error));
    what.details = copy(lpc_error_details(error));
    what.request_id = copy(lpc_error_request_id(error));
    what.attempts = lpc_error_attempts(error);
    what.is_retryable = lpc_error_is_retryable(error);
    what.maybe_delivered = lpc_error_maybe_delivered(error);
    what.retry_after_ms = lpc_error_retry_after_ms(error);
    const std::uint8_t *body = lpc_error_body(error, &len);
    what.body = copy(body, len);
    return what;
}

/// Throws if the call failed. Takes over the error, by reference: the call that is the first
/// argument may be evaluated last.
inline void check(lpc_status status, lpc_error *&error) {
    if (status == LPC_OK)
        return;
    const Handle<lpc_error> owned(error);

    error = nullptr;
    Fields what = fields(owned.get());
    what.status = static_cast<Status>(status);
    raise(std::move(what));
}

/// The text as C takes it. `name` is the argument's, for the error.
inline const char *text(const std::string &value, const char *name) {
    if (value.find('\0') != std::string::npos) {
        Fields what;
        what.status = Status::InvalidArgument;
        what.message = std::string(name) + " has a NUL inside";
        raise(std::move(what));
    }
    return value.c_str();
}

/// As text(), with NULL for text that is empty.
inline const char *optional_text(const std::string &value, const char *name) {
    return value.empty() ? nullptr : text(value, name);
}

/// The function that a configuration's clients log to. Its address is what C knows, so everything
/// that may log shares it.
class Log {
public:
    using Function = std::function<void(LogLevel, const std::string &)>;

    explicit Log(Function function) : function_(std::move(function)) {}

    static void call(void *user_data, std::int32_t level, const char *line) noexcept {
        try {
            static_cast<const Log *>(user_data)->function_(static_cast<LogLevel>(level), line);
        } catch (...) {
            // What is told must not disturb what it tells about.
        }
    }

private:
    const Function function_;
};

/// Frees a handle that logs, and keeps the function that it logs to. Moving a unique_ptr frees the
/// old handle before it replaces this, so no handle outlives its function.
struct FreeLogging : Free {
    explicit FreeLogging(std::shared_ptr<Log> to = nullptr) noexcept : log(std::move(to)) {}

    std::shared_ptr<Log> log;
};

template <typename T>
using LoggingHandle = std::unique_ptr<T, FreeLogging>;

/// A file on its way in this thread: keeps what the progress function throws, which must not
/// unwind through C, until the call is back in C++.
class Transfer {
public:
    Transfer() noexcept : outer_(current()) { current() = this; }
    ~Transfer() { current() = outer_; }
    Transfer(const Transfer &) = delete;
    Transfer &operator=(const Transfer &) = delete;

    /// Throws what the progress function threw, or what the status tells, if anything.
    void check(lpc_status status, lpc_error *&error) const {
        if (thrown_) {
            lpc_error_free(error);
            error = nullptr;
            std::rethrow_exception(thrown_);
        }
        detail::check(status, error);
    }

private:
    friend class Progress;

    /// The innermost transfer of this thread: a progress function may send a file itself.
    static Transfer *&current() noexcept {
        static thread_local Transfer *innermost = nullptr;
        return innermost;
    }

    Transfer *const outer_;
    std::exception_ptr thrown_;
};

/// The progress function of a conversation. Its address is what C knows, so it stays when the
/// function is replaced and when the conversation is moved.
class Progress {
public:
    using Function = std::function<void(std::uint64_t, std::uint64_t)>;

    void set(lpc_conversation *conversation, Function function) {
        std::shared_ptr<const Function> next;

        if (function)
            next = std::make_shared<const Function>(std::move(function));
        // In this order, so that of threads that race none leaves a function that is not called.
        if (next) {
            swap(next);
            tell(conversation, &Progress::call);
        } else {
            tell(conversation, nullptr);
            swap(next);
        }
    }

private:
    void tell(lpc_conversation *conversation, lpc_progress_fn function) {
        lpc_error *error = nullptr;
        const lpc_status status =
            lpc_conversation_set_progress_callback(conversation, function, this, &error);
        check(status, error);
    }

    /// Whatever the old function owns is destroyed by the caller: it may call us.
    void swap(std::shared_ptr<const Function> &other) noexcept {
        const Turn turn(is_busy_);
        function_.swap(other);
    }

    std::shared_ptr<const Function> function() noexcept {
        const Turn turn(is_busy_);
        return function_;
    }

    /// Held for as long as a pointer is copied. Not a std::mutex, which some toolchains lack.
    class Turn {
    public:
        explicit Turn(std::atomic_flag &is_busy) noexcept : is_busy_(is_busy) {
            while (is_busy_.test_and_set(std::memory_order_acquire)) {
            }
        }
        ~Turn() { is_busy_.clear(std::memory_order_release); }
        Turn(const Turn &) = delete;
        Turn &operator=(const Turn &) = delete;

    private:
        std::atomic_flag &is_busy_;
    };

    static void call(void *user_data, std::uint64_t done, std::uint64_t total) noexcept {
        Transfer *const transfer = Transfer::current();
        if (transfer != nullptr && transfer->thrown_)
            return;
        try {
            // Kept while it runs, even if it is replaced meanwhile.
            const auto function = static_cast<Progress *>(user_data)->function();
            if (function)
                (*function)(done, total);
        } catch (...) {
            // No transfer of ours: the call was made in C, which has no place for it.
            if (transfer != nullptr)
                transfer->thrown_ = std::current_exception();
        }
    }

    std::atomic_flag is_busy_ = ATOMIC_FLAG_INIT;
    std::shared_ptr<const Function> function_;
};

/// As FreeLogging, and keeps the progress function.
struct FreeConversation : FreeLogging {
    FreeConversation() noexcept = default;
    FreeConversation(std::shared_ptr<Log> to, std::unique_ptr<Progress> kept) noexcept
        : FreeLogging(std::move(to)), progress(std::move(kept)) {}

    std::unique_ptr<Progress> progress;
};

} // namespace detail

/// The service's answer to a request that it accepted. Belongs to one thread at a time. It outlives
/// the handles of the call that gave it.
class Response {
public:
    /// The id of the request that this answers; for a batch, that of its first request.
    std::string request_id() const { return detail::copy(lpc_response_request_id(handle())); }

    /// The HTTP status, any of 200 to 299.
    std::int32_t http_status() const noexcept { return lpc_response_http_status(handle()); }

    /// The code as the service wrote it, mostly "OK".
    std::string code() const { return detail::copy(lpc_response_code(handle())); }

    /// Whether the answer has a sequence; that of a batch has none.
    bool has_sequence() const noexcept { return sequence() != -1; }

    /// body.sequence of the answer, handed on as it came; -1 if absent.
    std::int64_t sequence() const noexcept { return lpc_response_sequence(handle()); }

    /// The JSON of the answer's body; for a batch, the whole array of answers.
    std::string body() const {
        std::size_t len = 0;
        const std::uint8_t *bytes = lpc_response_body(handle(), &len);
        return detail::copy(bytes, len);
    }

    /// The whole answer as it came.
    std::string raw() const {
        std::size_t len = 0;
        const std::uint8_t *bytes = lpc_response_raw(handle(), &len);
        return detail::copy(bytes, len);
    }

    /// How often the request was sent until this answer came.
    std::uint32_t attempts() const noexcept { return lpc_response_attempts(handle()); }

    /// The handle for calls of the C functions; it stays this object's. NULL after a move.
    lpc_response *handle() const noexcept { return handle_.get(); }

private:
    friend class Client;
    friend class Consumer;
    friend class Conversation;
    friend class Receiver;
    friend class Connector;
    explicit Response(lpc_response *handle) noexcept : handle_(handle) {}

    detail::Handle<lpc_response> handle_;
};

/// Checks that the body of a webhook was signed with the client secret. Call it before anything else
/// is done with the body.
///
/// `secret`: the client secret of the app install; while it is replaced, the old and the new one with
/// a line feed between them. `body`: the bytes as they came; JSON that was read and written again has
/// another signature. `signature`: the header x-liveperson-signature, empty if there was none.
///
/// SignatureError if it does not match or is none; what() says which, and repeats nothing of what was
/// received. InvalidArgument for an empty secret. Any thread may call this.
inline void verify_webhook(const std::string &secret, const std::string &body,
                           const std::string &signature) {
    lpc_error *err = nullptr;
    detail::check(lpc_webhook_verify(detail::text(secret, "secret"), detail::bytes(body),
                                     body.size(), detail::text(signature, "signature"), &err), err);
}

/// One event of a notification or update: a view, copied freely and valid until the Notification or
/// Update it came from is destroyed or assigned to. Moving that does not disturb it.
class Event {
public:
    /// What the event is about.
    EventKind kind() const noexcept { return static_cast<EventKind>(lpc_event_kind(of_, index_)); }

    /// The id of the conversation; empty if absent, as where older notifications and those of a
    /// survey name only the dialog. The main dialog's id is the conversation's; that of a survey is
    /// not.
    std::string conversation_id() const {
        return detail::copy(lpc_event_conversation_id(of_, index_));
    }

    /// The id of the dialog; empty if absent, and for the state of a conversation.
    std::string dialog_id() const { return detail::copy(lpc_event_dialog_id(of_, index_)); }

    /// Whether the event has a sequence; a chat state and the state of a conversation have none.
    bool has_sequence() const noexcept { return sequence() != -1; }

    /// The number of the event in its dialog, from 0 on; -1 if absent.
    std::int64_t sequence() const noexcept { return lpc_event_sequence(of_, index_); }

    /// Who caused the event: for a consumer what Consumer::lp_id() gives. Empty if absent.
    std::string originator_id() const {
        return detail::copy(lpc_event_originator_id(of_, index_));
    }

    /// The role of who caused it: CONSUMER, ASSIGNED_AGENT, AGENT, MANAGER, READER, CONTROLLER or
    /// another. Empty if absent.
    std::string originator_role() const {
        return detail::copy(lpc_event_originator_role(of_, index_));
    }

    /// Whether the event has a time; a chat state may have none.
    bool has_timestamp() const noexcept { return timestamp_ms() != -1; }

    /// When the service took the event, in milliseconds since 1970, UTC; for the state of a
    /// conversation when it changed last. -1 if absent.
    std::int64_t timestamp_ms() const noexcept { return lpc_event_timestamp_ms(of_, index_); }

    /// What a person reads of the event: of a text the message; of a file its caption; of rich content
    /// its texts, titles and captions, a line each; of a secure form its title. Empty if absent, and for
    /// all else, which says nothing to the consumer: see state().
    std::string text() const { return detail::copy(lpc_event_text(of_, index_)); }

    /// The name of the state that the event tells: of a chat state ("COMPOSING"), of an accept status
    /// ("READ"), of a conversation ("OPEN", "CLOSE"), which is that of the main dialog: see
    /// is_closed(). Empty if absent, and for all else.
    std::string state() const { return detail::copy(lpc_event_state(of_, index_)); }

    /// Who is to see it: ALL, or AGENTS_AND_MANAGERS, which is not for the consumer. Empty means
    /// all.
    std::string audience() const { return detail::copy(lpc_event_audience(of_, index_)); }

    /// Whether the whole conversation is over: the event is the state of one whose stage is CLOSE.
    /// While a survey runs the state is CLOSE, which is that of the main dialog, and the stage still
    /// OPEN.
    bool is_closed() const noexcept { return lpc_event_is_closed(of_, index_); }

    /// The JSON of what the event carries beside its content: an ExternalId, the question of a
    /// survey, the answer to structured content. Mostly an array; empty if absent.
    std::string metadata_json() const {
        return detail::copy(lpc_event_metadata_json(of_, index_));
    }

    /// The JSON of the change that the event is: what no other function gives stands there. Of a
    /// notification without changes it is the whole; empty where that is no JSON.
    std::string json() const { return detail::copy(lpc_event_json(of_, index_)); }

private:
    friend class Events;
    friend class Update;
    Event(const lpc_notification *of, std::size_t index) noexcept : of_(of), index_(index) {}

    const lpc_notification *of_;
    std::size_t index_;
};

/// The events of a notification, in the order of its changes: a view as Event is, for a `for` over
/// all of them, or by their index.
class Events {
public:
    /// Goes from one event to the next: an input iterator of the standard library.
    class Iterator {
    public:
        /// @cond
        using iterator_category = std::input_iterator_tag;
        using value_type = Event;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = Event;

        Event operator*() const noexcept { return Event(of_, index_); }
        Iterator &operator++() noexcept {
            ++index_;
            return *this;
        }
        Iterator operator++(int) noexcept { return Iterator(of_, index_++); }
        bool operator==(const Iterator &other) const noexcept {
            return of_ == other.of_ && index_ == other.index_;
        }
        bool operator!=(const Iterator &other) const noexcept { return !(*this == other); }
        /// @endcond

    private:
        friend class Events;
        Iterator(const lpc_notification *of, std::size_t index) noexcept
            : of_(of), index_(index) {}

        const lpc_notification *of_;
        std::size_t index_;
    };

    /// At the first event.
    Iterator begin() const noexcept { return Iterator(of_, 0); }
    /// Behind the last one.
    Iterator end() const noexcept { return Iterator(of_, size()); }

    /// How many there are.
    std::size_t size() const noexcept { return lpc_notification_event_count(of_); }

    /// Whether there are none.
    bool empty() const noexcept { return size() == 0; }

    /// The event of this index. Where there is none, its texts are empty and its kind is Other.
    Event operator[](std::size_t index) const noexcept { return Event(of_, index); }

private:
    friend class Notification;
    explicit Events(const lpc_notification *of) noexcept : of_(of) {}

    const lpc_notification *of_;
};

/// What the service posted to a webhook: one or more events. Belongs to one thread at a time. As a
/// condition it is false where nothing came, and after a move.
class Notification {
public:
    /// Reads the body of a webhook. Check its signature first, with verify_webhook().
    ///
    /// Webhooks are account-wide: they tell of all conversations of the account, also of those that
    /// this connector did not open. And a refusal is not free: whatever was signed right is answered
    /// 200, also where this function cannot read it, or the service holds back all that follows.
    ///
    /// Each item of `body.changes` becomes one event. Members, event types and notifications that
    /// the library does not know are no error: where there are no changes, the whole is one event of
    /// the kind Other.
    ///
    /// ProtocolError if it is no JSON object; if it has more than 4 MiB, 128 levels of arrays and
    /// objects, or 10000 changes, participants, dialogs and sequences. Any thread may call this.
    static Notification parse(const std::string &body) {
        lpc_notification *notification = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_notification_parse(detail::bytes(body), body.size(), &notification, &err),
                      err);
        return Notification(notification);
    }

    /// Whether there is one.
    explicit operator bool() const noexcept { return handle_ != nullptr; }

    /// The type as the service wrote it: cqm.ExConversationChangeNotification, or
    /// ms.MessagingEventNotification and what may follow that; empty if absent.
    std::string type_name() const { return detail::copy(lpc_notification_type(handle())); }

    /// The account that the notification belongs to: of one from a receiver what the header
    /// x-liveperson-account-id named. Empty if unknown, as after parse().
    std::string account_id() const { return detail::copy(lpc_notification_account_id(handle())); }

    /// The events, for `for (lpc::Event event : notification.events())`. The notification must stay
    /// meanwhile.
    Events events() const & noexcept { return Events(handle()); }
    Events events() const && = delete;

    /// The body as it came.
    std::string raw() const {
        std::size_t len = 0;
        const std::uint8_t *bytes = lpc_notification_raw(handle(), &len);
        return detail::copy(bytes, len);
    }

    /// The handle for calls of the C functions; it stays this object's. NULL where nothing came, and
    /// after a move.
    lpc_notification *handle() const noexcept { return handle_.get(); }

private:
    friend class Receiver;
    explicit Notification(lpc_notification *handle) noexcept : handle_(handle) {}

    detail::Handle<lpc_notification> handle_;
};

/// Options of a client or receiver, set as text. Belongs to one thread at a time.
///
/// Calls can be chained: `Config().load_file("lp.conf").load_env().set("account.id", "64467156")`.
/// What is set last counts. After an error the option in question is unchanged.
class Config {
public:
    /// What set_log() takes.
    using Log = detail::Log::Function;

    /// A configuration in which every option has its default.
    Config() : handle_(lpc_config_new()) {}

    /// Sets an option. The keys, their values and defaults are listed in CONFIGURATION.md; an empty
    /// value puts the default back.
    ///
    /// ConfigError for a key that does not exist or a value that the option does not take: what()
    /// says which key may have been meant, or which values are allowed.
    Config &set(const std::string &key, const std::string &value) & {
        lpc_error *err = nullptr;
        detail::check(lpc_config_set(handle(), detail::text(key, "key"),
                                     detail::text(value, "value"), &err), err);
        return *this;
    }

    /// As above, on a temporary, which it hands on.
    Config set(const std::string &key, const std::string &value) && {
        return std::move(set(key, value));
    }

    /// Sets every option for which the environment has a variable: LPC_ and the key in upper case
    /// with underscores for dots, for example LPC_ACCOUNT_ID. Other variables are ignored; of one
    /// that looks like a misspelt option, whatever is made with this logs a line of level WARN. No
    /// other thread may change the environment meanwhile.
    ///
    /// ConfigError as for set(), naming the variable; variables before the faulty one are set then.
    Config &load_env() & {
        lpc_error *err = nullptr;
        detail::check(lpc_config_load_env(handle(), &err), err);
        return *this;
    }

    /// As above, on a temporary, which it hands on.
    Config load_env() && { return std::move(load_env()); }

    /// Sets the options of a file with lines `key = value`. Empty lines and lines that begin with
    /// `#` are ignored; space around keys and values is, too.
    ///
    /// IoError if the file cannot be read. ConfigError as for set(), naming file and line; lines
    /// before the faulty one are set then.
    Config &load_file(const std::string &path) & {
        lpc_error *err = nullptr;
        detail::check(lpc_config_load_file(handle(), detail::text(path, "path"), &err), err);
        return *this;
    }

    /// As above, on a temporary, which it hands on.
    Config load_file(const std::string &path) && { return std::move(load_file(path)); }

    /// Calls `log(level, line)` with each line that clients and receivers of this configuration
    /// log, up to this level; an empty function, or LogLevel::Off, stops that, which is the default.
    /// It goes for clients and receivers made later; those that exist keep what they were made with.
    /// Nothing is ever logged anywhere else. A line is one line of text without a secret.
    ///
    /// It is called on each thread that makes a call, by several at once where several do, and
    /// delays the call; for a receiver on the thread that listens. It is kept as long as this
    /// configuration, the clients and receivers made from it, or their consumers and conversations.
    /// What it throws is dropped. Calls in it that may wait throw InvalidArgument at once: whatever
    /// makes requests, Receiver::poll() and ack(). All others are allowed, for example
    /// Client::stats() and Receiver::shutdown(), which does not wait for the listening thread then;
    /// but it must not destroy or assign the last handle that keeps it, a receiver above all.
    ///
    /// InvalidArgument if there is no such level; what was set before stays then.
    Config &set_log(LogLevel level, Log log) & {
        std::shared_ptr<detail::Log> next;
        lpc_error *err = nullptr;

        if (log)
            next = std::make_shared<detail::Log>(std::move(log));
        detail::check(lpc_config_set_log_callback(
                          handle(), next ? &detail::Log::call : nullptr, next.get(),
                          static_cast<lpc_log_level>(level), &err), err);
        handle_.get_deleter().log = std::move(next);
        return *this;
    }

    /// As above, on a temporary, which it hands on.
    Config set_log(LogLevel level, Log log) && { return std::move(set_log(level, std::move(log))); }

    /// The value of an option, or its default. A secret that is set reads as "***". Empty if the
    /// option has neither value nor default, and if the key does not exist.
    std::string get(const std::string &key) const {
        return detail::copy(lpc_config_get(handle(), detail::text(key, "key")));
    }

    /// The handle for calls of the C functions; it stays this object's. NULL after a move.
    lpc_config *handle() const noexcept { return handle_.get(); }

private:
    friend class Client;
    friend class Receiver;
    friend class Connector;

    const std::shared_ptr<detail::Log> &log() const noexcept { return handle_.get_deleter().log; }

    detail::LoggingHandle<lpc_config> handle_;
};

/// One conversation of a consumer, in one of its dialogs, from Consumer::open() or attach(). May be
/// used from any number of threads at once: its sends go out one at a time, those of one thread in
/// their order. Destroying it does not close the conversation, which lives on at the service.
///
/// Every send blocks for at most the option call.timeout.ms. A request that fails is tried again as
/// the options retry.* say, with the same id; a message that may have been delivered is not, unless
/// retry.ambiguous is set.
///
/// Every send throws: Closed after close(), close_stage() or Client::shutdown(), and where the
/// service says that the conversation is closed; Timeout, ConnectError and TlsError if no answer
/// came; Unauthorized, Rejected, RateLimited and ServerError for what the service answered;
/// ProtocolError if the answer cannot be read; ConfigError if there is no token to use. Look at
/// Error::maybe_delivered() before sending a message again.
class Conversation {
public:
    /// What set_progress() takes.
    using Progress = detail::Progress::Function;

    /// The conversation's id.
    std::string id() const { return detail::copy(lpc_conversation_id(handle())); }

    /// The id of the dialog that this handle sends to; that of the first dialog is the
    /// conversation's.
    std::string dialog_id() const { return detail::copy(lpc_conversation_dialog_id(handle())); }

    /// Sends a text as the consumer.
    Response send_text(const std::string &text) {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_send_text(handle(), detail::text(text, "text"), &response,
                                                 &err), err);
        return Response(response);
    }

    /// Sends any event, for example a text with metadata.
    ///
    /// `event_json`: a JSON object, which goes out as it is. `metadata_json`: optional, a JSON array
    /// of objects, for example [{"type":"ExternalId","id":"..."}], with an id of up to 64 characters;
    /// they go out as they are, too.
    Response send_event(const std::string &event_json, const std::string &metadata_json = "") {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_send_event(
                          handle(), detail::text(event_json, "event_json"),
                          detail::optional_text(metadata_json, "metadata_json"), &response, &err),
                      err);
        return Response(response);
    }

    /// Sends rich content: cards, buttons, carousels and so on.
    ///
    /// `content_json`: the vendor's JSON of the content, an object, which goes out as it is.
    /// `metadata_json`: as for send_event().
    Response send_rich_content(const std::string &content_json,
                               const std::string &metadata_json = "") {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_send_rich_content(
                          handle(), detail::text(content_json, "content_json"),
                          detail::optional_text(metadata_json, "metadata_json"), &response, &err),
                      err);
        return Response(response);
    }

    /// Tells the agent what the consumer is doing. After ChatState::Composing another state must
    /// follow, or the agent sees typing for ever.
    Response send_chat_state(ChatState state) {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_send_chat_state(
                          handle(), static_cast<lpc_chat_state>(state), &response, &err), err);
        return Response(response);
    }

    /// Tells the agent what became of the messages with these sequences: at least one, and none
    /// negative. `metadata_json`: as for send_event().
    Response send_accept_status(AcceptStatus status, const std::vector<std::int64_t> &sequences,
                                const std::string &metadata_json = "") {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_send_accept_status(
                          handle(), static_cast<lpc_accept_status>(status), sequences.data(),
                          sequences.size(), detail::optional_text(metadata_json, "metadata_json"),
                          &response, &err), err);
        return Response(response);
    }

    /// Sends a file: asks for a place in the storage, puts the file there, and publishes it. Other
    /// sends of the conversation may go out while the file is on its way. The file is never held in
    /// memory as a whole.
    ///
    /// `path`: name of the file; the ending of the name is its type. `options_json`: optional, a JSON
    /// object of these members, all optional: "caption": text beside the file. "previewPath": name of
    /// a small JPEG, PNG or GIF to show in its place. "metadata": as for send_event().
    ///
    /// Throws also IoError if a file cannot be read; InvalidArgument for an unknown member of the
    /// options, with the nearest name, for a file above the option file.max.bytes, a preview above
    /// file.preview.max.bytes (as base64), and for a file that is JPG, JPEG, PNG, GIF or PDF by name
    /// and not by content; and what the function of set_progress() throws.
    Response send_file(const std::string &path, const std::string &options_json = "") {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::Transfer transfer;
        const lpc_status status = lpc_conversation_send_file(
            handle(), detail::text(path, "path"),
            detail::optional_text(options_json, "options_json"), &response, &err);
        Response answer(response);
        transfer.check(status, err);
        return answer;
    }

    /// As send_file(), for a file in memory: `len` bytes at `data`, unchanged during the call.
    /// `file_type`: for example "PNG".
    Response send_file_bytes(const void *data, std::size_t len, const std::string &file_type,
                             const std::string &options_json = "") {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::Transfer transfer;
        const lpc_status status = lpc_conversation_send_file_bytes(
            handle(), static_cast<const std::uint8_t *>(data), len,
            detail::text(file_type, "file_type"),
            detail::optional_text(options_json, "options_json"), &response, &err);
        Response answer(response);
        transfer.check(status, err);
        return answer;
    }

    /// As above.
    Response send_file_bytes(const std::vector<std::uint8_t> &data, const std::string &file_type,
                             const std::string &options_json = "") {
        return send_file_bytes(data.data(), data.size(), file_type, options_json);
    }

    /// Fetches a file that was sent in the conversation. It is written beside its place and then
    /// renamed, so that nobody ever sees half of it.
    ///
    /// `relative_path`: from the file's event: event.message.relativePath in its json(). `to_path`:
    /// where it goes; a file there is replaced.
    ///
    /// Throws as a send; also IoError if the file cannot be written, ProtocolError if it is longer
    /// than the option response.max.bytes, and what the function of set_progress() throws.
    void download_file(const std::string &relative_path, const std::string &to_path) {
        lpc_error *err = nullptr;
        detail::Transfer transfer;
        const lpc_status status = lpc_conversation_download_file(
            handle(), detail::text(relative_path, "relative_path"),
            detail::text(to_path, "to_path"), &err);
        transfer.check(status, err);
    }

    /// Calls `progress(done, total)` while files of this conversation go up or come down, with the
    /// bytes done and the bytes in all (0: unknown); an empty function stops that. The change is
    /// felt at once, by files on their way too. Where an attempt fails and another follows, `done` falls
    /// back and the count begins again.
    ///
    /// It is called on each thread that sends or fetches a file, by several at once where several
    /// do. It is kept as long as the conversation, or until it is replaced and has returned. It may
    /// use the conversation, but not destroy it.
    ///
    /// If it throws, the file is still sent or fetched, without further calls of it; then
    /// send_file(), send_file_bytes() or download_file() throws that same exception, even if the
    /// rest failed, too. To send the file again may deliver it twice.
    void set_progress(Progress progress) {
        if (handle() == nullptr) {
            lpc_error *err = nullptr;
            detail::check(lpc_conversation_set_progress_callback(nullptr, nullptr, nullptr, &err),
                          err);
            return;
        }
        handle_.get_deleter().progress->set(handle(), std::move(progress));
    }

    /// Sets the consumer's profile; possible after the conversation was closed, too.
    ///
    /// `profile_json`: the body of SetUserProfile ("authenticatedData", "firstName", "lastName",
    /// "userId", "avatarUrl", "role", "backgndImgUri", "description", "privateData"), or its short
    /// form {"customer":{...},"personal":{...}}; all else in it goes out as it is written.
    Response set_profile(const std::string &profile_json) {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_set_profile(
                          handle(), detail::text(profile_json, "profile_json"), &response, &err),
                      err);
        return Response(response);
    }

    /// Rates the conversation; possible after it was closed, too.
    ///
    /// `stars`: 1 to 5. `resolved`: whether the consumer's matter is resolved.
    Response rate(std::int32_t stars, bool resolved, CsatStatus status) {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_rate(handle(), stars, resolved,
                                            static_cast<lpc_csat_status>(status), &response, &err),
                      err);
        return Response(response);
    }

    /// Says how urgent the conversation is from now on: its time to respond.
    ///
    /// `ttr`: URGENT, NORMAL, PRIORITIZED, CUSTOM or another name that the account knows. `seconds`:
    /// the time; -1: the type's usual value, which is 300 for URGENT, 600 for PRIORITIZED and 1800
    /// for NORMAL; for names that the library does not know none is sent then.
    ///
    /// Throws InvalidArgument also for an empty name, another negative time, and CUSTOM with -1.
    Response set_ttr(const std::string &ttr, std::int64_t seconds = -1) {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_set_ttr(handle(), detail::text(ttr, "ttr"), seconds,
                                               &response, &err), err);
        return Response(response);
    }

    /// Closes the conversation. Later sends of this handle throw Closed without a request. Where the
    /// account has a survey and the conversation was opened with the feature MULTI_DIALOG, the survey
    /// begins now: its notifications name its dialog, for Consumer::attach().
    Response close() {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_close(handle(), &response, &err), err);
        return Response(response);
    }

    /// Closes the conversation with all its dialogs: no survey follows, and one that runs ends. Later
    /// texts and other events of this handle throw Closed without a request. This works after close(),
    /// too, as long as a survey runs.
    Response close_stage() {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_close_stage(handle(), &response, &err), err);
        return Response(response);
    }

    /// Closes one dialog of the conversation, for example a survey; possible after the conversation
    /// was closed, too. `dialog_id`: not empty.
    Response close_dialog(const std::string &dialog_id) {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_close_dialog(
                          handle(), detail::text(dialog_id, "dialog_id"), &response, &err), err);
        return Response(response);
    }

    /// The handle for calls of the C functions; it stays this object's. NULL after a move. Its
    /// progress callback is set_progress()'s.
    lpc_conversation *handle() const noexcept { return handle_.get(); }

private:
    friend class Consumer;
    using Handle = std::unique_ptr<lpc_conversation, detail::FreeConversation>;

    Conversation(std::shared_ptr<detail::Log> log, detail::Handle<lpc_conversation> handle)
        : handle_(nullptr, detail::FreeConversation(std::move(log), std::unique_ptr<detail::Progress>(
                                                                        new detail::Progress))) {
        handle_.reset(handle.release());
    }

    Handle handle_;
};

/// An end user of the account, from Client::consumer() or consumer_from_jws(). May be used from any
/// number of threads at once.
class Consumer {
public:
    /// The ConsumerJWS, to keep for Client::consumer_from_jws(); fetched if this is the first use.
    /// It is a secret: whoever has it can speak as the consumer.
    ///
    /// Throws as Conversation's sends where the token has to be fetched.
    std::string jws() {
        const char *text = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_consumer_jws(handle(), &text, &err), err);
        return detail::copy(text);
    }

    /// The id that the service gave the consumer: the originatorId of the consumer's own events.
    ///
    /// Throws as jws().
    std::string lp_id() {
        const char *text = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_consumer_lp_id(handle(), &text, &err), err);
        return detail::copy(text);
    }

    /// Opens a conversation, with the consumer's first message in the same round trip if there is
    /// one.
    ///
    /// `options_json`: optional, a JSON object; its members are listed at lpc_conversation_open()
    /// in lpconnector.h, for example {"firstMessage":"Hi","profile":{...}}.
    ///
    /// Throws as Conversation's sends. InvalidArgument for an unknown member, with the nearest name,
    /// or one of the wrong type; what lies inside "profile", "campaign", "context",
    /// "clientProperties" and "features" is the service's to judge. AlreadyOpen if the consumer has
    /// an open conversation: there can be one only, also while a survey runs; attach() goes
    /// on with it. Rejected if the service refused one of the requests for another reason: where the
    /// conversation was opened but its first message refused, what() names the conversation, and
    /// attach() goes on with it.
    Conversation open(const std::string &options_json = "") {
        lpc_conversation *conversation = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_open(
                          handle(), detail::optional_text(options_json, "options_json"),
                          &conversation, &err), err);
        return Conversation(log(), detail::Handle<lpc_conversation>(conversation));
    }

    /// Goes on with a conversation opened earlier. Sends nothing.
    ///
    /// `conversation_id`: not empty. `options_json`: optional, a JSON object of these members, all
    /// optional: "dialogId": another dialog than the first, a survey for example. "clientProperties"
    /// and "features", as for open(): those that the conversation was opened with belong on every
    /// request of it, also after a restart.
    ///
    /// InvalidArgument for an unknown member, with the nearest name, and for empty ids.
    Conversation attach(const std::string &conversation_id, const std::string &options_json = "") {
        lpc_conversation *conversation = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_conversation_attach(
                          handle(), detail::text(conversation_id, "conversation_id"),
                          detail::optional_text(options_json, "options_json"), &conversation, &err),
                      err);
        return Conversation(log(), detail::Handle<lpc_conversation>(conversation));
    }

    /// Sends one request, written by the caller, to SEND: the way out for what has no function.
    ///
    /// `json`: one JSON object. It goes out byte for byte, its `id` kept (a string of 1 to 64
    /// characters or a number); a missing `id` is filled in.
    ///
    /// Throws as Conversation's sends. InvalidArgument if the JSON or its id is bad.
    Response send_json(const std::string &json) {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_consumer_send_json(handle(), detail::bytes(json), json.size(), &response,
                                             &err), err);
        return Response(response);
    }

    /// Sends an array of requests, written by the caller, to CONVERSATION.
    ///
    /// `json`: a JSON array of objects. Ids are treated as in send_json() and may repeat:
    /// answers belong to requests by their position. The answer's body() is the whole array of
    /// answers.
    ///
    /// Throws as send_json(). Rejected if the service refused one of the requests; request_id()
    /// says which.
    Response batch_json(const std::string &json) {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_consumer_batch_json(handle(), detail::bytes(json), json.size(), &response,
                                              &err), err);
        return Response(response);
    }

    /// The handle for calls of the C functions; it stays this object's. NULL after a move.
    lpc_consumer *handle() const noexcept { return handle_.get(); }

private:
    friend class Client;
    Consumer(std::shared_ptr<detail::Log> log, lpc_consumer *handle) noexcept
        : handle_(handle, detail::FreeLogging(std::move(log))) {}

    const std::shared_ptr<detail::Log> &log() const noexcept { return handle_.get_deleter().log; }

    detail::LoggingHandle<lpc_consumer> handle_;
};

/// An account's connector. May be used from any number of threads at once, and after a fork() in
/// parent and child: the child makes connections of its own. Destroying it ends nothing: its
/// consumers and conversations stay usable.
class Client {
public:
    /// Makes a client with a copy of the configuration. Sends nothing.
    ///
    /// ConfigError if an option is missing or options contradict each other. IoError if a
    /// certificate file cannot be read.
    explicit Client(const Config &config) : handle_(nullptr, detail::FreeLogging(config.log())) {
        lpc_client *client = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_client_new(config.handle(), &client, &err), err);
        handle_.reset(client);
    }

    /// Uses this AppJWT for all later calls; it is never replaced by the library. Calls already
    /// under way keep the token they began with.
    ///
    /// InvalidArgument if it is empty or has characters that no token has; the token in use stays.
    void set_app_jwt(const std::string &jwt) {
        lpc_error *err = nullptr;
        detail::check(lpc_client_set_app_jwt(handle(), detail::text(jwt, "jwt"), &err), err);
    }

    /// Uses no AppJWT of the caller's any more: AppJWTs are obtained with client.id and
    /// client.secret.
    void drop_app_jwt() {
        lpc_error *err = nullptr;
        detail::check(lpc_client_set_app_jwt(handle(), nullptr, &err), err);
    }

    /// Uses these credentials for AppJWTs obtained from now on: a rotated secret, without a restart.
    /// The AppJWT in use stays until it ends or is refused.
    ///
    /// InvalidArgument if one is empty or has control characters; those in use stay.
    void set_credentials(const std::string &client_id, const std::string &client_secret) {
        lpc_error *err = nullptr;
        detail::check(lpc_client_set_credentials(handle(), detail::text(client_id, "client_id"),
                                                 detail::text(client_secret, "client_secret"),
                                                 &err), err);
    }

    /// What the client has done so far, in this process, as a JSON object; its members are listed at
    /// lpc_client_stats() in lpconnector.h. Makes no request.
    std::string stats() const { return told().raw(); }

    /// As stats(), as text in the exposition format of Prometheus.
    std::string prometheus() const { return told().body(); }

    /// Ends the client for good: calls in flight in other threads throw Closed, whatever they wait
    /// for: an answer, a connection, the lookup of a name, the next attempt. Later ones throw it,
    /// too. Shutting down twice is fine, and so is a client that was moved from.
    void shutdown() noexcept { lpc_client_shutdown(handle()); }

    /// The consumer whom the connector knows by this id. Sends nothing: the ConsumerJWS is fetched
    /// at the first use, once, and kept.
    ///
    /// `ext_consumer_id`: any text that the connector chooses, not empty.
    Consumer consumer(const std::string &ext_consumer_id) {
        lpc_consumer *consumer = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_consumer_new(handle(), detail::text(ext_consumer_id, "ext_consumer_id"),
                                       &consumer, &err), err);
        return Consumer(handle_.get_deleter().log, consumer);
    }

    /// A consumer by a ConsumerJWS kept from earlier; it never expires. Sends nothing.
    ///
    /// InvalidArgument if it is not a ConsumerJWS.
    Consumer consumer_from_jws(const std::string &jws) {
        lpc_consumer *consumer = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_consumer_from_jws(handle(), detail::text(jws, "jws"), &consumer, &err),
                      err);
        return Consumer(handle_.get_deleter().log, consumer);
    }

    /// The handle for calls of the C functions; it stays this object's. NULL after a move.
    lpc_client *handle() const noexcept { return handle_.get(); }

private:
    Response told() const {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_client_stats(handle(), &response, &err), err);
        return Response(response);
    }

    detail::LoggingHandle<lpc_client> handle_;
};

#ifndef LPC_SENDING_ALONE // What receives needs more than such a build has.

/// An endpoint for webhooks, for programs that have no web server of their own: it listens, checks
/// signatures, and queues. May be used from any number of threads at once. It belongs to the process
/// that made it: after a fork() the child gets Closed, and may destroy it. Destroying it stops
/// listening; notifications stay valid.
///
/// Webhooks are account-wide: it hears of all conversations of the account, also of those that this
/// connector did not open. Where account.id and client.id are set, notifications of other accounts
/// and app installs are refused (401); receiver.accounts names further accounts, told apart by
/// Notification::account_id(). Whatever was signed right is taken: what the library cannot read is
/// given out as one event of the kind Other, because a refusal would make the service hold back all
/// that follows.
class Receiver {
public:
    /// Begins to listen, with the options receiver.* and, for signatures, client.secret. What an
    /// earlier process left unacknowledged in receiver.store comes first. The configuration's log
    /// is called on the one thread that listens. Its threads take no signals: those go to the program's
    /// own threads.
    ///
    /// ConfigError if there is no secret to check signatures with, or options contradict each
    /// other. IoError if it cannot listen there, a file cannot be read or written, or the system has
    /// no thread or descriptor left for it; with receiver.store also in a process that was forked while
    /// its parent had such a file open.
    explicit Receiver(const Config &config) : handle_(nullptr, detail::FreeLogging(config.log())) {
        lpc_receiver *receiver = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_receiver_new(config.handle(), &receiver, &err), err);
        handle_.reset(receiver);
    }

    /// Waits until the next notification comes. Each goes to one of the threads that wait.
    ///
    /// Closed after shutdown(), once all that was queued is given out.
    Notification poll() { return poll_ms(-1); }

    /// As above, for so long; a time of 0 or less looks only. What it gives is false as a condition
    /// if nothing came: `if (auto notification = receiver.poll(std::chrono::seconds(1)))`.
    Notification poll(std::chrono::milliseconds timeout) {
        return poll_ms(timeout.count() > 0 ? static_cast<std::int64_t>(timeout.count()) : 0);
    }

    /// Says that the program dealt with a notification: it will not come again. With
    /// receiver.ack=manual the service is told now, and with receiver.store=sqlite:… it is removed
    /// from the file; otherwise this changes nothing.
    ///
    /// InvalidArgument for a notification that came from elsewhere. IoError if the file cannot be
    /// written: then it stays unacknowledged. Closed where the service could not be told, which is after
    /// shutdown() with receiver.ack=manual and no receiver.store: then it comes again. Closed after a
    /// fork(), too.
    void ack(const Notification &notification) {
        lpc_error *err = nullptr;
        detail::check(lpc_receiver_ack(handle(), notification.handle(), &err), err);
    }

    /// Says that the program could not deal with a notification now: it is given out again, after
    /// that time, and before what came later in its dialogs and was not given out yet, which waits for
    /// it. Nothing counts how often: a program that tries again and again counts itself, and acknowledges
    /// what will never work. Nothing happens for one that was acknowledged, or was given out again since;
    /// see lpc_receiver_nack() for what else there is to know.
    ///
    /// InvalidArgument for a notification that came from elsewhere, and for a negative time. Closed
    /// after a fork().
    void nack(const Notification &notification,
              std::chrono::milliseconds after = std::chrono::milliseconds(0)) {
        lpc_error *err = nullptr;
        detail::check(lpc_receiver_nack(handle(), notification.handle(),
                                        static_cast<std::int64_t>(after.count()), &err), err);
    }

    /// A file descriptor that is readable while poll() would not wait, because there is a
    /// notification or the receiver was shut down; -1 where there is none, as on systems other than
    /// Linux. Once it is readable, poll with a time of 0 until that gives nothing. It is the receiver's:
    /// wait for it, but neither read nor close it, and no longer than the receiver lives.
    int fd() const noexcept { return lpc_receiver_fd(handle()); }

    /// Takes notifications for this app install and with these secrets from now on, in place of those
    /// of client.id and receiver.secret or client.secret: a rotated secret, without a restart.
    ///
    /// `client_secret`: one, or several separated by commas while one replaces another.
    ///
    /// InvalidArgument if one is empty or has control characters; those in use stay.
    void set_credentials(const std::string &client_id, const std::string &client_secret) {
        lpc_error *err = nullptr;
        detail::check(lpc_receiver_set_credentials(handle(), detail::text(client_id, "client_id"),
                                                   detail::text(client_secret, "client_secret"),
                                                   &err), err);
    }

    /// Where it listens, for example https://127.0.0.1:8443/.
    std::string url() const { return detail::copy(lpc_receiver_url(handle())); }

    /// What the receiver has done so far, and what it holds, as a JSON object; its members are listed
    /// at lpc_receiver_stats() in lpconnector.h. Closed after a fork().
    std::string stats() const { return told().raw(); }

    /// As stats(), as text in the exposition format of Prometheus.
    std::string prometheus() const { return told().body(); }

    /// Stops listening; the service is no longer answered, and told nothing of what is acknowledged
    /// later. poll() gives what is queued, and then throws Closed, also in threads that wait in it; see
    /// lpc_receiver_shutdown() for an orderly end. Shutting down twice is fine, and so is a receiver that
    /// was moved from.
    void shutdown() noexcept { lpc_receiver_shutdown(handle()); }

    /// The handle for calls of the C functions; it stays this object's. NULL after a move.
    lpc_receiver *handle() const noexcept { return handle_.get(); }

private:
    Response told() const {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_receiver_stats(handle(), &response, &err), err);
        return Response(response);
    }

    Notification poll_ms(std::int64_t timeout_ms) {
        lpc_notification *notification = nullptr;
        lpc_error *err = nullptr;
        const lpc_status status = lpc_receiver_poll(handle(), timeout_ms, &notification, &err);
        if (status == LPC_EMPTY) {
            lpc_error_free(err);
            return Notification(nullptr);
        }
        detail::check(status, err);
        return Notification(notification);
    }

    detail::LoggingHandle<lpc_receiver> handle_;
};

/// What became of an action, or what happened in a consumer's conversation; from Connector::poll().
/// Belongs to one thread at a time, and outlives its connector. As a condition it is false where
/// nothing came, and after a move.
class Update {
public:
    /// What it is about.
    UpdateKind kind() const noexcept { return static_cast<UpdateKind>(lpc_update_kind(handle())); }

    /// The consumer, as the program named it to Connector::submit(). Empty for an event of a
    /// conversation that the connector did not open (connector.foreign).
    std::string consumer_id() const { return detail::copy(lpc_update_consumer_id(handle())); }

    /// The id of the conversation; empty where there is none.
    std::string conversation_id() const {
        return detail::copy(lpc_update_conversation_id(handle()));
    }

    /// The id of the dialog in it; empty where there is none.
    std::string dialog_id() const { return detail::copy(lpc_update_dialog_id(handle())); }

    /// Of Sent and Failed the key with which the action was submitted; empty where it had none, and
    /// for all else.
    std::string key() const { return detail::copy(lpc_update_key(handle())); }

    /// Whether it has a sequence.
    bool has_sequence() const noexcept { return sequence() != -1; }

    /// Of Sent the sequence that the service gave the message, of Event that of the event; -1 if
    /// absent, as for the message that opened its conversation.
    std::int64_t sequence() const noexcept { return lpc_update_sequence(handle()); }

    /// Of Sent and Failed how often the action was sent since the connector was made; 0 where it
    /// never was, and for all else.
    std::uint32_t attempts() const noexcept { return lpc_update_attempts(handle()); }

    /// Whether the program may have had it before: it was not acknowledged in time, was put back, or
    /// comes from an earlier process.
    bool is_repeat() const noexcept { return lpc_update_is_repeat(handle()); }

    /// Of Failed why: not thrown, but told, so it is of the class Error itself. For all else its
    /// status is Ok.
    Error error() const {
        return Error(std::make_shared<const detail::Fields>(
            detail::fields(lpc_update_error(handle()))));
    }

    /// Whether it has an event: one of the kind Event has, and one of the kind Closed where the
    /// service told of it.
    bool has_event() const noexcept { return lpc_update_notification(handle()) != nullptr; }

    /// What happened. Where there is none, its texts are empty and its kind is Other.
    Event event() const noexcept { return Event(lpc_update_notification(handle()), 0); }

    /// Whether anything came.
    explicit operator bool() const noexcept { return handle() != nullptr; }

    /// The handle for calls of the C functions; it stays this object's. NULL where nothing came, and
    /// after a move.
    lpc_update *handle() const noexcept { return handle_.get(); }

private:
    friend class Connector;
    explicit Update(lpc_update *handle) noexcept : handle_(handle) {}

    detail::Handle<lpc_update> handle_;
};

/// A channel on an account: it takes what the channel's consumers say, and tells what the agents
/// answer. What is submitted is kept in connector.store and goes out in order for each consumer;
/// conversations are found, opened and opened again; what cannot be sent now is tried later; and what
/// the program did not acknowledge comes again. May be used from any number of threads at once.
///
/// It works on threads of its own, on which the configuration's log is called, too; they take no
/// signals. It belongs to the process that made it: after a fork() the child gets Closed, and may
/// destroy it. Destroying it stops it at once: what waits stays in connector.store, or with memory is
/// lost; updates stay valid.
class Connector {
public:
    /// Begins to work with a copy of the configuration, and with what an earlier process left in
    /// connector.store. Listens where receiver.listen is set; otherwise the program hands in what its
    /// own web server got, with receive().
    ///
    /// ConfigError if an option is missing or options contradict each other: connector.store has no
    /// default. IoError if it cannot listen there, a file cannot be read or written, another connector
    /// has it, or the system has no thread or descriptor left; with sqlite: also in a process that was
    /// forked while its parent had such a file open.
    explicit Connector(const Config &config) : handle_(nullptr, detail::FreeLogging(config.log())) {
        lpc_connector *connector = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_connector_new(config.handle(), &connector, &err), err);
        handle_.reset(connector);
    }

    /// Takes an action for a consumer. Once this returns it is safe in connector.store, and goes out
    /// after the consumer's earlier ones. It does not wait for the network.
    ///
    /// `consumer_id`: any id by which the program knows the consumer, 1 to 1024 bytes. `action_json`: a
    /// JSON object, as lpc_connector_submit() in lpconnector.h lists them, for example
    /// {"file":"/tmp/a.png","caption":"a"}. `key`: optional, the program's own id of the action, at most
    /// 512 bytes: the same key of the same consumer again within connector.key.window.ms is not sent
    /// twice, and what becomes of the action comes as an update.
    ///
    /// After an error it was not taken. InvalidArgument for what is no action, with what is wrong.
    /// Full where connector.queue.max actions wait. IoError if the store or the action's file fails.
    /// Closed after shutdown() and after a fork().
    void submit(const std::string &consumer_id, const std::string &action_json,
                const std::string &key = "") {
        lpc_error *err = nullptr;
        detail::check(lpc_connector_submit(handle(), detail::text(consumer_id, "consumer_id"),
                                           detail::text(action_json, "action_json"),
                                           detail::optional_text(key, "key"), &err), err);
    }

    /// As submit(), for a text.
    void submit_text(const std::string &consumer_id, const std::string &text,
                     const std::string &key = "") {
        lpc_error *err = nullptr;
        detail::check(lpc_connector_submit_text(handle(), detail::text(consumer_id, "consumer_id"),
                                                detail::text(text, "text"),
                                                detail::optional_text(key, "key"), &err), err);
    }

    /// Takes the body of a webhook that the program's own web server got, and checks its signature.
    /// Once this returns it is safe in connector.store: answer the service with 200.
    ///
    /// `body`: the bytes as they came. `signature`: the header x-liveperson-signature, empty if there
    /// was none.
    ///
    /// SignatureError if it was not signed with one of the connector's secrets: answer with 401. After
    /// any other error answer with 503, then it comes again: Full where connector.queue.max updates
    /// wait, IoError if the store fails, Closed after shutdown() and after a fork().
    void receive(const std::string &body, const std::string &signature) {
        lpc_error *err = nullptr;
        detail::check(lpc_connector_receive(handle(), detail::bytes(body), body.size(),
                                            detail::text(signature, "signature"), &err), err);
    }

    /// Waits until the next update comes. Each goes to one of the threads that wait. Of one consumer at
    /// most one is out at a time: the next follows once this one was acknowledged. One that is neither
    /// acknowledged nor put back within connector.ack.timeout.ms comes again.
    ///
    /// Closed after shutdown(), once all that can be told is given out, and after a fork().
    Update poll() { return poll_ms(-1); }

    /// As above, for so long; a time of 0 or less looks only. What it gives is false as a condition if
    /// nothing came: `if (auto update = connector.poll(std::chrono::seconds(1)))`.
    Update poll(std::chrono::milliseconds timeout) {
        return poll_ms(timeout.count() > 0 ? static_cast<std::int64_t>(timeout.count()) : 0);
    }

    /// Says that the program dealt with an update: it will not come again, and the next one of its
    /// consumer follows. Twice is fine, and so is after shutdown().
    ///
    /// InvalidArgument for an update of another connector. IoError if the store fails, and ConnectError where
    /// a fleet's could not be reached, or not in time: then it comes again. Closed after a fork().
    void ack(const Update &update) {
        lpc_error *err = nullptr;
        detail::check(lpc_connector_ack(handle(), update.handle(), &err), err);
    }

    /// Says that the program could not deal with an update now: it is given out again, after that time,
    /// and what follows for its consumer waits for it. Nothing counts how often: a program that tries
    /// again and again counts itself, and acknowledges what will never work. Nothing happens for one that
    /// was acknowledged, or was given out again since.
    ///
    /// InvalidArgument for an update of another connector, and for a negative time. Closed after a
    /// fork().
    void nack(const Update &update,
              std::chrono::milliseconds after = std::chrono::milliseconds(0)) {
        lpc_error *err = nullptr;
        detail::check(lpc_connector_nack(handle(), update.handle(),
                                         static_cast<std::int64_t>(after.count()), &err), err);
    }

    /// A file descriptor that is readable while poll() would not wait, because there is an update or
    /// the connector was shut down; -1 where there is none, as on systems other than Linux. Once it is
    /// readable, poll with a time of 0 until that gives nothing. It is the connector's: wait for it, but
    /// neither read nor close it, and no longer than the connector lives.
    int fd() const noexcept { return lpc_connector_fd(handle()); }

    /// What the connector has done so far, and what it holds, as a JSON object; its members are listed
    /// at lpc_connector_stats() in lpconnector.h. Closed after a fork().
    std::string stats() const { return told().raw(); }

    /// As stats(), as text in the exposition format of Prometheus.
    std::string prometheus() const { return told().body(); }

    /// Fetches a file that an agent sent to the consumer, on the thread that calls this.
    ///
    /// `relative_path`: event.message.relativePath of the event's JSON. `to_path`: where the file goes;
    /// it appears there once it is complete, and replaces one that is there.
    ///
    /// Closed if the consumer has had no conversation of which the connector knows, after shutdown()
    /// and after a fork(). Otherwise as Conversation::download_file().
    void download_file(const std::string &consumer_id, const std::string &relative_path,
                       const std::string &to_path) {
        lpc_error *err = nullptr;
        detail::check(lpc_connector_download_file(
                          handle(), detail::text(consumer_id, "consumer_id"),
                          detail::text(relative_path, "relative_path"),
                          detail::text(to_path, "to_path"), &err), err);
    }

    /// Uses these credentials from now on, for AppJWTs and for signatures: a rotated secret, without a
    /// restart. Secrets of receiver.accounts stay as they are.
    ///
    /// `client_secret`: one, or several separated by commas while one replaces another: AppJWTs are
    /// obtained with the first, notifications may be signed with any of them.
    ///
    /// InvalidArgument if one is empty or has control characters; those in use stay.
    void set_credentials(const std::string &client_id, const std::string &client_secret) {
        lpc_error *err = nullptr;
        detail::check(lpc_connector_set_credentials(handle(), detail::text(client_id, "client_id"),
                                                    detail::text(client_secret, "client_secret"),
                                                    &err), err);
    }

    /// Where it listens, for example https://127.0.0.1:8443/; empty where receiver.listen is not set.
    std::string url() const { return detail::copy(lpc_connector_url(handle())); }

    /// Takes nothing new, goes on sending what waits for at most that long, 0 or less being not at all,
    /// and then stops: requests that are still under way are broken off, and it listens no more. What
    /// could not be sent stays in connector.store, or with memory is lost. poll() gives what the program
    /// was not told yet, and then throws Closed, also in threads that wait in it. Shutting down twice is
    /// fine, and so is a connector that was moved from.
    void shutdown(std::chrono::milliseconds drain = std::chrono::milliseconds(0)) noexcept {
        const std::int64_t drain_ms = static_cast<std::int64_t>(drain.count());
        lpc_connector_shutdown(handle(), drain_ms > 0 ? drain_ms : 0);
    }

    /// The handle for calls of the C functions; it stays this object's. NULL after a move.
    lpc_connector *handle() const noexcept { return handle_.get(); }

private:
    Response told() const {
        lpc_response *response = nullptr;
        lpc_error *err = nullptr;
        detail::check(lpc_connector_stats(handle(), &response, &err), err);
        return Response(response);
    }

    Update poll_ms(std::int64_t timeout_ms) {
        lpc_update *update = nullptr;
        lpc_error *err = nullptr;
        const lpc_status status = lpc_connector_poll(handle(), timeout_ms, &update, &err);
        if (status == LPC_EMPTY) {
            lpc_error_free(err);
            return Update(nullptr);
        }
        detail::check(status, err);
        return Update(update);
    }

    detail::LoggingHandle<lpc_connector> handle_;
};

#endif // LPC_SENDING_ALONE

} // namespace lpc

#endif // LPCONNECTOR_HPP
