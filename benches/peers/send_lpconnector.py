"""The library's Python package. All threads share one client, as programs do."""
import threading

import harness
from lpconnector import Client

opened, lock = [], threading.Lock()


def new_sender(thread, conversations):
    with lock:
        if not opened:
            consumer = Client.from_env().consumer("bench")
            opened.extend(consumer.attach(harness.dialog(i)) for i in range(conversations))

    def send(conversation, text):
        reply = opened[conversation].send_text(text)
        assert reply.sequence == 0

    return send


harness.main(new_sender)
