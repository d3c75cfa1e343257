"""Calls that keep their order."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future
from typing import Any, Callable

from ._calls import Calls


class Lines:
    """A line for each name: its calls are made one at a time, in the order in which they came, those of
    other names beside them."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._lock = threading.Lock()
        # Of each line that a thread works at, what it has not begun.
        self._waiting: dict[str, deque[tuple[Future[None], Callable[[], None]]]] = {}

    async def run(self, name: str, call: Callable[[], None]) -> None:
        outcome: Future[None] = Future()
        with self._lock:
            is_first = name not in self._waiting
            self._waiting.setdefault(name, deque()).append((outcome, call))
        if is_first:
            try:
                self._calls.begin(lambda: self._work(name))
            except BaseException:
                with self._lock:
                    del self._waiting[name]
                raise
        # One that is cancelled before its turn is not made.
        await asyncio.wrap_future(outcome)

    def _work(self, name: str) -> None:
        while True:
            with self._lock:
                if not self._waiting[name]:
                    del self._waiting[name]
                    return
                outcome, call = self._waiting[name].popleft()
            if outcome.set_running_or_notify_cancel():
                self._made(outcome, call)

    @staticmethod
    def _made(outcome: Future[None], call: Callable[[], Any]) -> None:
        try:
            call()
        except BaseException as failed:
            outcome.set_exception(failed)
        else:
            outcome.set_result(None)
