"""What a client counts of its work."""

from __future__ import annotations

import asyncio
import http.client
import typing
from concurrent.futures import ThreadPoolExecutor

import pytest

import lpconnector
from conftest import Account
from lpconnector import Client, Receiver, aio


def test_a_client_that_did_nothing(account: Account, client: Client) -> None:
    stats = client.stats()
    # Its type is written by hand.
    assert set(stats) == set(lpconnector.Stats.__annotations__)
    assert set(stats["latency_ms"]) == set(lpconnector.Latency.__annotations__)
    for bucket in stats["latency_ms"]["buckets"]:
        assert set(bucket) == set(lpconnector.Bucket.__annotations__)
        assert bucket["count"] == 0
    assert sum(value for value in stats.values() if isinstance(value, int)) == 0
    assert account.requests() == []


def test_a_conversation_is_counted(account: Account, client: Client) -> None:
    conversation = client.consumer("x").open()
    conversation.send_text("one")
    account.answer("send", status=503)
    with pytest.raises(lpconnector.ServerError):
        conversation.send_text("two")
    conversation.close()
    stats, came = client.stats(), account.requests()
    assert stats["requests"] == len(came) == 7
    assert stats["retries"] == 0
    assert stats["failures"] == 1
    assert stats["token_refreshes"] == 1
    assert stats["connections_opened"] == len({request["connection"] for request in came})
    assert stats["bytes_sent"] > sum(len(request["body"]) for request in came)
    assert stats["bytes_received"] > 7 * 100
    latency = stats["latency_ms"]
    bounds = [bucket["up_to"] for bucket in latency["buckets"]]
    counts = [bucket["count"] for bucket in latency["buckets"]]
    assert latency["count"] == counts[-1] == 7
    assert counts == sorted(counts)
    assert bounds[-1] is None
    finite = typing.cast("list[int]", bounds[:-1])
    assert finite == sorted(set(finite))


def test_retries_are_counted(account: Account) -> None:
    client = account.client(retry_max_attempts=2, retry_backoff_ms=1)
    conversation = client.consumer("x").open()
    account.answer("send", status=503)
    conversation.send_text("x")
    stats = client.stats()
    assert (stats["requests"], stats["retries"], stats["failures"]) == (6, 1, 0)


def test_threads_are_counted_together(account: Account, client: Client) -> None:
    def open_and_send(number: int) -> int:
        client.consumer(f"consumer {number}").open().send_text("x")
        return client.stats()["requests"]

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(open_and_send, range(64)))
    assert max(seen) == client.stats()["requests"] == 2 + 64 * 3


def test_operations_and_prometheus(account: Account, client: Client) -> None:
    conversation = client.consumer("x").open()
    account.answer("send", status=503)
    with pytest.raises(lpconnector.ServerError):
        conversation.send_text("x")
    outcomes = {
        (it["operation"], it["status"]): it["requests"] for it in client.stats()["operations"]
    }
    assert outcomes["conversation", "OK"] == outcomes["send", "SERVER"] == 1
    [first, *_] = client.stats()["operations"]
    assert set(first) == set(lpconnector.OperationCount.__annotations__)
    line = 'lpconnector_requests_total{operation="send",status="SERVER"} 1'
    assert line in client.prometheus().splitlines()


def test_a_receiver(account: Account) -> None:
    async def main() -> None:
        async with aio.Receiver(receiver_secret="x") as receiver:
            assert receiver.stats()["taken"] == 0
            assert "lpconnector_receiver_queued 0" in receiver.prometheus().splitlines()

    asyncio.run(main())
    with Receiver(receiver_secret="x") as receiver:
        stats = receiver.stats()
        # Its type is written by hand.
        assert set(stats) == set(lpconnector.ReceiverStats.__annotations__)
        assert stats.pop("refused") == []  # type: ignore[misc]
        assert set(stats.values()) == {0}
        address = receiver.url.split("/")[2]
        for _ in range(2):
            connection = http.client.HTTPConnection(address)
            connection.request("POST", "/", b"{}")
            assert connection.getresponse().status == 401
            connection.close()
        [refused] = receiver.stats()["refused"]
        assert set(refused) == set(lpconnector.RefusedCount.__annotations__)
        assert refused == {"status": 401, "requests": 2}
        line = 'lpconnector_receiver_refused_total{status="401"} 2'
        assert line in receiver.prometheus().splitlines()


def test_asyncio(account: Account) -> None:
    async def main() -> None:
        async with aio.Client.from_env(**account.options()) as client:
            await client.consumer("x").open()
            assert client.stats()["requests"] == 4
            assert "lpconnector_retries_total 0" in client.prometheus()

    asyncio.run(main())
