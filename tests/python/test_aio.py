"""The same for asyncio: what is new there."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

import lpconnector
from conftest import Account
from lpconnector import ChatState, Closed, aio

HOUR_MS = 3_600_000


def client(account: Account, **options: Any) -> aio.Client:
    return aio.Client.from_env(**{**account.options(), **options})


def patient(account: Account, **options: Any) -> aio.Client:
    """A client whose calls wait for an hour, so that only what the test does can end them."""
    return client(account, request_timeout_ms=HOUR_MS, call_timeout_ms=HOUR_MS, **options)


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


async def arrived(account: Account, route: str, count: int = 1) -> None:
    while len(await asyncio.to_thread(account.requests, route)) < count:
        pass


def test_a_conversation_from_beginning_to_end(account: Account, tmp_path: Path) -> None:
    async def main() -> None:
        async with client(account) as c:
            assert c.account_id == account.id
            consumer = c.consumer("x")
            conversation = await consumer.open(
                profile={"personal": {"firstname": "John"}},
                campaign={"campaignId": "1", "engagementId": 2},
                context={"lang": "en-US"},
                skill_id="-1",
                ttr="NORMAL",
                first_message="Hi",
                client_properties={"appId": "a"},
                features=["RICH_CONTENT"],
            )
            assert conversation.dialog_id == conversation.id
            reply = await conversation.send_text("two")
            assert isinstance(reply, lpconnector.Response)
            text = {"type": "ContentEvent", "contentType": "text/plain", "message": "three"}
            metadata: list[lpconnector.Metadata] = [{"type": "ExternalId", "id": "e-1"}]
            await conversation.send_event(text, metadata=metadata)
            await conversation.send_rich_content({"type": "text", "text": "x"}, metadata=metadata)
            await conversation.send_chat_state(ChatState.PAUSE)
            await conversation.send_accept_status("READ", [1], metadata=metadata)
            await conversation.set_profile({"role": "guest"})
            kept = c.consumer_from_jws(await consumer.jws())
            assert await kept.lp_id() == await consumer.lp_id()
            again = kept.attach(
                conversation.id, dialog_id="d", client_properties={"appId": "a"}, features=["NEW"]
            )
            assert (again.id, again.dialog_id) == (conversation.id, "d")
            await conversation.set_ttr("URGENT", 300)
            publish = {"dialogId": conversation.id, "event": {**text, "message": "four"}}
            await kept.send_json({"kind": "req", "type": "ms.PublishEvent", "body": publish})
            survey = await asyncio.to_thread(account.survey, conversation.id)
            await conversation.close_dialog(survey)
            await conversation.rate(5, resolved=True, status="FILLED")
            batch = [
                {"kind": "req", "type": "userprofile.SetUserProfile", "body": {}},
                {
                    "kind": "req",
                    "type": "cm.ConsumerRequestConversation",
                    "body": {"brandId": account.id},
                },
            ]
            another = c.consumer("y")
            opened = (await another.batch_json(batch)).body[1]["body"]["conversationId"]
            other = another.attach(opened)
            await other.close_stage()
            with pytest.raises(Closed, match="conversation was closed"):
                await other.send_text("too late")
            shown = repr(c) + repr(consumer) + repr(conversation)
            assert account.client_secret not in shown and conversation.id in shown

    run(main())
    assert account.texts() == ["Hi", "two", "three", "four"]


def test_files_and_progress(account: Account, tmp_path: Path) -> None:
    data = b"\x89PNG\r\n\x1a\n" + bytes(200_000)
    path = tmp_path / "a.png"
    path.write_bytes(data)

    async def main() -> None:
        told: list[tuple[int, int, int]] = []

        def tell(done: int, total: int) -> None:
            told.append((done, total, threading.get_ident()))

        async with client(account) as c:
            conversation = await c.consumer("x").open()
            conversation.set_progress(tell)
            await conversation.send_file(path, caption="a", preview=None)
            assert told[-1] == (len(data), len(data), threading.get_ident())
            told.clear()
            metadata = [{"type": "ExternalId", "id": "e-1"}]
            await conversation.send_file_bytes(data, "PNG", preview=b"GIF89a", metadata=metadata)
            sent = await asyncio.to_thread(account.sent)
            assert sent[-1]["metadata"] == metadata
            assert told[-1] == (len(data), len(data), threading.get_ident())
            conversation.set_progress(None)
            told.clear()
            stored = await asyncio.to_thread(account.put_file, data, "PNG")
            await conversation.download_file(stored, tmp_path / "b.png")
            assert told == []

            def broken(done: int, total: int) -> None:
                raise ValueError("no")

            seen: list[dict[str, Any]] = []
            asyncio.get_running_loop().set_exception_handler(lambda _, told: seen.append(told))
            conversation.set_progress(broken)
            await conversation.send_file(path)
            assert isinstance(seen[0]["exception"], ValueError)

    run(main())
    assert (tmp_path / "b.png").read_bytes() == data


def test_hundreds_of_tasks_on_one_client(account: Account) -> None:
    async def talk(c: aio.Client, number: int) -> None:
        conversation = await c.consumer(f"consumer {number}").open()
        await conversation.send_text(f"from {number}")
        await conversation.close()

    async def main() -> None:
        async with client(account) as c:
            await asyncio.gather(*(talk(c, number) for number in range(300)))

    run(main())
    assert sorted(account.texts()) == sorted(f"from {number}" for number in range(300))
    assert len(account.requests("token")) == 1
    # No more connections than calls at a time, to each of three services.
    assert len({request["connection"] for request in account.requests()}) <= 3 * 32 + 1


def test_sends_of_a_conversation_keep_the_order_of_the_calls(account: Account) -> None:
    async def main() -> None:
        async with client(account) as c:
            conversation = await c.consumer("x").open()
            sends = [conversation.send_text(str(number)) for number in range(100)]
            replies = await asyncio.gather(*sends)
            assert len({reply.request_id for reply in replies}) == 100

    run(main())
    assert account.texts() == [str(number) for number in range(100)]


def test_as_many_connections_are_kept_as_there_are_calls_at_a_time(account: Account) -> None:
    rounds, size = 8, 64

    async def main() -> None:
        async with client(account, max_concurrency=size) as c:
            consumers = [c.consumer(str(number)) for number in range(size)]
            opened = await asyncio.gather(*(consumer.open() for consumer in consumers))
            for _ in range(rounds):
                await asyncio.gather(*(conversation.send_text("x") for conversation in opened))

    run(main())
    sends = account.requests("send")
    assert len(sends) == rounds * size
    assert len({request["connection"] for request in sends}) <= size
    with pytest.raises(lpconnector.InvalidArgument, match="max_concurrency is 3, more than pool"):
        client(account, max_concurrency=3, pool_max_connections=2)
    with pytest.raises(lpconnector.InvalidArgument, match=r"more than pool_max_connections \(2\)"):
        aio.Client(account_id="x", pool_max_connections=2)
    aio.Client(account_id="x", max_concurrency=2, pool_max_connections=2).shutdown()


def test_no_more_threads_than_allowed(account: Account) -> None:
    async def main() -> None:
        before = threading.active_count()
        async with client(account, max_concurrency=3) as c:
            consumers = [c.consumer(str(number)) for number in range(20)]
            await asyncio.gather(*(consumer.open() for consumer in consumers))
            assert threading.active_count() <= before + 3

    run(main())


def test_a_cancelled_task_stops_waiting_at_once(account: Account) -> None:
    async def main() -> None:
        async with patient(account) as c:
            consumer = c.consumer("x")
            stuck = await consumer.open()
            await asyncio.to_thread(account.answer, "send", stall=True)
            waiting = asyncio.create_task(stuck.send_text("x"))
            await arrived(account, "send")
            behind = asyncio.create_task(stuck.send_text("y"))
            await asyncio.sleep(0)
            waiting.cancel()
            behind.cancel()
            for task in (waiting, behind):
                with pytest.raises(asyncio.CancelledError):
                    await task
            # Others go on meanwhile.
            await (await c.consumer("y").open()).send_text("not stuck")
        # Leaving the client ends what is stuck: without that, this test would take an hour.

    run(main())
    assert account.texts() == ["not stuck"]


def test_a_cancelled_message_may_be_delivered(account: Account) -> None:
    async def main() -> None:
        async with client(account) as c:
            conversation = await c.consumer("x").open()
            send = asyncio.create_task(conversation.send_text("delivered"))
            await arrived(account, "send")
            send.cancel()
            # The next one waits for its turn behind the call that goes on.
            await conversation.send_text("next")

    run(main())
    assert account.texts() == ["delivered", "next"]


def test_exceptions_are_those_of_the_library(account: Account) -> None:
    async def main() -> None:
        async with client(account, rate_limit_backoff_ms=0) as c:
            conversation = await c.consumer("x").open()
            await asyncio.to_thread(account.answer, "send", status=429)
            with pytest.raises(lpconnector.RateLimited) as caught:
                await conversation.send_text("x")
            assert caught.value.http_status == 429
            with pytest.raises(lpconnector.InvalidArgument, match="stars is 0"):
                await conversation.rate(0, resolved=True)
            with pytest.raises(lpconnector.InvalidArgument):
                c.consumer("")
            with pytest.raises(TypeError):
                await conversation.send_text(5)  # type: ignore[arg-type]
            await conversation.send_text("still fine")

    run(main())
    with pytest.raises(lpconnector.ConfigError, match="did you mean 'connect_timeout_ms'"):
        aio.Client(account_id="a1", conect_timeout_ms=1)  # type: ignore[call-arg]
    with pytest.raises(lpconnector.InvalidArgument, match="max_concurrency is 0"):
        client(account, max_concurrency=0)


def test_shutdown_ends_what_waits_and_everything_later(account: Account) -> None:
    async def main() -> None:
        # One thread, so that the second call waits for it, and the third for its turn.
        c = patient(account, max_concurrency=1)
        consumer = c.consumer("x")
        conversation = await consumer.open()
        await asyncio.to_thread(account.answer, "send", stall=True)
        stuck = asyncio.create_task(conversation.send_text("x"))
        await arrived(account, "send")
        queued = asyncio.create_task(c.consumer("y").open())
        behind = asyncio.create_task(conversation.send_text("y"))
        await asyncio.sleep(0)
        c.shutdown()
        for task in (stuck, queued, behind):
            with pytest.raises(Closed, match="client was shut down"):
                await task
        with pytest.raises(Closed, match="client was shut down") as caught:
            await consumer.open()
        assert caught.value.status is lpconnector.Status.CLOSED
        c.shutdown()

    run(main())
    assert account.texts() == []


def test_a_client_from_a_file(account: Account, tmp_path: Path) -> None:
    settings = tmp_path / "settings.conf"
    settings.write_text("account.id = fromfile\n")
    assert aio.Client.from_file(settings, max_concurrency=1).account_id == "fromfile"
    jwt = account.app_jwt(lifetime=60)

    async def main() -> None:
        async with client(account) as c:
            c.set_app_jwt(jwt)
            c.set_credentials("not", "needed")
            await c.consumer("x").open()

    run(main())
    assert account.requests("token") == []


@pytest.mark.parametrize("name", ["Client", "Consumer", "Conversation"])
def test_the_surface_is_the_same(name: str) -> None:
    def surface(cls: type) -> set[str]:
        return {member for member in dir(cls) if not member.startswith("_")}

    blocking, here = getattr(lpconnector, name), getattr(aio, name)
    assert surface(here) == surface(blocking)
    for member in surface(blocking):
        theirs, ours = getattr(blocking, member), getattr(here, member)
        if callable(theirs) and not inspect.ismethod(ours):
            assert parameters(ours) == parameters(theirs), member


def parameters(function: Any) -> list[tuple[str, Any]]:
    _, *others = inspect.signature(function).parameters.values()
    return [(parameter.name, parameter.kind) for parameter in others]
