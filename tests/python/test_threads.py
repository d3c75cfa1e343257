"""Many threads on one client, and the GIL."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

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


def be_the_child(
    client: Client, consumer: Consumer, conversation: Conversation, number: int
) -> None:
    # A child that hangs is ended, and its parent sees that.
    signal.alarm(120)
    conversation.send_text(f"from child {number}")
    conversation.close()
    consumer.open().send_text(f"from child {number}")
    # Its own: discovery, an AppJWT, the end, the opening and two texts.
    raise SystemExit(10 + number if client.stats()["requests"] == 6 else 1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork in a process with threads
def test_forks_while_eight_threads_send(account: Account, client: Client) -> None:
    forks = 5
    fork = multiprocessing.get_context("fork")
    consumers = [client.consumer(f"fork {number}") for number in range(forks)]
    conversations = [consumer.open() for consumer in consumers]
    all_send, over = threading.Barrier(8 + 1), threading.Event()

    def talk(number: int) -> None:
        conversation = client.consumer(f"consumer {number}").open()
        all_send.wait()
        while not over.is_set():
            conversation.send_text("on and on")
        for n in range(5):
            conversation.send_text(f"{number} {n}")

    with ThreadPoolExecutor(8) as pool:
        talks = [pool.submit(talk, number) for number in range(8)]
        all_send.wait()
        try:
            for number, conversation in enumerate(conversations):
                args = (client, consumers[number], conversation, number)
                child = fork.Process(target=be_the_child, args=args)
                child.start()
                child.join()
                assert child.exitcode == 10 + number
        finally:
            over.set()
        for done in talks:
            done.result()
    texts = account.texts()
    assert sorted(text for text in texts if text.startswith("from child")) == sorted(
        2 * [f"from child {number}" for number in range(forks)]
    )
    for number in range(8):
        assert [text for text in texts if text.startswith(f"{number} ")] == [
            f"{number} {n}" for n in range(5)
        ]
