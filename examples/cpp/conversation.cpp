/*
 * A conversation from the first message to the rating: typing, a text, rich content, and an event
 * that carries the connector's own id.
 *
 * Settings come from the environment (LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and the
 * like), so that the same program talks to the sandbox and to a real account.
 *
 *   c++ -std=c++11 conversation.cpp -I include -L target/debug -llpconnector -o conversation
 *   ./conversation [consumer id]
 */
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "lpconnector.hpp"

namespace {

/// A line of the transcript, with the id by which the service's people find the request.
void show(const std::string &what, const lpc::Response &response) {
    std::cout << "  consumer: " << what << "  (" << response.code() << ", request "
              << response.request_id() << ")\n";
}

/// Says what failed and why, with all that helps whoever reads the log.
void report(const lpc::Error &error) {
    std::cerr << lpc::status_name(error.status()) << ": " << error.what() << "\n";
    if (!error.request_id().empty())
        std::cerr << "  request " << error.request_id() << "\n";
    if (error.attempts() > 0)
        std::cerr << "  sent " << error.attempts() << " time(s), HTTP " << error.http_status()
                  << ", service code " << error.service_code() << "\n";
    if (!error.title().empty() || !error.details().empty())
        std::cerr << "  the service says: " << error.title() << " " << error.details() << "\n";
    if (error.retry_after_ms() >= 0)
        std::cerr << "  the service asks to wait " << error.retry_after_ms() << " ms\n";
    if (error.maybe_delivered())
        std::cerr << "  it may have been delivered: do not simply send it again\n";
    else if (error.is_retryable())
        std::cerr << "  the same call may succeed later\n";
}

void converse(const std::string &consumer_id) {
    // A handle keeps alive what it needs; config and client may go as soon as they were used.
    lpc::Client client(lpc::Config().load_env());
    lpc::Consumer consumer = client.consumer(consumer_id);

    // Who the consumer is and what they say first go along with the opening, in one round trip.
    lpc::Conversation conversation = consumer.open(R"({
        "profile": {
            "personal": {"firstname": "John", "lastname": "Doe", "language": "en-US"},
            "customer": {"customerId": "4711", "ctype": "VIP"}
        },
        "firstMessage": "Hi, this is the C++ example"
    })");
    std::cout << "conversation " << conversation.id() << " opened for " << consumer_id << "\n"
              << "  consumer: Hi, this is the C++ example\n";

    // After Composing another state must follow, or the agent sees typing for ever.
    show("(is typing)", conversation.send_chat_state(lpc::ChatState::Composing));
    show("I need a hand with my order", conversation.send_text("I need a hand with my order"));
    show("(stopped typing)", conversation.send_chat_state(lpc::ChatState::Pause));

    // Rich content is the vendor's JSON, and goes out as it is.
    show("[a card]", conversation.send_rich_content(R"({
        "type": "vertical",
        "elements": [
            {"type": "text", "text": "Order 0815"},
            {"type": "image", "url": "https://example.com/0815.png"}
        ]
    })"));

    // Metadata go with an event: here the id that the message has in the channel it came from.
    show("Found it. Merci!",
         conversation.send_event(
             R"({"type": "ContentEvent", "contentType": "text/plain", "message": "Found it. Merci!"})",
             R"([{"type": "ExternalId", "id": "sms-20240229-17"}])"));

    conversation.close();
    // Rating is possible after closing, too.
    show("(five stars)", conversation.rate(5, true, lpc::CsatStatus::Filled));
    std::cout << "conversation closed\n";
}

} // namespace

int main(int argc, char **argv) {
    try {
        converse(argc > 1 ? argv[1] : "John_Doe_facebook12345");
        return EXIT_SUCCESS;
    } catch (const lpc::ConfigError &error) {
        std::cerr << error.what() << "\n  set the LPC_... variables; CONFIGURATION.md lists them\n";
    } catch (const lpc::Error &error) {
        report(error);
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
    }
    return EXIT_FAILURE;
}
