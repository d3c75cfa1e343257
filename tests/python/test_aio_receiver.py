"""The receiver for asyncio: what is new there."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import lpconnector
from conftest import Account
from lpconnector import Closed, EventKind, aio
from test_receiver import SECRET, body, number


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


def receiver(account: Account, **options: Any) -> aio.Receiver:
    return aio.Receiver(**{**account.receiver_options(), **options})


async def delivered(account: Account, count: int) -> None:
    while len(await asyncio.to_thread(account.deliveries)) < count:
        pass


def test_a_conversation_with_an_agent(listening: Account) -> None:
    listening.agent("echo")

    async def main() -> None:
        async with aio.Client.from_env(**listening.options()) as client, receiver(listening) as r:
            conversation = await client.consumer("x").open()
            await conversation.send_text("Hi")
            async for notification in r:
                await r.ack(notification)
                for event in notification.events:
                    said = event.kind is EventKind.TEXT and event.originator_role != "CONSUMER"
                    if said:
                        assert event.text == "You said: Hi"
                        r.shutdown()
            assert await asyncio.to_thread(listening.texts) == ["Hi", "You said: Hi"]

    run(main())


def test_polls(listening: Account) -> None:
    async def main() -> None:
        async with receiver(listening, receiver_ack="manual") as r:
            for short in (0, -1, 0.001, 0.15):
                assert await r.poll(short) is None
            with pytest.raises(lpconnector.InvalidArgument):
                await r.poll(float("nan"))
            assert r.url.startswith("https://127.0.0.1:") and r.url in repr(r)
            await asyncio.to_thread(listening.notify, body(1))
            notification = await r.poll(float("inf"))
            assert number(notification) == 1 and notification is not None
            await r.nack(notification)
            notification = await r.poll()
            assert number(notification) == 1 and notification is not None
            assert r.fileno() == r.fileno()
            await r.ack(notification)
            await delivered(listening, 1)
            other = lpconnector.parse_notification(body(1))
            with pytest.raises(lpconnector.InvalidArgument):
                await r.ack(other)
            waiting = [asyncio.ensure_future(r.poll()) for _ in range(3)]
            await asyncio.sleep(0)
            r.shutdown()
            for end in await asyncio.gather(*waiting, return_exceptions=True):
                assert isinstance(end, Closed)
            assert [n async for n in r] == []

    run(main())
    assert listening.deliveries()[0]["delivered"]


def test_what_came_for_a_cancelled_task_is_not_lost(listening: Account) -> None:
    count = 30

    async def main() -> None:
        async with receiver(listening) as r:
            came: list[int] = []
            told = asyncio.ensure_future(asyncio.to_thread(notify))
            while len(came) < count:
                poll = asyncio.ensure_future(r.poll())
                # In its thread, or with a notification on its way back from there.
                await asyncio.to_thread(listening.deliveries)
                poll.cancel()
                try:
                    came.append(number(await poll))
                except asyncio.CancelledError:
                    pass
                if (kept := await r.poll(0)) is not None:
                    came.append(number(kept))
            await told
            assert sorted(came) == list(range(count))

    def notify() -> None:
        for n in range(count):
            listening.notify(body(n))

    run(main())


def test_queued_and_kept_ones_are_given_out_after_the_end(listening: Account) -> None:
    async def main() -> None:
        r = receiver(listening)
        for n in range(3):
            await asyncio.to_thread(listening.notify, body(n))
            await delivered(listening, n + 1)
        r.shutdown()
        poll = asyncio.ensure_future(r.poll())
        while not r._came:
            await asyncio.sleep(0)
            poll.cancel()
        assert [number(notification) async for notification in r] == [0, 1, 2]

    run(main())


def test_polls_that_are_cancelled_take_nothing(listening: Account) -> None:
    """Cancelled at any moment, by a timeout or from outside, while others come in."""
    count = 60

    async def main() -> None:
        async with receiver(listening) as r:
            sends = asyncio.ensure_future(asyncio.to_thread(notify_all))
            got: list[int] = []
            cancelled = 0
            while len(got) < count:
                polls = [asyncio.ensure_future(r.poll()) for _ in range(3)]
                # Sometimes before it begins, sometimes while it looks, sometimes when it has one.
                for _ in range(cancelled % 7):
                    await asyncio.sleep(0)
                for poll in polls:
                    poll.cancel()
                for poll in polls:
                    try:
                        got.append(number(await poll))
                    except asyncio.CancelledError:
                        cancelled += 1
                with suppress(asyncio.TimeoutError):
                    got.append(number(await asyncio.wait_for(r.poll(), 0.0005 * (cancelled % 5))))
            await sends
            assert got == list(range(count))
            assert cancelled > count
            assert await r.poll(0) is None

    def notify_all() -> None:
        for n in range(count):
            listening.notify(body(n))

    run(main())


def test_a_look_that_is_over_is_not_waited_for(listening: Account) -> None:
    """It is over a moment before the loop says so; who polled then once held the loop up for ever."""

    async def main() -> None:
        async with receiver(listening) as r:
            listening.notify(body(0))
            while r.stats()["queued"] == 0:
                await asyncio.sleep(0)
            over = asyncio.get_running_loop().create_future()
            over.set_result(None)
            r._looking = over
            assert number(await r.poll(0)) == 0

    run(main())


def test_what_came_for_a_loop_that_ended_goes_to_the_next(listening: Account) -> None:
    """As after Ctrl-C: `asyncio.run` ends while the thread of a poll waits or has one."""
    count = 20

    async def ends(r: aio.Receiver) -> asyncio.Future[lpconnector.Notification | None]:
        poll = asyncio.ensure_future(r.poll())
        while r._looking is None and not poll.done():
            await asyncio.sleep(0)
        # Its thread has begun.
        await asyncio.to_thread(listening.deliveries)
        return poll

    def taken(poll: asyncio.Future[lpconnector.Notification | None]) -> list[int]:
        """What it took in time, if it did."""
        return [number(poll.result())] if poll.done() and not poll.cancelled() else []

    async def next_one(r: aio.Receiver) -> int:
        return number(await r.poll())

    r = receiver(listening)
    got: list[int] = []
    for n in range(count):
        got += taken(asyncio.run(ends(r)))
        listening.notify(body(n))
        while n % 2 and len(got) <= n:
            got.append(asyncio.run(next_one(r)))
    # One that is closed without anybody cancelling its tasks.
    loop = asyncio.new_event_loop()
    assert not taken(loop.run_until_complete(ends(r)))
    listening.notify(body(count))
    got.append(asyncio.run(next_one(r)))
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()
    r.shutdown()
    assert got == list(range(count + 1))


def test_one_kept_at_the_very_end_is_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = lpconnector.parse_notification(body(1))

    async def main() -> None:
        r = aio.Receiver(receiver_secret=SECRET)

        async def ends(seconds: float) -> None:
            if number(kept) not in given:
                r._came.append(kept)
            raise Closed("the receiver was shut down")

        given: list[int] = []
        monkeypatch.setattr(r, "_look", ends)
        async for notification in r:
            given.append(number(notification))
        assert given == [1]
        r.shutdown()

    run(main())


def test_a_program_may_end_without_a_shutdown() -> None:
    async def main() -> None:
        r = aio.Receiver(receiver_secret=SECRET)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(r.poll(), 0.01)

    run(main())


def test_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setenv("LPC_RECEIVER_PATH", "/environment")
        async with aio.Receiver.from_env(receiver_secret=SECRET, max_concurrency=1) as r:
            assert r.url.endswith("/environment")
        file = tmp_path / "lp.conf"
        file.write_text(f"receiver.secret = {SECRET}\nreceiver.path = /file\n")
        async with aio.Receiver.from_file(file) as r:
            assert r.url.endswith("/file")
        with pytest.raises(lpconnector.InvalidArgument, match="max_concurrency"):
            aio.Receiver(receiver_secret=SECRET, max_concurrency=0)

    run(main())


def test_the_same_methods() -> None:
    names = {name for name in dir(lpconnector.Receiver) if not name.startswith("_")}
    assert names == {name for name in dir(aio.Receiver) if not name.startswith("_")}
    for name in ("poll", "ack", "nack"):
        mine, theirs = getattr(aio.Receiver, name), getattr(lpconnector.Receiver, name)
        assert inspect.iscoroutinefunction(mine)
        assert list(inspect.signature(mine).parameters) == list(
            inspect.signature(theirs).parameters
        )
