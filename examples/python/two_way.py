"""Holds a conversation both ways: asks something, prints what the agent does as it arrives, marks
it as read, answers once, rates, and closes.

Settings come from the environment: LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and
LPC_RECEIVER_LISTEN, the address and port to which the service posts notifications. So the same
program talks to the sandbox and to a real account.

    python two_way.py [consumer id]
"""

from __future__ import annotations

import sys

from lpconnector import (
    AcceptStatus,
    Client,
    Conversation,
    ConversationContent,
    EventKind,
    LpcError,
    NotificationEvent,
    Receiver,
)

# For how many seconds the agent may do nothing at all.
PATIENCE = 60.0


class Talk:
    """One conversation, as far as this program knows it."""

    def __init__(self, conversation: Conversation, consumer_lp_id: str) -> None:
        self.conversation = conversation
        self.consumer_lp_id = consumer_lp_id
        self.answers = 0
        self.joined = False
        self.closed = False

    def say(self, text: str) -> None:
        print(f"  consumer: {text}", flush=True)
        self.conversation.send_text(text)

    def handle(self, event: NotificationEvent) -> None:
        # A webhook is told of all conversations of the account.
        if self.closed or event.conversation_id != self.conversation.id:
            return
        if event.kind == EventKind.CONVERSATION:
            self.changed(event)
        # What this consumer did is told as well, and what agents note for each other.
        elif event.originator_id == self.consumer_lp_id or event.audience == "AGENTS_AND_MANAGERS":
            return
        elif event.kind == EventKind.TEXT:
            self.answer(event)
        elif event.kind == EventKind.CHAT_STATE and event.state == "COMPOSING":
            print("  (the agent types)", flush=True)
        elif event.kind == EventKind.ACCEPT_STATUS and event.state == "READ":
            print("  (the agent reads)", flush=True)

    def changed(self, event: NotificationEvent) -> None:
        """The state of the conversation is another one."""
        told = event.content
        people = told.participants if isinstance(told, ConversationContent) else []
        if not self.joined and any(person.role == "ASSIGNED_AGENT" for person in people):
            self.joined = True
            print("  (an agent joins)", flush=True)
        self.closed = event.is_closed

    def answer(self, event: NotificationEvent) -> None:
        """The agent said something: marks it as read, and answers the first time."""
        print(f"  agent:    {event.text}", flush=True)
        if event.sequence is not None:
            self.conversation.send_accept_status(AcceptStatus.READ, [event.sequence])
        self.answers += 1
        if self.answers == 1:
            replies = event.json["event"].get("quickReplies", {}).get("replies", [])
            titles = [reply["title"] for reply in replies]
            if titles:
                print(f"  (it offers: {', '.join(titles)})", flush=True)
            self.say(titles[-1] if titles else "An invoice")
        else:
            print("  (the consumer rates it with 5 stars, and closes)", flush=True)
            self.conversation.rate(5, resolved=True)
            self.conversation.close()


def main() -> int:
    consumer_id = sys.argv[1] if len(sys.argv) > 1 else "Jane_Doe_sms4915112345678"
    with Receiver.from_env() as receiver, Client.from_env() as client:
        consumer = client.consumer(consumer_id)
        talk = Talk(consumer.open(), consumer.lp_id())
        print(f"conversation {talk.conversation.id} opened")
        print(f"notifications come to {receiver.url}")
        talk.say("Hi, this is the Python example")
        while not talk.closed:
            notification = receiver.poll(PATIENCE)
            if notification is None:
                print("waiting for the agent: nothing arrived in time", file=sys.stderr)
                return 1
            for event in notification.events:
                talk.handle(event)
            receiver.ack(notification)  # only now: what is not acknowledged comes again
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
