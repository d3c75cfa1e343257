// A stranger's program in C++: it knows the installed headers and library alone.
#include <iostream>

#include <lpconnector.hpp>

int main() {
    try {
        lpc::Client client(lpc::Config().load_env());
        lpc::Conversation conversation =
            client.consumer("a stranger").open(R"({"firstMessage": "Hi"})");
        std::cout << "sent: " << conversation.send_text("From afar").code() << "\n";
        conversation.close();
    } catch (const lpc::Error &error) {
        std::cerr << lpc::status_name(error.status()) << ": " << error.what() << "\n";
        return 1;
    }
}
