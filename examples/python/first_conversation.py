"""Opens a conversation for a consumer, sends two messages, and closes it.

Settings come from the environment (LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and the like),
so that the same program talks to the sandbox and to a real account.

    python first_conversation.py [consumer id]
"""

import sys

from lpconnector import Client, LpcError


def main() -> int:
    consumer_id = sys.argv[1] if len(sys.argv) > 1 else "Jane_Doe_sms4915112345678"
    with Client.from_env() as client:
        consumer = client.consumer(consumer_id)
        conversation = consumer.open(first_message="Hi, this is the Python example")
        print(f"conversation {conversation.id} opened for {consumer_id}")
        print("  consumer: Hi, this is the Python example")

        for text in ("Where is my parcel?", "Oh, it is at the door. Danke 👋"):
            reply = conversation.send_text(text)
            print(f"  consumer: {text}  ({reply.code}, request {reply.request_id})")

        conversation.close()
        print("conversation closed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LpcError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        if error.maybe_delivered:
            print("  it may have been delivered: do not simply send it again", file=sys.stderr)
        sys.exit(1)
