/*
 * Holds a conversation both ways: asks something, prints what the agent does as it arrives, marks
 * it as read, answers once, rates, and closes.
 *
 * Settings come from the environment: LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and
 * LPC_RECEIVER_LISTEN, the address and port to which the service posts notifications. So the same
 * program talks to the sandbox and to a real account.
 *
 *   c++ -std=c++11 two_way.cpp -I include -L target/debug -llpconnector -o two_way
 *   ./two_way [consumer id]
 */
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "lpconnector.hpp"

namespace {

const char *doing = "starting";

/// One conversation, as far as this program knows it. Its handles free themselves.
class Talk {
public:
    Talk(const lpc::Config &config, const std::string &consumer_id)
        : receiver_(config), consumer_(lpc::Client(config).consumer(consumer_id)),
          consumer_lp_id_(consumer_.lp_id()), conversation_(consumer_.open()) {}

    /// Handles what arrives until the conversation is closed, by either side.
    void run() {
        std::cout << "conversation " << conversation_.id() << " opened\n"
                  << "notifications come to " << receiver_.url() << std::endl;
        say("Hi, this is the C++ example");
        while (!closed_) {
            doing = "waiting for the agent"; // who may do nothing at all for a minute
            const lpc::Notification notification = receiver_.poll(std::chrono::minutes(1));
            if (!notification)
                throw std::runtime_error("nothing arrived in time");
            for (const lpc::Event event : notification.events())
                handle(event);
            receiver_.ack(notification); // only now: what is not acknowledged comes again
        }
        std::cout << "conversation closed" << std::endl;
    }

private:
    void say(const std::string &text) {
        doing = "sending a message";
        std::cout << "  consumer: " << text << std::endl;
        conversation_.send_text(text);
    }

    void handle(const lpc::Event &event) {
        // A webhook is told of all conversations of the account.
        if (closed_ || event.conversation_id() != conversation_.id())
            return;
        if (event.kind() == lpc::EventKind::Conversation) {
            // The JSON lists who takes part; a program with a JSON parser would look there.
            if (!joined_ && event.json().find("\"ASSIGNED_AGENT\"") != std::string::npos) {
                joined_ = true;
                std::cout << "  (an agent joins)" << std::endl;
            }
            // Not by its state, which is that of the main dialog: a survey may follow.
            closed_ = event.is_closed();
            return;
        }
        // What this consumer did is told as well, and what agents note for each other.
        if (event.originator_id() == consumer_lp_id_ || event.audience() == "AGENTS_AND_MANAGERS")
            return;
        if (event.kind() == lpc::EventKind::Text)
            said(event);
        else if (event.kind() == lpc::EventKind::ChatState && event.state() == "COMPOSING")
            std::cout << "  (the agent types)" << std::endl;
        else if (event.kind() == lpc::EventKind::AcceptStatus && event.state() == "READ")
            std::cout << "  (the agent reads)" << std::endl;
    }

    /// The agent said something: marks it as read, and answers the first time.
    void said(const lpc::Event &event) {
        std::cout << "  agent:    " << event.text() << std::endl;
        doing = "marking a message as read";
        conversation_.send_accept_status(lpc::AcceptStatus::Read, {event.sequence()});
        if (++answers_ == 1)
            return say("An order");
        std::cout << "  (the consumer rates it with 5 stars, and closes)" << std::endl;
        doing = "rating the conversation";
        conversation_.rate(5, true, lpc::CsatStatus::Filled);
        doing = "closing the conversation";
        conversation_.close();
    }

    lpc::Receiver receiver_;
    lpc::Consumer consumer_;
    std::string consumer_lp_id_;
    lpc::Conversation conversation_;
    int answers_ = 0; // how often the agent said something
    bool joined_ = false, closed_ = false;
};

} // namespace

int main(int argc, char **argv) {
    try {
        Talk(lpc::Config().load_env(), argc > 1 ? argv[1] : "John_Doe_facebook12345").run();
        return EXIT_SUCCESS;
    } catch (const lpc::Error &error) {
        std::cerr << doing << ": " << lpc::status_name(error.status()) << ": "
                  << error.what() << "\n";
    } catch (const std::exception &error) {
        std::cerr << doing << ": " << error.what() << "\n";
    }
    return EXIT_FAILURE;
}
