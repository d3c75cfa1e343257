// Assigning frees the old handle before the function that it logs to.
#include "harness.hpp"

#include <atomic>

#include <dlfcn.h>

namespace {

/// Log functions that are gone, of those that the test made.
std::atomic<int> gone(0);
/// How many were gone when the last handle was freed.
std::atomic<int> gone_at_free(-1);

/// What a log function owns.
struct Owned {
    ~Owned() { gone++; }
};

/// The function of the library that this program has one of its own in front of.
template <typename T>
void free_in_the_library(const char *name, T *handle) {
    void (*in_the_library)(T *) = nullptr;
    *reinterpret_cast<void **>(&in_the_library) = dlsym(RTLD_NEXT, name);
    CHECK(in_the_library != nullptr);
    if (handle != nullptr)
        gone_at_free = gone.load();
    in_the_library(handle);
}

lpc::Config logging(const Account &account) {
    const auto owned = std::make_shared<Owned>();
    return account.config().set_log(lpc::LogLevel::Trace,
                                    [owned](lpc::LogLevel, const std::string &) {});
}

/// Assigns a new handle to an old one, which is the last to use its log.
template <typename Make>
void assign(Make make) {
    auto handle = make();
    const int before = gone;
    handle = make();
    CHECK(gone_at_free == before && gone == before + 1);
}

} // namespace

extern "C" {
void lpc_config_free(lpc_config *handle) { free_in_the_library("lpc_config_free", handle); }
void lpc_client_free(lpc_client *handle) { free_in_the_library("lpc_client_free", handle); }
void lpc_consumer_free(lpc_consumer *handle) { free_in_the_library("lpc_consumer_free", handle); }
void lpc_conversation_free(lpc_conversation *handle) {
    free_in_the_library("lpc_conversation_free", handle);
}
void lpc_receiver_free(lpc_receiver *handle) { free_in_the_library("lpc_receiver_free", handle); }
void lpc_connector_free(lpc_connector *handle) {
    free_in_the_library("lpc_connector_free", handle);
}
}

void tests::assigning_frees_the_handle_before_its_log() {
    Account account;

    assign([&account] { return logging(account); });
    assign([&account] { return lpc::Client(logging(account)); });
    assign([&account] { return lpc::Client(logging(account)).consumer("assigned"); });
    assign([&account] { return lpc::Client(logging(account)).consumer("assigned").attach("x"); });
    assign([&account] { return lpc::Receiver(logging(account)); });
    assign([&account] {
        return lpc::Connector(logging(account).set("connector.store", "memory"));
    });
}
