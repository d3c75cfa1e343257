"""The connector for asyncio: what is new there."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

import lpconnector
from conftest import Account
from lpconnector import Closed, EventKind, Update, UpdateKind, aio
from test_connector import HOUR, PHONE, body, options


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


def connector(account: Account, **more: Any) -> aio.Connector:
    return aio.Connector.from_env(**options(account, **more))


def number(update: Optional[Update]) -> int:
    assert update is not None
    return int(update.event.text)


async def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0)


def test_a_channel(listening: Account, tmp_path: Path) -> None:
    listening.agent("echo")

    async def main() -> None:
        async with connector(listening, connector_store=f"sqlite:{tmp_path / 'q.db'}") as sms:
            await sms.submit_text(PHONE, "Hi", key="sms-4711")
            kinds = []
            async for update in sms:
                kinds.append(update.kind)
                await sms.ack(update)
                if update.kind == Update.EVENT and update.event.kind is EventKind.TEXT:
                    assert (update.consumer_id, update.event.text) == (PHONE, "You said: Hi")
                    await sms.shutdown()
        assert {UpdateKind.OPENED, UpdateKind.SENT, UpdateKind.EVENT} <= set(kinds)
        with pytest.raises(Closed):
            await sms.poll(0)

    run(main())


def test_what_is_submitted_together_goes_out_in_its_order(account: Account) -> None:
    consumers, count = [f"c-{n}" for n in range(4)], 25

    async def main() -> None:
        async with connector(account, max_concurrency=8) as sms:
            submits = [
                sms.submit_text(consumer, f"{consumer} {n}")
                if n % 2
                else sms.submit(consumer, {"text": f"{consumer} {n}"})
                for n in range(count)
                for consumer in consumers
            ]
            await asyncio.gather(*submits)
            await sms.shutdown(HOUR)

    run(main())
    texts = account.texts()
    for consumer in consumers:
        mine = [text for text in texts if text.startswith(f"{consumer} ")]
        assert mine == [f"{consumer} {n}" for n in range(count)]


def test_submits_that_are_cancelled(account: Account) -> None:
    """One that has not begun is not made; the others keep their order."""

    async def main() -> None:
        async with connector(account) as sms:
            submits = [asyncio.ensure_future(sms.submit_text("a", str(n))) for n in range(20)]
            # Each is in its line.
            await asyncio.sleep(0)
            for submit in submits[10::2]:
                submit.cancel()
            ends = await asyncio.gather(*submits, return_exceptions=True)
            done = [n for n, end in enumerate(ends) if end is None]
            assert set(range(10)) <= set(done)
            with pytest.raises(lpconnector.InvalidArgument, match="^action"):
                await sms.submit("a", {})
            await sms.submit_text("a", "20")
            await sms.shutdown(HOUR)
            came = list(map(int, account.texts()))
            assert came == sorted(came) and {*done, 20} <= set(came)

    run(main())


def test_polls(account: Account) -> None:
    async def main() -> None:
        async with connector(account, connector_foreign=True) as sms:
            for short in (0, -1, 0.001, 0.15):
                assert await sms.poll(short) is None
            with pytest.raises(lpconnector.InvalidArgument):
                await sms.poll(float("nan"))
            assert sms.url == "" and repr(sms) == "<lpconnector.aio.Connector url=''>"
            for forged in ("", "sha1=bogus"):
                with pytest.raises(lpconnector.SignatureError):
                    await sms.receive(body(0), forged)
            await sms.receive(body(0), account.sign(body(0)))
            update = await sms.poll(float("inf"))
            assert update is not None and number(update) == 0
            await sms.nack(update)
            assert await sms.poll() == update
            assert sms.fileno() == sms.fileno()
            await sms.ack(update)
            assert sms.stats()["acknowledged"] == 1
            assert "lpconnector_connector_acknowledged_total 1" in sms.prometheus().splitlines()
            sms.set_credentials(account.client_id, ["x", account.client_secret])
            waiting = [asyncio.ensure_future(sms.poll()) for _ in range(3)]
            await asyncio.sleep(0)
            await sms.shutdown()
            for end in await asyncio.gather(*waiting, return_exceptions=True):
                assert isinstance(end, Closed)
            assert [n async for n in sms] == []

    run(main())


def test_a_file_of_an_agent(account: Account, tmp_path: Path) -> None:
    data = b"\xff\xd8\xff" + bytes(1000)

    async def main() -> None:
        async with connector(account) as sms:
            await sms.submit_text("a", "x")
            assert (opened := await sms.poll()) is not None and opened.kind is UpdateKind.OPENED
            relative_path = account.put_file(data, "JPEG")
            await sms.download_file("a", relative_path, tmp_path / "there.jpg")
            assert (tmp_path / "there.jpg").read_bytes() == data

    run(main())


def test_polls_that_are_cancelled_take_nothing(account: Account) -> None:
    """Cancelled at any moment, by a timeout or from outside, while others come in."""
    count = 60

    async def main() -> None:
        async with connector(account, connector_foreign=True) as sms:
            comes = asyncio.ensure_future(receive_all(sms))
            got: list[int] = []
            cancelled = 0

            async def take(update: Optional[Update]) -> None:
                got.append(number(update))
                assert update is not None and not update.is_repeat
                # The next one of the consumer follows.
                await sms.ack(update)

            while len(got) < count:
                polls = [asyncio.ensure_future(sms.poll()) for _ in range(3)]
                # Sometimes before it begins, sometimes while it looks, sometimes when it has one.
                for _ in range(cancelled % 7):
                    await asyncio.sleep(0)
                for poll in polls:
                    poll.cancel()
                for poll in polls:
                    try:
                        await take(await poll)
                    except asyncio.CancelledError:
                        cancelled += 1
                with suppress(asyncio.TimeoutError):
                    await take(await asyncio.wait_for(sms.poll(), 0.0005 * (cancelled % 5)))
            await comes
            assert got == list(range(count))
            assert cancelled > count
            assert await sms.poll(0) is None

    async def receive_all(sms: aio.Connector) -> None:
        for n in range(count):
            signature = await asyncio.to_thread(account.sign, body(n))
            await sms.receive(body(n), signature)

    run(main())


def test_what_came_for_a_loop_that_ended_goes_to_the_next(account: Account) -> None:
    count = 20

    async def ends(sms: aio.Connector) -> None:
        asyncio.ensure_future(sms.poll())
        await until(lambda: sms._looking is not None)

    async def next_one(sms: aio.Connector) -> int:
        update = await sms.poll()
        assert update is not None
        await sms.ack(update)
        return number(update)

    sms = connector(account, connector_foreign=True)
    got: list[int] = []
    for n in range(count):
        asyncio.run(ends(sms))
        sms._connector.receive(body(n), account.sign(body(n)))
        got.append(asyncio.run(next_one(sms)))
    sms._connector.shutdown()
    assert got == list(range(count))


def test_an_end_that_is_cancelled_stops_at_once(account: Account) -> None:
    async def main() -> None:
        sms = connector(account, domain_messaging="https://127.0.0.1:1")
        await sms.submit_text("a", "x")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(sms.shutdown(HOUR), 0.05)
        with pytest.raises(Closed):
            await sms.submit_text("a", "y")
        assert await asyncio.wait_for(anext_or_none(sms), 60) is None

    async def anext_or_none(sms: aio.Connector) -> Optional[Update]:
        async for update in sms:
            return update
        return None

    run(main())


def test_ctrl_c_ends_a_program_that_drains() -> None:
    script = """if True:
        import asyncio, signal, lpconnector
        from lpconnector import aio

        # What runs in the background may have been told to ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)

        async def main():
            options = {"account_id": "1", "client_id": "i", "client_secret": "s"}
            async with aio.Connector(**options, connector_store="memory", allow_plaintext=True,
                                     domain_api_url="http://127.0.0.1:1") as sms:
                await sms.submit_text("a", "x")
                ending = asyncio.ensure_future(sms.shutdown(3600))
                try:
                    while True:
                        await sms.submit_text("a", "x")
                except lpconnector.Closed:
                    signal.raise_signal(signal.SIGINT)
                await ending

        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    command = [sys.executable, "-W", "error", "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "interrupted\n", "")


def test_options(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {"account_id": "a", "client_id": "b", "client_secret": "c"}
    given |= {"connector_store": "memory", "receiver_listen": "127.0.0.1:0"}

    async def main() -> None:
        monkeypatch.setenv("LPC_RECEIVER_PATH", "/environment")
        async with aio.Connector.from_env(**given, max_concurrency=1) as sms:
            assert sms.url.endswith("/environment")
        file = tmp_path / "lp.conf"
        file.write_text("receiver.path = /file\n")
        async with aio.Connector.from_file(file, **given) as sms:
            assert sms.url.endswith("/file")
        async with aio.Connector(**given) as sms:
            assert sms.url.startswith("http://127.0.0.1:")
        with pytest.raises(lpconnector.InvalidArgument, match="max_concurrency"):
            aio.Connector(**given, max_concurrency=0)

    run(main())


def test_the_same_methods() -> None:
    names = {name for name in dir(lpconnector.Connector) if not name.startswith("_")}
    assert names == {name for name in dir(aio.Connector) if not name.startswith("_")}
    blocking = ("submit", "submit_text", "poll", "ack", "nack", "receive", "download_file")
    for name in (*blocking, "shutdown"):
        mine, theirs = getattr(aio.Connector, name), getattr(lpconnector.Connector, name)
        assert inspect.iscoroutinefunction(mine)
        assert list(inspect.signature(mine).parameters) == list(
            inspect.signature(theirs).parameters
        )
