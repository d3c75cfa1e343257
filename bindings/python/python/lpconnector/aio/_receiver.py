"""``Receiver``: an endpoint for webhooks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Optional, Union

from .. import _lpconnector as blocking
from .._lpconnector import Notification
from ._calls import Calls
from ._polled import Polled

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .._lpconnector import _Options
    from .._types import ReceiverStats


class Receiver(Polled[Notification]):
    """An endpoint for webhooks, for programs that have no web server of their own: it listens,
    checks signatures, and queues.

    Takes every option of ``lpconnector.Receiver`` as a keyword, and ``max_concurrency``: so many
    calls are made at the same time, each by a thread of the receiver. As an async context manager
    it shuts down at the end and lets go of its file; as an async iterator it gives notifications until then.
    """

    def __init__(self, *, max_concurrency: int = 32, **options: Unpack[_Options]) -> None:
        self._make(Calls(max_concurrency), blocking.Receiver(**options))

    @classmethod
    def from_env(cls, *, max_concurrency: int = 32, **options: Unpack[_Options]) -> Self:
        """A receiver with the options that the environment has, such as ``LPC_RECEIVER_LISTEN``;
        keywords come on top."""
        return cls._of(blocking.Receiver.from_env(**options), max_concurrency)

    @classmethod
    def from_file(
        cls,
        path: Union[str, os.PathLike[str]],
        *,
        max_concurrency: int = 32,
        **options: Unpack[_Options],
    ) -> Self:
        """A receiver with the options of a file, which has lines such as
        ``receiver.listen = 0.0.0.0:8443``; keywords come on top."""
        return cls._of(blocking.Receiver.from_file(path, **options), max_concurrency)

    @classmethod
    def _of(cls, receiver: blocking.Receiver, max_concurrency: int) -> Self:
        made = cls.__new__(cls)
        made._make(Calls(max_concurrency), receiver)
        return made

    def _make(self, calls: Calls, receiver: blocking.Receiver) -> None:
        self._receiver = receiver
        self._make_queue(calls, receiver.poll)

    @property
    def url(self) -> str:
        """Where it listens, for example ``https://127.0.0.1:8443/``."""
        return self._receiver.url

    async def poll(self, timeout: Optional[float] = None) -> Optional[Notification]:
        """The next notification, or ``None`` if none comes in so many seconds; without a timeout it
        waits until one comes. A task that is cancelled takes none: what comes then goes to the next
        one that polls, in order, in another event loop too. See ``lpconnector.Receiver.poll``."""
        return await self._next(timeout)

    def set_credentials(self, client_id: str, client_secret: Union[str, Sequence[str]]) -> None:
        """Takes notifications for this app install and with these secrets from now on; see
        ``lpconnector.Receiver.set_credentials``."""
        self._receiver.set_credentials(client_id, client_secret)

    async def ack(self, notification: Notification) -> None:
        """Says that the program dealt with a notification: it will not come again; see
        ``lpconnector.Receiver.ack``."""
        await self._calls.run(lambda: self._receiver.ack(notification))

    async def nack(self, notification: Notification, after: float = 0.0) -> None:
        """Says that the program could not deal with a notification now: it is given out again, after
        so many seconds; see ``lpconnector.Receiver.nack``."""
        await self._calls.run(lambda: self._receiver.nack(notification, after))

    def fileno(self) -> int:
        """A file descriptor that is readable while a poll would not wait; -1 where there is none. It
        does not show what came for a poll that was cancelled: wait for it, or poll, not both. See
        ``lpconnector.Receiver.fileno``."""
        return self._receiver.fileno()

    def stats(self) -> ReceiverStats:
        """What the receiver has done so far, and what it holds; see
        ``lpconnector.Receiver.stats``."""
        return self._receiver.stats()

    def prometheus(self) -> str:
        """The same as ``stats``, as text in the exposition format of Prometheus."""
        return self._receiver.prometheus()

    def shutdown(self) -> None:
        """Stops listening; the service is no longer answered. ``poll`` and iterations give what is
        queued; then ``poll`` raises ``Closed``, and iterations end. See
        ``lpconnector.Receiver.shutdown`` for an orderly end."""
        self._receiver.shutdown()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc_value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.shutdown()
        self._receiver.__exit__(exc_type, exc_value, traceback)

    def __repr__(self) -> str:
        return f"<lpconnector.aio.Receiver url={self.url!r}>"
