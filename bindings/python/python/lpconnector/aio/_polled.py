"""What a handle gives out one after the other, fetched by threads."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING, Callable, Generic, Optional, TypeVar

from .._errors import Closed
from ._calls import Calls

if TYPE_CHECKING:
    from typing_extensions import Self

_T = TypeVar("_T")

# A thread waits so many seconds at a time, so that a program that ends waits for it no longer.
_SLICE = 0.1


class Polled(Generic[_T]):
    """The end of a queue: a task that is cancelled takes nothing from it."""

    def _make_queue(self, calls: Calls, fetch: Callable[[float], Optional[_T]]) -> None:
        self._calls = calls
        self._fetch = fetch
        # What came and was not taken yet; one look at a time, so that it is in order.
        self._came: deque[_T] = deque()
        self._turn = threading.Lock()
        self._looking: Optional[asyncio.Future[None]] = None

    async def _next(self, timeout: Optional[float]) -> Optional[_T]:
        loop = asyncio.get_running_loop()
        until = None if timeout is None else loop.time() + timeout
        has_looked = False
        while not self._came:
            left = _SLICE if until is None else until - loop.time()
            if has_looked and left <= 0:
                return None
            try:
                await self._look(min(left, _SLICE))
            except Closed:
                if not self._came:
                    raise
            has_looked = True
        return self._came.popleft()

    async def _look(self, seconds: float) -> None:
        """Waits for the look at the queue that is under way, or for a new one."""
        # One of another loop, which may have been closed, ends by itself. One that is over is waited for
        # in no time: the loop would never come to say that it is over.
        looking = self._looking
        loop = asyncio.get_running_loop()
        if looking is None or looking.done() or looking.get_loop() is not loop:
            looking = asyncio.ensure_future(self._calls.run(lambda: self._take(seconds)))
            looking.add_done_callback(self._looked)
            self._looking = looking
        # It goes on without this task, should that be cancelled.
        await asyncio.shield(looking)

    def _take(self, seconds: float) -> None:
        # What came is kept here, in the thread: the loop may end before it hears of it.
        with self._turn:
            came = self._fetch(seconds)
            if came is not None:
                self._came.append(came)

    def _looked(self, look: asyncio.Future[None]) -> None:
        if self._looking is look:
            self._looking = None
        if not look.cancelled():
            # Whoever waits has it; where nobody does, asyncio would complain.
            look.exception()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _T:
        try:
            came = await self._next(None)
        except Closed:
            raise StopAsyncIteration from None
        assert came is not None
        return came
