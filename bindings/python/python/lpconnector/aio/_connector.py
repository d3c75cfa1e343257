"""``Connector``: a channel on an account as a whole."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Optional, Union

from .. import _lpconnector as blocking
from .._lpconnector import Update
from ._calls import Calls
from ._lines import Lines
from ._polled import Polled

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .._lpconnector import _Options
    from .._types import Action, ConnectorStats


class Connector(Polled[Update]):
    """A channel on an account: takes what its consumers say, and tells what the agents answer; see
    ``lpconnector.Connector``.

    Takes every option of that as a keyword, and ``max_concurrency``: so many calls are made at the same
    time, each by a thread of this object; others wait. What is submitted for one consumer goes out in the
    order of the calls. As an async context manager it shuts down at the end and lets go of its store; as
    an async iterator it gives updates until then.
    """

    def __init__(self, *, max_concurrency: int = 32, **options: Unpack[_Options]) -> None:
        self._make(Calls(max_concurrency), blocking.Connector(**options))

    @classmethod
    def from_env(cls, *, max_concurrency: int = 32, **options: Unpack[_Options]) -> Self:
        """A connector with the options that the environment has, such as ``LPC_CONNECTOR_STORE``;
        keywords come on top."""
        made = cls.__new__(cls)
        made._make(Calls(max_concurrency), blocking.Connector.from_env(**options))
        return made

    @classmethod
    def from_file(
        cls,
        path: Union[str, os.PathLike[str]],
        *,
        max_concurrency: int = 32,
        **options: Unpack[_Options],
    ) -> Self:
        """A connector with the options of a file, which has lines such as
        ``connector.store = sqlite:/var/lib/sms/queue.db``; keywords come on top."""
        made = cls.__new__(cls)
        made._make(Calls(max_concurrency), blocking.Connector.from_file(path, **options))
        return made

    def _make(self, calls: Calls, connector: blocking.Connector) -> None:
        self._connector = connector
        self._make_queue(calls, connector.poll)
        # Threads would submit what is of one consumer in any order.
        self._consumers = Lines(calls)

    @property
    def url(self) -> str:
        """Where its endpoint listens, for example ``https://127.0.0.1:8443/``; empty where
        ``receiver_listen`` is not set."""
        return self._connector.url

    async def submit(
        self,
        consumer_id: str,
        action: Union[Action, Mapping[str, Any], str],
        key: Optional[str] = None,
    ) -> None:
        """Takes an action for a consumer; it is safe in the store when this is over. A task that is
        cancelled may have submitted it all the same: the same ``key`` again is not sent twice. See
        ``lpconnector.Connector.submit``."""
        submit = self._connector.submit
        await self._consumers.run(consumer_id, lambda: submit(consumer_id, action, key))

    async def submit_text(self, consumer_id: str, text: str, key: Optional[str] = None) -> None:
        """As ``submit``, for a text."""
        submit_text = self._connector.submit_text
        await self._consumers.run(consumer_id, lambda: submit_text(consumer_id, text, key))

    async def poll(self, timeout: Optional[float] = None) -> Optional[Update]:
        """The next update, or ``None`` if none comes in so many seconds; without a timeout it waits
        until one comes. A task that is cancelled takes none: what comes then goes to the next one that
        polls, in order, in another event loop too. See ``lpconnector.Connector.poll``."""
        return await self._next(timeout)

    async def ack(self, update: Update) -> None:
        """Says that the program dealt with an update: it will not come again, and the next one of its
        consumer follows; see ``lpconnector.Connector.ack``."""
        await self._calls.run(lambda: self._connector.ack(update))

    async def nack(self, update: Update, after: float = 0.0) -> None:
        """Says that the program could not deal with an update now: it is given out again, after so many
        seconds; see ``lpconnector.Connector.nack``."""
        await self._calls.run(lambda: self._connector.nack(update, after))

    def fileno(self) -> int:
        """A file descriptor that is readable while a poll would not wait; -1 where there is none. It does
        not show what came for a poll that was cancelled: wait for it, or poll, not both. See
        ``lpconnector.Connector.fileno``."""
        return self._connector.fileno()

    async def receive(self, body: Union[bytes, bytearray], signature: str) -> None:
        """Takes what the service posted to the program's own web server; it is safe in the store when
        this is over. See ``lpconnector.Connector.receive``."""
        await self._calls.run(lambda: self._connector.receive(body, signature))

    async def download_file(
        self, consumer_id: str, relative_path: str, to_path: Union[str, os.PathLike[str]]
    ) -> None:
        """Fetches a file that an agent sent to the consumer into a file of this machine; see
        ``lpconnector.Connector.download_file``."""
        download = self._connector.download_file
        await self._calls.run(lambda: download(consumer_id, relative_path, to_path))

    def set_credentials(self, client_id: str, client_secret: Union[str, Sequence[str]]) -> None:
        """Uses the first of these secrets for AppJWTs from now on, and takes notifications that were
        signed with any of them; see ``lpconnector.Connector.set_credentials``."""
        self._connector.set_credentials(client_id, client_secret)

    def stats(self) -> ConnectorStats:
        """What the connector has done so far, and what it holds; see ``lpconnector.Connector.stats``."""
        return self._connector.stats()

    def prometheus(self) -> str:
        """The same as ``stats``, as text in the exposition format of Prometheus."""
        return self._connector.prometheus()

    async def shutdown(self, drain: float = 0.0) -> None:
        """Takes nothing new, goes on sending what waits for at most so many seconds, and stops; where the
        task is cancelled, at once. ``poll`` and iterations give what the program was not told yet; then
        ``poll`` raises ``Closed``, and iterations end. See ``lpconnector.Connector.shutdown``."""
        try:
            await self._calls.run(lambda: self._connector.shutdown(drain))
        except asyncio.CancelledError:
            # Its thread must not keep a program that ends.
            self._connector.shutdown()
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc_value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self._calls.run(lambda: self._connector.__exit__(exc_type, exc_value, traceback))

    def __repr__(self) -> str:
        return f"<lpconnector.aio.Connector url={self.url!r}>"
