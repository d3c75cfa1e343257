import os
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Optional, TypedDict, Union, final

from typing_extensions import Self, Unpack

from ._enums import AcceptStatus, ChatState, CsatStatus, Feature, Ttr
from ._types import Campaign, ClientProperties, ConversationContext, Metadata, Profile, Stats

__all__ = ["Client", "Consumer", "Conversation", "Response", "__version__", "OPTIONS"]

__version__: str
OPTIONS: list[str]

class _Options(TypedDict, total=False):
    """Every option of the library, with underscores for dots; None is as if not given."""

    account_id: Optional[str]
    client_id: Optional[str]
    client_secret: Optional[str]
    app_jwt: Optional[str]
    domain_api_url: Optional[str]
    domain_messaging: Optional[str]
    domain_sentinel: Optional[str]
    domain_idp: Optional[str]
    domain_storage: Optional[str]
    domain_allowed_suffixes: Union[str, Sequence[str], None]
    domain_cache_ttl_ms: Optional[int]
    allow_plaintext: Optional[bool]
    token_api_version: Optional[int]
    token_refresh_margin_ms: Optional[int]
    token_verify: Optional[bool]
    token_public_key: Optional[str]
    connect_timeout_ms: Optional[int]
    request_timeout_ms: Optional[int]
    call_timeout_ms: Optional[int]
    retry_max_attempts: Optional[int]
    retry_backoff_ms: Union[int, Sequence[int], str, None]
    retry_ambiguous: Optional[bool]
    rate_limit_backoff_ms: Optional[int]
    rate_limit_max_wait_ms: Optional[int]
    pool_max_connections: Optional[int]
    pool_idle_timeout_ms: Optional[int]
    dns_cache_ttl_ms: Optional[int]
    proxy_url: Optional[str]
    tls_ca_file: Union[str, os.PathLike[str], None]
    tls_client_cert_file: Union[str, os.PathLike[str], None]
    tls_client_key_file: Union[str, os.PathLike[str], None]
    response_max_bytes: Optional[int]
    file_max_bytes: Optional[int]
    file_preview_max_bytes: Optional[int]
    client_properties: Union[ClientProperties, str, None]
    features: Union[Sequence[Union[Feature, str]], str, None]
    user_agent: Optional[str]

