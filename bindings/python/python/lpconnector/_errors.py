"""The exceptions, which the native module raises."""

from __future__ import annotations

import enum
from typing import Any, Optional


class Status(enum.IntEnum):
    """What kind of failure happened: the numbers of the C ABI, which never change."""

    INVALID_ARGUMENT = 1
    CONFIG = 2
    CONNECT = 3
    TLS = 4
    TIMEOUT = 5
    UNAUTHORIZED = 6
    REJECTED = 7
    RATE_LIMITED = 8
    SERVER = 9
    PROTOCOL = 10
    CLOSED = 11
    IO = 12
    SIGNATURE = 13
    EMPTY = 14
    ALREADY_OPEN = 15
    FULL = 16
    INTERNAL = 99


class LpcError(Exception):
    """Why a call failed; the base of all exceptions of this package.

    Raised itself for a defect of the library (``Status.INTERNAL``). No secret is ever part of it.
    """

    status: Status
    """The kind of failure."""
    message: str
    """One sentence that a person can act on."""
    http_status: Optional[int]
    """The HTTP status of the answer, if one came."""
    service_code: Optional[int]
    """The service's own error code, for example 40102, if it gave one."""
    title: Optional[str]
    """The service's title of the error, if it gave one."""
    details: Optional[str]
    """The service's details of the error, if it gave them."""
    request_id: Optional[str]
    """The id of the request that failed, if it has one and was tried."""
    attempts: int
    """How often the failing request was tried, connection failures included."""
    is_retryable: bool
    """Whether the same call may succeed later: connection failures, but for a proxy that refuses,
    timeouts, 429 and 5xx; a queue of the library's that is full, and a store that could not write."""
    maybe_delivered: bool
    """Whether the request may have taken effect: it was sent, but no usable answer came."""
    retry_after_ms: Optional[int]
    """How long the service asked to wait, in milliseconds, if it did."""
    body: bytes
    """The raw answer of the service; empty if there was none."""

    def __init__(
        self,
        message: str,
        *,
        status: int = Status.INVALID_ARGUMENT,
        http_status: Optional[int] = None,
        service_code: Optional[int] = None,
        title: Optional[str] = None,
        details: Optional[str] = None,
        request_id: Optional[str] = None,
        attempts: int = 0,
        is_retryable: bool = False,
        maybe_delivered: bool = False,
        retry_after_ms: Optional[int] = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = Status(status)
        self.http_status = http_status
        self.service_code = service_code
        self.title = title
        self.details = details
        self.request_id = request_id
        self.attempts = attempts
        self.is_retryable = is_retryable
        self.maybe_delivered = maybe_delivered
        self.retry_after_ms = retry_after_ms
        self.body = body

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions cross process boundaries in multiprocessing and concurrent.futures.
        return (_rebuild, (type(self), self.message, dict(self.__dict__)))


def _rebuild(cls: type[LpcError], message: str, fields: dict[str, Any]) -> LpcError:
    error = cls(message)
    for name, value in fields.items():
        setattr(error, name, value)
    return error


class InvalidArgument(LpcError):
    """An argument is not what the call takes; nothing was sent."""


class ConfigError(LpcError):
    """An option is unknown, malformed or missing; nothing was sent."""


class ConnectError(LpcError, ConnectionError):
    """No connection: the name did not resolve, or the host refused, is unreachable, or reset."""


class TlsError(LpcError):
    """The TLS handshake or a certificate check failed."""


class Timeout(LpcError, TimeoutError):
    """A deadline passed."""


class Unauthorized(LpcError):
    """The service answered 401."""


class Rejected(LpcError):
    """The service answered with another 4xx, or refused a request inside an answer."""


class AlreadyOpen(Rejected):
    """The consumer has an open conversation; the service refuses a second one."""


class RateLimited(LpcError):
    """The service answered 429."""


class ServerError(LpcError):
    """The service answered with a 5xx."""


class ProtocolError(LpcError):
    """An answer is not what the protocol allows."""


class Closed(LpcError):
    """The client, receiver or connector was shut down, or the conversation was closed, here or at
    the service."""


class Full(LpcError):
    """A queue of the library has no room."""


class IoError(LpcError, OSError):
    """A file of this machine cannot be read or written, or a receiver cannot listen. ``errno`` and
    ``filename`` are set where it was a file."""

    def __init__(
        self,
        message: str,
        *,
        status: int = Status.IO,
        errno: Optional[int] = None,
        filename: Optional[str] = None,
        **fields: Any,
    ) -> None:
        super().__init__(message, status=status, **fields)
        self.errno = errno
        self.strerror = message
        self.filename = filename

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Those of OSError are not in its __dict__.
        ours = {"errno": self.errno, "strerror": self.strerror, "filename": self.filename}
        return (_rebuild, (type(self), self.message, {**self.__dict__, **ours}))


class FileNotFound(IoError, FileNotFoundError):
    """There is no such file."""


class SignatureError(LpcError):
    """A webhook's signature does not match."""
