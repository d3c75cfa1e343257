"""The threads in which calls are made."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, TypeVar

from .._errors import Closed, InvalidArgument, Status

_T = TypeVar("_T")


class Calls:
    """Makes blocking calls, so many at a time."""

    def __init__(self, max_concurrency: int) -> None:
        if max_concurrency < 1:
            message = f"max_concurrency is {max_concurrency}; allowed: 1 and more"
            raise InvalidArgument(message)
        self._threads = ThreadPoolExecutor(max_concurrency, "lpconnector")
        self._ended = False

    async def run(self, call: Callable[[], _T]) -> _T:
        return await asyncio.wrap_future(self.begin(call))

    def begin(self, call: Callable[[], _T]) -> Future[_T]:
        """As ``run``, without waiting for it."""
        try:
            return self._threads.submit(call)
        except RuntimeError:
            if self._ended:
                raise Closed("the client was shut down", status=Status.CLOSED) from None
            raise

    def end(self) -> None:
        """Takes no more calls. Those that wait for a thread still get one: cancelling them would
        look as if somebody had cancelled their tasks."""
        self._ended = True
        self._threads.shutdown(wait=False)