@final
class Client:
    """An account's connector.

    Takes every option as a keyword, with underscores for dots; ``None`` is as if not given,
    an empty text puts the default back. Lists may be given for options that take several values,
    and a mapping for ``client_properties``. Sends nothing by itself. May be used from any number of
    threads at once, and after a fork in parent and child. As a context manager it shuts down at the
    end.

    Logs to ``logging.getLogger("lpconnector")``, what the logger's effective level lets pass when
    the client is made.

    Raises ``ConfigError`` for an option that is unknown, malformed or missing.
    """

    def __new__(cls, **options: Unpack[_Options]) -> Self: ...
    @classmethod
    def from_env(cls, **options: Unpack[_Options]) -> Client:
        """A client with the options that the environment has, such as ``LPC_ACCOUNT_ID``;
        keywords come on top."""
    @classmethod
    def from_file(
        cls, path: Union[str, os.PathLike[str]], **options: Unpack[_Options]
    ) -> Client:
        """A client with the options of a file, which has lines such as ``account.id = 64467156``;
        keywords come on top."""
    @property
    def account_id(self) -> str:
        """The account's id."""
    def consumer(self, ext_consumer_id: str) -> Consumer:
        """The consumer whom the connector knows by this id. Sends nothing: the ConsumerJWS is
        fetched at the first use, once, and kept."""
    def consumer_from_jws(self, jws: str) -> Consumer:
        """A consumer by a ConsumerJWS kept from earlier; it never expires. Sends nothing."""
    def set_app_jwt(self, jwt: Optional[str]) -> None:
        """Uses this AppJWT for all later calls, or with ``None`` none of the caller's: then AppJWTs
        are obtained with ``client_id`` and ``client_secret``."""
    def stats(self) -> Stats:
        """What the client has done so far, in this process: after a fork the child counts from 0.
        Sends nothing."""
    def shutdown(self) -> None:
        """Ends the client for good: calls in flight in other threads raise ``Closed``, whatever
        they wait for; later ones raise it, too."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        _exc_type: Optional[type[BaseException]],
        _exc_value: Optional[BaseException],
        _traceback: Optional[TracebackType],
    ) -> None: ...

@final
class Consumer:
    """An end user of the account. May be used from any number of threads at once."""

    def jws(self) -> str:
        """The ConsumerJWS, to keep for ``Client.consumer_from_jws``; fetched if this is the first
        use. It is a secret: whoever has it can speak as the consumer."""
    def lp_id(self) -> str:
        """The id that the service gave the consumer: the originatorId of the consumer's own
        events. The ConsumerJWS is fetched if this is the first use."""
    def open(
        self,
        *,
        profile: Union[Profile, str, None] = None,
        campaign: Union[Campaign, str, None] = None,
        context: Union[ConversationContext, str, None] = None,
        skill_id: Optional[str] = None,
        ttr: Union[Ttr, str, None] = None,
        first_message: Optional[str] = None,
        client_properties: Union[ClientProperties, str, None] = None,
        features: Optional[Sequence[Union[Feature, str]]] = None,
    ) -> Conversation:
        """Opens a conversation, with the consumer's profile and first message in the same round
        trip if they are given.

        ``profile``, ``campaign``, ``context`` and ``client_properties`` are mappings or JSON.
        ``skill_id`` ``"-1"`` is any skill. ``client_properties`` come over those of the client,
        member by member, and ``features`` in place of the client's; every later request of the
        conversation carries them, too.

        Raises ``Rejected`` if the service refused one of the requests: where the conversation was
        opened but its first message refused, the message names the conversation, and ``attach``
        goes on with it.
        """
    def attach(self, conversation_id: str, dialog_id: Optional[str] = None) -> Conversation:
        """Goes on with a conversation opened earlier, in its first dialog or in another, such as a
        survey. Sends nothing."""
    def send_json(self, request: Union[str, bytes, Mapping[str, Any]]) -> Response:
        """Sends one request, written by the caller, to SEND: the way out for what has no method.

        Takes JSON as ``str`` or ``bytes``, which goes out as it is, or an object for
        ``json.dumps``. Its ``id`` is kept (a string of 1 to 64 characters or a number); a missing
        one is filled in.
        """
    def batch_json(self, requests: Union[str, bytes, Sequence[Mapping[str, Any]]]) -> Response:
        """Sends an array of requests, written by the caller, to CONVERSATION, with ids as in
        ``send_json``. The ``body`` of the response is the list of all answers."""

@final
class Conversation:
    """One conversation of a consumer, in one of its dialogs.

    May be used from any number of threads at once: sends go out one at a time, those of one thread
    in their order.
    """

    @property
    def id(self) -> str:
        """The conversation's id."""
    @property
    def dialog_id(self) -> str:
        """The id of the dialog that this object sends to; that of the first dialog is the
        conversation's."""
    def send_text(self, text: str) -> Response:
        """Sends a text as the consumer. Look at ``LpcError.maybe_delivered`` before sending it
        again after an error."""
    def send_event(
        self,
        event: Union[Mapping[str, Any], str],
        *,
        metadata: Union[Sequence[Metadata], str, None] = None,
    ) -> Response:
        """Sends any event: a mapping, or JSON that goes out as it is written."""
    def send_rich_content(
        self,
        content: Union[Mapping[str, Any], str],
        *,
        metadata: Union[Sequence[Metadata], str, None] = None,
    ) -> Response:
        """Sends rich content: cards, buttons, carousels and so on, in the vendor's format."""
    def send_chat_state(self, state: Union[ChatState, str]) -> Response:
        """Tells the agent what the consumer is doing. After ``COMPOSING`` another state must
        follow, or the agent sees typing for ever."""
    def send_accept_status(
        self,
        status: Union[AcceptStatus, str],
        sequences: Sequence[int],
        *,
        metadata: Union[Sequence[Metadata], str, None] = None,
    ) -> Response:
        """Tells the agent what became of the messages with these sequences."""
    def send_file(
        self,
        path: Union[str, os.PathLike[str]],
        *,
        caption: Optional[str] = None,
        preview: Union[str, os.PathLike[str], None] = None,
    ) -> Response:
        """Sends a file, with text beside it and a small picture to show in its place.

        Its type is the ending of its name, and must be that of its content. What the service takes:
        JPG, JPEG, PNG and GIF, and PDF and others where the account allows them. The preview is a
        JPEG, PNG or GIF file. Other sends of the conversation may go out while the file is on its
        way.

        Raises ``LpcError`` with ``Status.IO`` if a file cannot be read, and ``InvalidArgument`` if
        one is empty, too large (``file_max_bytes``, ``file_preview_max_bytes``) or of another type.
        """
    def send_file_bytes(
        self,
        data: Union[bytes, bytearray],
        file_type: str,
        *,
        caption: Optional[str] = None,
        preview: Union[bytes, bytearray, None] = None,
    ) -> Response:
        """As ``send_file``, for a file in memory, of a type such as ``PNG``; its preview is in
        memory, too."""
    def download_file(self, relative_path: str, to_path: Union[str, os.PathLike[str]]) -> None:
        """Fetches a file that was sent in the conversation into a file of this machine, in place of
        one that is there. Nobody ever sees half of it.

        Raises ``LpcError`` with ``Status.IO`` if the file cannot be written, and ``ProtocolError``
        if it is longer than ``response_max_bytes``.
        """
    def set_progress(self, callback: Optional[Callable[[int, int], object]]) -> None:
        """Calls this function with the bytes done and the bytes in all (0: unknown) while files of
        this conversation go up or come down; ``None`` stops that.

        It is called on the thread that sends or fetches the file. What it raises goes to
        ``sys.unraisablehook`` and stops nothing.
        """
    def set_profile(self, profile: Union[Profile, str]) -> Response:
        """Sets the consumer's profile: what is there replaces what the service knows."""
    def rate(
        self,
        stars: int,
        *,
        resolved: bool,
        status: Union[CsatStatus, str] = CsatStatus.FILLED,
    ) -> Response:
        """Rates the conversation with 1 to 5 stars, and whether the consumer's matter is resolved.
        This is possible after it was closed, too."""
    def close(self) -> Response:
        """Closes the conversation. Later sends raise ``Closed``."""
    def close_dialog(self, dialog_id: str) -> Response:
        """Closes one dialog of the conversation, for example a survey."""

@final
class Response:
    """The service's answer to a request that it accepted."""

    @property
    def request_id(self) -> str:
        """The id of the request that this answers; for a batch, that of its first request."""
    @property
    def http_status(self) -> int:
        """The HTTP status, any of 200 to 299."""
    @property
    def code(self) -> str:
        """The code as the service wrote it, mostly "OK"."""
    @property
    def sequence(self) -> Optional[int]:
        """``body.sequence`` of the answer, handed on as it came; ``None`` if absent, and for a
        batch."""
    @property
    def body(self) -> Any:
        """The answer's body, from JSON: mostly a dict; for a batch, the list of all answers."""
    @property
    def raw(self) -> bytes:
        """The bytes of the whole answer."""
    @property
    def attempts(self) -> int:
        """How often the request was sent until this answer came."""
