"""``Client``: one account."""

from __future__ import annotations

import os
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Callable, Optional, Union

from .. import _lpconnector as blocking
from .._errors import InvalidArgument
from ._calls import Calls
from ._consumer import Consumer

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .._lpconnector import _Options
    from .._types import Stats


class Client:
    """An account's connector.

    Takes every option of ``lpconnector.Client`` as a keyword, and ``max_concurrency``: so many
    calls are made at the same time, each by a thread of the client; others wait. So many connections
    are kept, too: ``pool_max_connections`` is at least that, and a keyword for fewer is
    ``InvalidArgument``, because all beyond it would connect anew each time. Sends nothing by itself. Logs as ``lpconnector.Client`` does, in its threads. As an async context manager it shuts
    down at the end.

    Raises ``ConfigError`` for an option that is unknown, malformed or missing.
    """

    def __init__(self, *, max_concurrency: int = 32, **options: Unpack[_Options]) -> None:
        self._make(max_concurrency, blocking.Client, options)

    @classmethod
    def from_env(cls, *, max_concurrency: int = 32, **options: Unpack[_Options]) -> Self:
        """A client with the options that the environment has, such as ``LPC_ACCOUNT_ID``;
        keywords come on top."""
        made = cls.__new__(cls)
        made._make(max_concurrency, blocking.Client.from_env, options)
        return made

    @classmethod
    def from_file(
        cls,
        path: Union[str, os.PathLike[str]],
        *,
        max_concurrency: int = 32,
        **options: Unpack[_Options],
    ) -> Self:
        """A client with the options of a file, which has lines such as ``account.id = 64467156``;
        keywords come on top."""
        made = cls.__new__(cls)
        made._make(max_concurrency, partial(blocking.Client.from_file, path), options)
        return made

    def _make(
        self, max_concurrency: int, make: Callable[..., blocking.Client], options: _Options
    ) -> None:
        self._calls = Calls(max_concurrency)
        client = make(**options)
        if client._pool_max_connections < max_concurrency:
            if options.get("pool_max_connections") is not None:
                raise InvalidArgument(
                    f"max_concurrency is {max_concurrency}, more than pool_max_connections"
                    f" ({client._pool_max_connections})"
                )
            client = make(**{**options, "pool_max_connections": max_concurrency})
        self._client = client

    @property
    def account_id(self) -> str:
        """The account's id."""
        return self._client.account_id

    def consumer(self, ext_consumer_id: str) -> Consumer:
        """The consumer whom the connector knows by this id. Sends nothing: the ConsumerJWS is
        fetched at the first use, once, and kept."""
        return Consumer(self._client.consumer(ext_consumer_id), self._calls)

    def consumer_from_jws(self, jws: str) -> Consumer:
        """A consumer by a ConsumerJWS kept from earlier; it never expires. Sends nothing."""
        return Consumer(self._client.consumer_from_jws(jws), self._calls)

    def set_app_jwt(self, jwt: Optional[str]) -> None:
        """Uses this AppJWT for all later calls, or with ``None`` none of the caller's: then AppJWTs
        are obtained with ``client_id`` and ``client_secret``."""
        self._client.set_app_jwt(jwt)

    def set_credentials(self, client_id: str, client_secret: str) -> None:
        """Uses these credentials for AppJWTs obtained from now on: a rotated secret, without a
        restart. The AppJWT in use stays until it ends or is refused."""
        self._client.set_credentials(client_id, client_secret)

    def stats(self) -> Stats:
        """What the client has done so far, in this process; see ``lpconnector.Client.stats``."""
        return self._client.stats()

    def prometheus(self) -> str:
        """The same as ``stats``, as text in the exposition format of Prometheus."""
        return self._client.prometheus()

    def shutdown(self) -> None:
        """Ends the client for good: calls in flight raise ``Closed``, later ones too. Does not wait
        for them."""
        self._client.shutdown()
        self._calls.end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc_value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.shutdown()

    def __repr__(self) -> str:
        return f"<lpconnector.aio.Client account_id={self.account_id!r}>"
