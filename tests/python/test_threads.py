"""Many threads on one client, and the GIL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from conftest import Account
from lpconnector import Client, Closed, Consumer, Conversation


def test_eight_threads_on_one_client(account: Account, client: Client) -> None:
    start = threading.Barrier(8)

    def talk(number: int) -> None:
        start.wait()
        conversation = client.consumer(f"consumer {number}").open()
        for n in range(5):
            conversation.send_text(f"{number} {n}")
        conversation.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(talk, range(8)))
    assert sorted(account.texts()) == [f"{i} {n}" for i in range(8) for n in range(5)]
    assert len(account.requests("token")) == 1
    assert len(account.requests("domain")) == 1


def test_one_conversation_keeps_the_order_of_each_thread(
    account: Account, conversation: Conversation
) -> None:
    def talk(number: int) -> None:
        for n in range(5):
            conversation.send_text(f"{number} {n}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(talk, range(8)))
    texts = account.texts()
    for number in range(8):
        mine = [text for text in texts if text.startswith(f"{number} ")]
        assert mine == [f"{number} {n}" for n in range(5)]


def test_a_waiting_call_leaves_the_gil_and_shutdown_ends_it(
    account: Account,
) -> None:
    # Without the shutdown, the call would wait for an hour.
    client = account.client(request_timeout_ms=3_600_000, call_timeout_ms=3_600_000)
    conversation = client.consumer("x").open()
    account.answer("send", stall=True)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(conversation.send_text, "x")
        # Python goes on while the call waits: with the GIL held, this would wait for it to end.
        while not account.requests("send"):
            assert not waiting.done()
        client.shutdown()
        error = waiting.exception()
    assert isinstance(error, Closed)


def test_a_consumer_is_identified_once(account: Account, consumer: Consumer) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: consumer.jws(), range(8)))) == 1
    assert len(account.requests("consumer")) == 1
