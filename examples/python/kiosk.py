"""A kiosk: one consumer types lines, and reads what the agent does.

    python kiosk.py [consumer id]

`/rate 5` rates the conversation, `/bye` closes it, the next line opens another one. A line that comes back
with `you:` is in the store, and goes to an agent whatever happens to this program. SIGTERM and the end of
the input end it. LPC_CONNECTOR_STORE=sqlite:FILE and all else comes from the environment.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from concurrent.futures import CancelledError
from contextlib import suppress

from lpconnector import Closed, EventKind, Full, InvalidArgument, IoError, Update
from lpconnector.aio import Connector

# For so many seconds it goes on sending at the end; the rest waits in the store.
DRAIN = 5.0


async def say(kiosk: Connector, consumer_id: str, line: str) -> None:
    word, _, stars = line.partition(" ")
    action = {"/bye": '{"close":true}', "/rate": f'{{"rate":{stars},"resolved":true}}'}.get(word)
    while True:
        try:
            await kiosk.submit(consumer_id, action or {"text": line})
            return print(f"you: {line}", flush=True)
        except InvalidArgument as why:
            return print(f"({why})", flush=True)
        except (Full, IoError):  # it passes
            await asyncio.sleep(0.2)


def show(update: Update) -> None:
    event = update.event
    if update.kind == Update.FAILED:
        print(f"(not sent: {update.error})", flush=True)
    elif update.kind == Update.CLOSED:
        print("(the conversation is over; how was it? /rate 1 to 5)", flush=True)
    elif event is not None and event.text:
        who = "agent" if update.dialog_id == update.conversation_id else "survey"
        print(f"{who}: {event.text}", flush=True)
    elif event is not None and event.kind == EventKind.CHAT_STATE and event.state == "COMPOSING":
        print("(the agent types)", flush=True)


async def main(consumer_id: str) -> None:
    loop = asyncio.get_running_loop()
    async with Connector.from_env() as kiosk:

        def end() -> None:
            asyncio.run_coroutine_threadsafe(kiosk.shutdown(DRAIN), loop)

        def listen() -> None:
            # Not sys.stdin, for which the interpreter would wait at its end.
            with suppress(Closed, CancelledError), open(0, encoding="utf-8", closefd=False) as lines:
                for line in lines:
                    saying = say(kiosk, consumer_id, line.rstrip("\n"))
                    asyncio.run_coroutine_threadsafe(saying, loop).result()
                end()

        loop.add_signal_handler(signal.SIGTERM, end)
        threading.Thread(target=listen, daemon=True).start()
        async for update in kiosk:
            show(update)
            with suppress(IoError):  # the disk is full: it comes again
                await kiosk.ack(update)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "kiosk"))
