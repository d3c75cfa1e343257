"""An SMS gateway. Lines ``ID <tab> NUMBER <tab> TEXT`` come in, where ID is the provider's own; lines go out:

    took ID                             it is in the store, and goes to an agent
    failed ID <tab> NUMBER <tab> WHY    it reaches no agent
    say ID <tab> NUMBER <tab> TEXT      an agent's text, \\n for a line break in it; again: the same ID

Killed at any moment it loses nothing: start it, and feed it again what it did not answer. SIGTERM and the end
of the input end it. LPC_CONNECTOR_STORE=sqlite:FILE and all else comes from the environment.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import suppress
from functools import partial

from lpconnector import Closed, ConnectError, Connector, Full, InvalidArgument, IoError, Update

# For so many seconds it goes on sending at the end; the rest waits in the store.
DRAIN = 5.0
ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r"})
printing = threading.Lock()


def put(line: str) -> None:
    """Prints a line, which is out when this returns."""
    with printing:
        print(line.translate(ESCAPES), flush=True)


def tell(update: Update) -> None:
    if update.kind == Update.FAILED:
        put(f"failed {update.key}\t{update.consumer_id}\t{update.error}")
    elif update.event is not None and update.event.text:
        put(f"say {update.dialog_id}/{update.sequence}\t{update.consumer_id}\t{update.event.text}")


def take(sms: Connector, line: str) -> None:
    """Takes a line. A full queue, a full disk and an outage pass."""
    key, number, text, *_ = (*line.split("\t", 2), "", "")
    while True:
        try:
            sms.submit_text(number, text, key=key)
            return put(f"took {key}")
        except InvalidArgument as why:
            return put(f"failed {key}\t{number}\t{why}")
        except (Full, IoError, ConnectError):
            time.sleep(0.2)


def listen(sms: Connector) -> None:
    # Not sys.stdin, for which the interpreter would wait at its end.
    with open(0, encoding="utf-8", errors="replace", newline="\n", closefd=False) as lines:
        try:
            for line in lines:
                if line.endswith("\n"):
                    take(sms, line[:-1])
        except Closed:
            return
    sms.shutdown(DRAIN)


def main() -> None:
    with Connector.from_env() as sms:
        end = partial(threading.Thread, target=sms.shutdown, args=[DRAIN], daemon=True)
        signal.signal(signal.SIGTERM, lambda *_: end().start())
        threading.Thread(target=listen, args=[sms], daemon=True).start()
        for update in sms:
            tell(update)
            with suppress(IoError, ConnectError):  # the store fails: it comes again
                sms.ack(update)


if __name__ == "__main__":
    main()
