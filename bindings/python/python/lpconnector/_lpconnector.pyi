import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar, Literal, Optional, Protocol, TypedDict, Union, final

from typing_extensions import Self, Unpack

from ._content import EventContent
from ._enums import (
    AcceptStatus,
    ChatState,
    CsatStatus,
    EventKind,
    Feature,
    Ttr,
    UpdateKind,
)
from ._errors import LpcError
from ._types import (
    Action,
    Campaign,
    ClientProperties,
    ConnectorStats,
    ConversationContext,
    Metadata,
    Opening,
    Profile,
    ReceiverStats,
    Stats,
)

__all__ = [
    "Client",
    "Connector",
    "Consumer",
    "Conversation",
    "Notification",
    "NotificationEvent",
    "Receiver",
    "Response",
    "Update",
    "parse_notification",
    "verify_webhook",
    "__version__",
    "OPTIONS",
    "_end",
    "_forked",
    "_kept",
    "_told",
]

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
    client_properties: Union[ClientProperties, Mapping[str, Any], str, None]
    features: Union[Sequence[Union[Feature, str]], str, None]
    user_agent: Optional[str]
    receiver_listen: Optional[str]
    receiver_path: Optional[str]
    receiver_health_path: Optional[str]
    receiver_tls_cert_file: Union[str, os.PathLike[str], None]
    receiver_tls_key_file: Union[str, os.PathLike[str], None]
    receiver_tls_client_ca_file: Union[str, os.PathLike[str], None]
    receiver_secret: Union[str, Sequence[str], None]
    receiver_accounts: Union[str, Sequence[str], None]
    receiver_queue_max: Optional[int]
    receiver_body_max_bytes: Optional[int]
    receiver_ack: Optional[Literal["enqueue", "manual"]]
    receiver_ack_timeout_ms: Optional[int]
    receiver_order: Optional[bool]
    receiver_order_wait_ms: Optional[int]
    receiver_duplicates_window: Optional[int]
    receiver_store: Optional[str]
    connector_store: Optional[str]
    connector_nats_user: Optional[str]
    connector_nats_password: Optional[str]
    connector_nats_token: Optional[str]
    connector_nats_creds_file: Union[str, os.PathLike[str], None]
    connector_nats_nkey_file: Union[str, os.PathLike[str], None]
    connector_nats_tls_ca_file: Union[str, os.PathLike[str], None]
    connector_nats_tls_cert_file: Union[str, os.PathLike[str], None]
    connector_nats_tls_key_file: Union[str, os.PathLike[str], None]
    connector_nats_replicas: Optional[int]
    connector_nats_partitions: Optional[int]
    connector_takeover_ms: Optional[int]
    connector_queue_max: Optional[int]
    connector_key_window_ms: Optional[int]
    connector_open: Union[Opening, Mapping[str, Any], str, None]
    connector_give_up_ms: Optional[int]
    connector_pause_ms: Optional[int]
    connector_pause_max_ms: Optional[int]
    connector_external_id: Optional[bool]
    connector_echo_wait_ms: Optional[int]
    connector_ambiguous: Optional[Literal["repeat", "fail"]]
    connector_ack_timeout_ms: Optional[int]
    connector_receipts: Optional[Literal["none", "accept", "read"]]
    connector_foreign: Optional[bool]
    connector_workers: Optional[int]
    connector_survey: Optional[bool]

@final
class Client:
    """An account's connector.

    Takes every option as a keyword, with underscores for dots; ``None`` is as if not given,
    an empty text puts the default back. Lists may be given for options that take several values,
    and a mapping for ``client_properties``. Sends nothing by itself. May be used from any number of
    threads at once, and after a fork in parent and child. As a context manager it shuts down at the
    end.

    Logs to ``logging.getLogger("lpconnector")``, what the logger's effective level lets pass when
    the client is made. Inside a log handler, calls that may wait raise ``InvalidArgument`` at once,
    because they could wait for the call that logs: whatever makes requests, and ``poll`` and ``ack``
    of a ``Receiver``.

    In the main thread, signal handlers run while a call waits. What one raises, such as
    ``KeyboardInterrupt`` at Ctrl-C, ends the call within a tenth of a second; its ``__context__`` is
    the ``Closed`` that came of the call, whose ``maybe_delivered`` says whether the request may have
    been sent. The client stays usable. Inside such a handler the same holds as inside a log handler.

    Raises ``ConfigError`` for an option that is unknown, malformed or missing: also where
    ``client_id``, ``client_secret`` or ``app_jwt`` are named and all that are named are ``None``,
    as from an environment that lacks them; for ``set_credentials`` or ``set_app_jwt`` later, leave
    them out. Raises ``IoError`` for a file that cannot be read.
    """

    def __new__(cls, **options: Unpack[_Options]) -> Self: ...
    @property
    def _pool_max_connections(self) -> int: ...
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
    def set_credentials(self, client_id: str, client_secret: str) -> None:
        """Uses these credentials for AppJWTs obtained from now on: a rotated secret, without a
        restart. The AppJWT in use stays until it ends or is refused."""
    def stats(self) -> Stats:
        """What the client has done so far, in this process: after a fork the child counts from 0.
        Sends nothing."""
    def prometheus(self) -> str:
        """The same as ``stats``, as text in the exposition format of Prometheus."""
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
class Connector:
    """A channel on an account: takes what its consumers say, and tells what the agents answer.

    What is submitted is kept in ``connector_store`` and sent in order for each consumer, one action at
    a time; consumers do not wait for each other. Conversations are found, opened, and opened again
    where one is over. What cannot be sent now is tried again, with growing pauses, until
    ``connector_give_up_ms``. What the program must know comes as updates, in order for each consumer, of
    whom at most one is out at a time; what the program does not acknowledge within
    ``connector_ack_timeout_ms`` comes again, after a restart, too.

    Takes every option as a keyword, as ``Client`` does. ``connector_store`` is required: ``"memory"``
    lasts as long as the process, ``"sqlite:FILE"`` outlives its crash and the power's; the file belongs
    to one process. Where ``receiver_listen`` is set it listens for the service's notifications, with the
    options ``receiver_*``; otherwise the program's own web server hands them to ``receive``. May be used
    from any number of threads at once; each update goes to one of them. After a fork the child has none:
    its calls raise ``Closed``.

    As a context manager it shuts down at the end without waiting, and lets go of its store: what was not
    sent goes out after a restart, and is lost with ``"memory"``. As an iterator it gives updates until it is
    shut down.

    Works on threads of its own, and logs from those to ``logging.getLogger("lpconnector")``, what the
    logger's effective level lets pass when the connector is made. Inside a log handler its calls raise
    ``InvalidArgument`` at once, but for ``shutdown``. One that is still there when the interpreter ends is
    shut down then.

    Raises ``ConfigError`` for an option that is unknown, malformed or missing, above all
    ``connector_store``; and ``IoError`` if a file cannot be read or written, another process has the
    store, it cannot listen there, or the system has no thread or descriptor left for it.
    """

    def __new__(cls, **options: Unpack[_Options]) -> Self: ...
    @classmethod
    def from_env(cls, **options: Unpack[_Options]) -> Connector:
        """A connector with the options that the environment has, such as ``LPC_CONNECTOR_STORE``;
        keywords come on top."""
    @classmethod
    def from_file(
        cls, path: Union[str, os.PathLike[str]], **options: Unpack[_Options]
    ) -> Connector:
        """A connector with the options of a file, which has lines such as
        ``connector.store = sqlite:/var/lib/sms/queue.db``; keywords come on top."""
    @property
    def url(self) -> str:
        """Where its endpoint listens, for example ``https://127.0.0.1:8443/``; empty where
        ``receiver_listen`` is not set."""
    def submit(
        self,
        consumer_id: str,
        action: Union[Action, Mapping[str, Any], str],
        key: Optional[str] = None,
    ) -> None:
        """Takes an action for a consumer: a mapping, or JSON. It is safe in the store when this returns,
        and goes out after what was submitted for the consumer before.

        ``key`` is the program's own id of it. The same key of the same consumer again, within
        ``connector_key_window_ms``, is taken for the same action, and not sent twice: so a program that
        does not know whether it submitted something submits it again. What became of an action with a
        key is told as ``Update.SENT`` or ``Update.FAILED``; without one, only a failure is told.

        Raises ``InvalidArgument`` for what is no action, ``Full`` where ``connector_queue_max`` actions
        wait, and ``IoError`` if the store fails or the action's file cannot be read: then it was not
        taken. Raises ``Closed`` after a shutdown.
        """
    def submit_text(self, consumer_id: str, text: str, key: Optional[str] = None) -> None:
        """As ``submit``, for a text."""
    def poll(self, timeout: Optional[float] = None) -> Optional[Update]:
        """The next update, or ``None`` if none comes in so many seconds; without a timeout it waits
        until one comes. Ctrl-C ends it within a tenth of a second.

        Raises ``Closed`` after ``shutdown``, once all that the program must know is given out, at the
        end of a ``with`` block at once, and in a child after a fork.
        """
    def ack(self, update: Update) -> None:
        """Says that the program dealt with an update: it will not come again, and the next one of its
        consumer follows. The agent is told that a message arrived, or was read, as
        ``connector_receipts`` says.

        Nothing happens for one that was acknowledged already. Raises ``InvalidArgument`` for an update
        that came from elsewhere; ``IoError`` if the store fails, and ``ConnectError`` where a fleet's
        could not be reached, or not in time: then it comes again. Raises ``Closed`` after the end of a
        ``with`` block where there is a store, and in a child after a fork.
        """
    def nack(self, update: Update, after: float = 0.0) -> None:
        """Says that the program could not deal with an update now: it is given out again, after so many
        seconds. Other updates of its consumer wait for it. Nothing counts how often: a program that
        tries again and again counts itself, and acknowledges what will never work.

        Nothing happens for one that was acknowledged, or was given out again since. Raises
        ``InvalidArgument`` for an update that came from elsewhere, and for a time that is negative or no
        number.
        """
    def fileno(self) -> int:
        """A file descriptor that is readable while ``poll`` would not wait, because there is an update or
        the connector was shut down: for ``selectors``, ``loop.add_reader`` and the like. -1 where there
        is none: on systems other than Linux, after the end of a ``with`` block, and in a child after a
        fork.

        Once it is readable, ``poll(0)`` until that gives ``None``. It is the connector's: wait for it, but
        neither read nor close it, and no longer than the connector lives.
        """
    def receive(self, body: Union[bytes, bytearray], signature: str) -> None:
        """Takes what the service posted to the program's own web server: the body, byte for byte, and
        the header ``x-liveperson-signature``. It is safe in the store when this returns, so answer with
        200 then; what comes again is dropped.

        Raises ``SignatureError`` if it was not signed with one of our secrets: answer with 401. Answer
        with 503 for everything else, so that it comes again: ``Full`` where too many updates wait,
        ``IoError`` if the store fails, ``Closed`` after a shutdown. Raises ``InvalidArgument`` for a body
        that is a ``str``.
        """
    def download_file(
        self, consumer_id: str, relative_path: str, to_path: Union[str, os.PathLike[str]]
    ) -> None:
        """Fetches a file that an agent sent to the consumer into a file of this machine, in place of one
        that is there. Nobody ever sees half of it. ``relative_path`` is that of the file's event:
        ``update.event.content.relative_path``.

        Raises ``Closed`` if the consumer has, and had, no conversation; otherwise as
        ``Conversation.download_file``.
        """
    def set_credentials(self, client_id: str, client_secret: Union[str, Sequence[str]]) -> None:
        """Uses the first of these secrets for AppJWTs from now on, and takes notifications that were
        signed with any of them: a rotated secret, without a restart. ``client_secret`` is a list or
        tuple while one replaces another."""
    def stats(self) -> ConnectorStats:
        """What the connector has done so far, and what it holds. Raises ``Closed`` in a child after a
        fork."""
    def prometheus(self) -> str:
        """The same as ``stats``, as text in the exposition format of Prometheus."""
    def shutdown(self, drain: float = 0.0) -> None:
        """Takes nothing new, goes on sending what waits for at most so many seconds, and stops; requests
        that are still under way then are broken off. What was not sent goes out after a restart, and is
        lost with ``connector_store="memory"``.

        ``poll`` and iterations give what the program was not told yet, and ``ack`` works; then ``poll``
        raises ``Closed``, and iterations end. In the main thread Ctrl-C, and whatever a signal handler
        raises, ends the waiting within a tenth of a second: then it stops at once. Any thread and a
        signal handler may call it.

        Waits for the last log line of the connector's threads, as does the end of a ``with`` block: do
        not call it with a lock held that a handler of the logger takes. Raises ``InvalidArgument`` for a
        time that is negative or no number.
        """
    def __iter__(self) -> Self: ...
    def __next__(self) -> Update: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        _exc_type: Optional[type[BaseException]],
        _exc_value: Optional[BaseException],
        _traceback: Optional[TracebackType],
    ) -> None: ...

@final
class Update:
    """Something that a ``Connector`` tells, and the program must acknowledge. Not changed by anything.

    Compared by what it tells, however often it was given out. It can be pickled; its connector no longer
    knows what was unpickled, so ``ack`` refuses that. A copy is the object itself.
    """

    SENT: ClassVar[Literal[UpdateKind.SENT]]
    FAILED: ClassVar[Literal[UpdateKind.FAILED]]
    OPENED: ClassVar[Literal[UpdateKind.OPENED]]
    EVENT: ClassVar[Literal[UpdateKind.EVENT]]
    CLOSED: ClassVar[Literal[UpdateKind.CLOSED]]

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any) -> Self: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

    @property
    def kind(self) -> UpdateKind:
        """What it is about."""
    @property
    def consumer_id(self) -> str:
        """The consumer, as the program calls it; empty for an event of a conversation that this
        connector did not open (``connector_foreign``)."""
    @property
    def conversation_id(self) -> str:
        """The conversation; empty where there is none."""
    @property
    def dialog_id(self) -> str:
        """The dialog in it; empty where there is none."""
    @property
    def key(self) -> Optional[str]:
        """The program's own id of the action, of ``SENT`` and ``FAILED``; ``None`` if it had none."""
    @property
    def sequence(self) -> Optional[int]:
        """The sequence that the service gave the message, or that the event has; ``None`` if there is
        none."""
    @property
    def attempts(self) -> int:
        """How many requests it took since the connector was made; 0 where none was made."""
    @property
    def is_repeat(self) -> bool:
        """Whether it may have been given out before."""
    @property
    def error(self) -> Optional[LpcError]:
        """Why it failed, of ``FAILED``: an exception that may be raised, a new one each time. Otherwise
        ``None``."""
    @property
    def notification(self) -> Optional[Notification]:
        """A notification with the one event that it is about, of ``EVENT`` and, where the service told of
        it, ``CLOSED``; otherwise ``None``."""
    @property
    def event(self) -> Union[NotificationEvent, Any]:
        """The one event of ``notification``: always there of ``EVENT``, ``None`` where ``notification`` is.
        (Its type does not say so, so that a program that asked for the kind need not ask again.)"""

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
        profile: Union[Profile, Mapping[str, Any], str, None] = None,
        campaign: Union[Campaign, Mapping[str, Any], str, None] = None,
        context: Union[ConversationContext, Mapping[str, Any], str, None] = None,
        skill_id: Union[str, int, None] = None,
        ttr: Union[Ttr, str, None] = None,
        first_message: Optional[str] = None,
        client_properties: Union[ClientProperties, Mapping[str, Any], str, None] = None,
        features: Optional[Sequence[Union[Feature, str]]] = None,
    ) -> Conversation:
        """Opens a conversation, with the consumer's profile and first message in the same round
        trip if they are given.

        ``profile``, ``campaign``, ``context`` and ``client_properties`` are mappings or JSON, which
        goes out as it is written, members and values that this library does not know included.
        ``skill_id`` ``"-1"`` is any skill. ``client_properties`` come over those of the client,
        member by member, and ``features`` in place of the client's; every later request of the
        conversation carries them, too.

        Raises ``AlreadyOpen`` if the consumer has an open conversation: there can be one only. Its
        notifications tell its id, and ``attach`` goes on with it.

        Raises ``Rejected`` if the service refused one of the requests: where the conversation was
        opened but its first message refused, the message names the conversation, and ``attach``
        goes on with it.
        """
    def attach(
        self,
        conversation_id: str,
        *,
        dialog_id: Optional[str] = None,
        client_properties: Union[ClientProperties, Mapping[str, Any], str, None] = None,
        features: Optional[Sequence[Union[Feature, str]]] = None,
    ) -> Conversation:
        """Goes on with a conversation opened earlier, in its first dialog or in another, such as a
        survey. Sends nothing.

        ``client_properties`` and ``features`` are those that it was opened with: the service wants
        them on every request of a conversation, also after a restart.
        """
    def send_json(self, request: Union[str, bytes, Mapping[str, Any]]) -> Response:
        """Sends one request, written by the caller, to SEND: the way out for what has no method.

        Takes JSON as ``str`` or ``bytes``, which goes out as it is, or an object for
        ``json.dumps``. Its ``id`` is kept (a string of 1 to 64 characters or a number); a missing
        one is filled in.
        """
    def batch_json(self, requests: Union[str, bytes, Sequence[Mapping[str, Any]]]) -> Response:
        """Sends an array of requests, written by the caller, to CONVERSATION, with ids as in
        ``send_json``; they may repeat. The ``body`` of the response is the list of all answers."""

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
        follow, or the agent sees typing for ever. Another name than those of ``ChatState`` goes out
        as it is; so it is with ``AcceptStatus``, ``Ttr`` and ``CsatStatus`` below."""
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
        metadata: Union[Sequence[Metadata], str, None] = None,
    ) -> Response:
        """Sends a file, with text beside it and a small picture to show in its place.

        Its type is the ending of its name. What the service takes: JPG, JPEG, PNG and GIF, and PDF,
        TXT, IMG and others where the account allows them. A file that is JPEG, PNG, GIF or PDF by
        its name must be that by its content, too; other types are the service's to judge. The
        preview is a JPEG, PNG or GIF file. Other sends of the conversation may go out while the
        file is on its way.

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
        metadata: Union[Sequence[Metadata], str, None] = None,
    ) -> Response:
        """As ``send_file``, for a file in memory, of a type such as ``PNG``; its preview is in
        memory, too."""
    def download_file(self, relative_path: str, to_path: Union[str, os.PathLike[str]]) -> None:
        """Fetches a file that was sent in the conversation into a file of this machine, in place of
        one that is there. Nobody ever sees half of it. ``relative_path`` is that of the file's event:
        ``event.content.relative_path``.

        Raises ``LpcError`` with ``Status.IO`` if the file cannot be written, and ``ProtocolError``
        if it is longer than ``response_max_bytes``.
        """
    def set_progress(self, callback: Optional[Callable[[int, int], object]]) -> None:
        """Calls this function with the bytes done and the bytes in all (0: unknown) while files of
        this conversation go up or come down; ``None`` stops that. Where an attempt fails and another
        follows, the bytes done fall back and the count begins again.

        It is called on the thread that sends or fetches the file. What it raises goes to
        ``sys.unraisablehook`` and stops nothing, but for what a signal handler raises meanwhile, such
        as ``KeyboardInterrupt``: that ends the call.
        """
    def set_profile(self, profile: Union[Profile, Mapping[str, Any], str]) -> Response:
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
    def set_ttr(self, ttr: Union[Ttr, str], seconds: Optional[int] = None) -> Response:
        """Says how urgent the conversation is from now on. ``seconds``: the time to respond;
        without it, the type's usual one: 300 for ``URGENT``, 600 for ``PRIORITIZED``, 1800 for
        ``NORMAL``. ``CUSTOM`` takes one."""
    def close(self) -> Response:
        """Closes the conversation. Later sends raise ``Closed``. Where the account has a survey it
        begins now: a dialog of its own, for ``Consumer.attach``."""
    def close_stage(self) -> Response:
        """Closes the conversation with all its dialogs: no survey follows, and one that runs ends.
        Later texts and other events raise ``Closed``. This works after ``close``, too, as long as
        a survey runs."""
    def close_dialog(self, dialog_id: str) -> Response:
        """Closes one dialog of the conversation, for example a survey."""

class _Headers(Protocol):
    """What web frameworks have as headers: mappings, and classes much like them."""

    def items(self) -> Iterable[tuple[Any, Any]]: ...

def _end() -> None: ...
def _forked() -> None: ...
def _kept(raw: bytes, account_id: str) -> Notification: ...
def _told(
    told: Mapping[str, Any],
    is_repeat: bool,
    error: Optional[LpcError],
    notification: Optional[Notification],
) -> Update: ...
def parse_notification(body: Union[bytes, bytearray]) -> Notification:
    """Reads the body of a webhook, whose signature was checked elsewhere.

    Types of events and members that this library does not know are no error: they are in the JSON.
    What has no changes is one event of ``EventKind.OTHER``.
    Raises ``ProtocolError`` for what is no JSON object, and for one above 4 MiB, with more than
    128 levels of arrays and objects, or with more than 10000 changes, participants, dialogs and
    sequences; ``InvalidArgument`` for a ``str``.
    """

def verify_webhook(
    headers: Union[_Headers, Iterable[tuple[Any, Any]]],
    body: Union[bytes, bytearray],
    secret: Union[str, Sequence[str]],
) -> Notification:
    """Checks that a webhook was signed with the client secret, and reads it.

    ``headers`` are those of the request, as web frameworks have them: a mapping, the environment of a
    WSGI application, or pairs of name and value as ASGI has them in ``scope["headers"]`` (the scope
    itself has no signature); names in any letter case, names and values ``str`` or ``bytes``, a value
    also a list of them. ``body`` is the request's, byte for byte. ``secret`` is the client secret of the
    app install; while it is replaced, a list or tuple of the old and the new one.

    The signature is all that is checked: compare the headers ``x-liveperson-account-id`` and
    ``x-liveperson-client-id`` with your account and app, and drop what comes again, yourself.

    Raises ``SignatureError`` if the signature does not match, or is none: answer 401, and do
    nothing else with the body. Raises ``ProtocolError`` as ``parse_notification``, and
    ``InvalidArgument`` for a body that is a ``str``, and for an empty secret.
    """

@final
class Notification:
    """What the service posted to a webhook: one or more events. Not changed by anything.

    Compared by its bytes and its account. It can be pickled; a ``Receiver`` no longer knows what was
    unpickled, so ``ack`` refuses that. A copy is the object itself.
    """

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any) -> Self: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

    @property
    def type_name(self) -> str:
        """The type as the service wrote it: ``cqm.ExConversationChangeNotification``, or
        ``ms.MessagingEventNotification`` and what may follow that; empty if absent."""
    @property
    def account_id(self) -> str:
        """The account that it belongs to: of one from a ``Receiver`` what the header
        ``x-liveperson-account-id`` named; empty if unknown."""
    @property
    def events(self) -> list[NotificationEvent]:
        """The events, in the order of the changes."""
    @property
    def raw(self) -> bytes:
        """The body as it came."""
    @property
    def json(self) -> Any:
        """The body, from JSON: a dict; ``None`` for what a ``Receiver`` was sent that is no JSON,
        and ``raw`` has."""

@final
class NotificationEvent:
    """One event of a notification. Texts that were absent are empty.

    Compared by what it says, and the account of its notification. It can be pickled; a copy is the
    object itself.
    """

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any) -> Self: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

    @property
    def kind(self) -> EventKind:
        """What the event is about."""
    @property
    def conversation_id(self) -> str:
        """The id of the conversation. Empty if absent, as where older notifications and those of a
        survey name only the dialog. The main dialog's id is the conversation's; that of a survey is
        not."""
    @property
    def dialog_id(self) -> str:
        """The id of the dialog; empty for the state of a conversation, which has its dialogs in
        ``content``."""
    @property
    def sequence(self) -> Optional[int]:
        """The number of the event in its dialog, from 0 on; ``None`` if absent, as for a chat state
        and the state of a conversation."""
    @property
    def originator_id(self) -> str:
        """Who caused the event: for a consumer what ``Consumer.lp_id`` gives."""
    @property
    def originator_role(self) -> str:
        """The role of who caused it: ``CONSUMER``, ``ASSIGNED_AGENT``, ``AGENT``, ``MANAGER``,
        ``READER``, ``CONTROLLER`` or another."""
    @property
    def timestamp_ms(self) -> Optional[int]:
        """When the service took the event, in milliseconds since 1970, UTC; for the state of a
        conversation when it changed last. ``None`` if absent, as for a chat state."""
    @property
    def text(self) -> str:
        """What a person reads of the event: of a text the message; of a file its caption; of rich
        content its texts, titles and captions, a line each; of a secure form its title. Empty if absent,
        and for all else, which says nothing to the consumer: see ``state``."""
    @property
    def state(self) -> str:
        """The name of the state that the event tells: of a chat state (``COMPOSING``), of an accept
        status (``READ``), of a conversation (``OPEN``, ``CLOSE``), which is that of the main dialog:
        see ``is_closed``. Empty if absent, and for all else."""
    @property
    def audience(self) -> str:
        """Who is to see it: ``ALL``, or ``AGENTS_AND_MANAGERS``, which is not for the consumer.
        Empty means all."""
    @property
    def content(self) -> EventContent:
        """What the event holds: for each kind a class, for a secure form ``SecureFormContent``, for
        all else ``None``."""
    @property
    def is_closed(self) -> bool:
        """Whether it says that the whole conversation is over: the state of a conversation whose
        stage is ``CLOSE``. While a survey runs the state is ``CLOSE``, and the stage ``OPEN``."""
    @property
    def metadata(self) -> Any:
        """What the event carries beside its content, from JSON: an ``ExternalId``, the question of
        a survey, the answer to structured content. Mostly a list; ``None`` if absent."""
    @property
    def json(self) -> Any:
        """The change of the notification that the event is, from JSON: mostly a dict; of a
        notification without changes the whole. What is not read by this library is in there.
        ``None`` where it is no JSON, and ``Notification.raw`` has it."""

@final
class Receiver:
    """An endpoint for webhooks, for programs that have no web server of their own: it listens,
    checks signatures, and queues.

    Takes every option as a keyword, as ``Client`` does: ``receiver_listen`` and so on, and for
    signatures ``receiver_secret`` or ``client_secret``. May be used from any number of threads at
    once; each notification goes to one of them. After a fork the child has none. As a context
    manager it shuts down at the end and lets go of its file: ``poll`` still gives what is queued, but
    with ``receiver_store`` ``ack`` raises ``Closed``, and that comes again from there. After ``shutdown`` alone the file of
    ``receiver_store`` stays in use until the receiver is freed. As an iterator it gives notifications
    until the receiver is shut down.

    Webhooks are account-wide: it hears of all conversations of the account, also of those that this
    connector did not open. Where ``account_id`` and ``client_id`` are given, notifications of other
    accounts and app installs are refused; ``receiver_accounts`` names further accounts as
    ``["64467156=secret"]``, told apart by ``Notification.account_id``. Whatever was signed right is
    taken: what cannot be read is one event of ``EventKind.OTHER``, and ``Notification.raw`` has it.

    Logs to ``logging.getLogger("lpconnector")``, what the logger's effective level lets pass when
    the receiver is made, from the thread that listens. One that is still there when the interpreter
    ends is shut down then.

    Raises ``ConfigError`` for an option that is unknown, malformed or missing, and ``IoError`` if
    it cannot listen there, a file cannot be read or written, or the system has no
    thread or descriptor left for it.
    """

    def __new__(cls, **options: Unpack[_Options]) -> Self: ...
    @classmethod
    def from_env(cls, **options: Unpack[_Options]) -> Receiver:
        """A receiver with the options that the environment has, such as ``LPC_RECEIVER_LISTEN``;
        keywords come on top."""
    @classmethod
    def from_file(
        cls, path: Union[str, os.PathLike[str]], **options: Unpack[_Options]
    ) -> Receiver:
        """A receiver with the options of a file, which has lines such as
        ``receiver.listen = 0.0.0.0:8443``; keywords come on top."""
    @property
    def url(self) -> str:
        """Where it listens, for example ``https://127.0.0.1:8443/``."""
    def poll(self, timeout: Optional[float] = None) -> Optional[Notification]:
        """The next notification, or ``None`` if none comes in so many seconds; without a timeout it
        waits until one comes. Ctrl-C ends it within a tenth of a second.

        Raises ``Closed`` after ``shutdown``, once all that was queued is given out, and in a child
        after a fork.
        """
    def set_credentials(self, client_id: str, client_secret: Union[str, Sequence[str]]) -> None:
        """Takes notifications for this app install and with these secrets from now on, in place of
        those of ``client_id`` and ``receiver_secret`` or ``client_secret``: a rotated secret,
        without a restart. ``client_secret`` is a list or tuple while one replaces another."""
    def ack(self, notification: Notification) -> None:
        """Says that the program dealt with a notification: it will not come again. With
        ``receiver_ack="manual"`` the service is told now, and with a ``receiver_store`` it is
        removed from the file; otherwise this changes nothing.

        Raises ``InvalidArgument`` for a notification that came from elsewhere, and ``IoError`` if
        the file cannot be written: then it stays unacknowledged. Raises ``Closed`` where the service
        could not be told, which is after ``shutdown`` with ``receiver_ack="manual"`` and no
        ``receiver_store``: then it comes again. Also in a child after a fork.
        """
    def nack(self, notification: Notification, after: float = 0.0) -> None:
        """Says that the program could not deal with a notification now: it is given out again, after
        so many seconds, and before what came later in its dialogs and was not given out yet, which
        waits for it. Nothing counts how often: a program that tries again and again counts itself, and
        acknowledges what will never work.

        With ``receiver_ack="manual"`` the service's request stays open meanwhile, and is answered as
        if nothing had been said: what is not kept in ``receiver_store`` goes back to the service
        once ``receiver_ack_timeout_ms`` is over, and comes again from there. Nothing happens for one
        that was acknowledged, or was given out again since; with neither ``receiver_ack="manual"``
        nor ``receiver_store``, where an acknowledgement changes nothing, it is given out again in
        any case. After ``shutdown`` nothing is given out again, but what is in the store comes after
        a restart.

        Raises ``InvalidArgument`` for a notification that came from elsewhere, and for a time that
        is negative or no number.
        """
    def fileno(self) -> int:
        """A file descriptor that is readable while ``poll`` would not wait, because there is a
        notification or the receiver was shut down: for ``selectors``, ``loop.add_reader`` and the
        like. -1 where there is none: on systems other than Linux, and in a child after a fork.

        Once it is readable, ``poll(0)`` until that gives ``None``. It is the receiver's: wait for it,
        but neither read nor close it, and no longer than the receiver lives.
        """
    def stats(self) -> ReceiverStats:
        """What the receiver has done so far, and what it holds. Raises ``Closed`` in a child after a
        fork."""
    def prometheus(self) -> str:
        """The same as ``stats``, as text in the exposition format of Prometheus."""
    def shutdown(self) -> None:
        """Stops listening; the service is no longer answered, and told nothing of what is acknowledged
        later. ``poll`` and iterations give what is queued; then ``poll`` raises ``Closed``, and
        iterations end.

        What to do for an orderly end: with ``receiver_store`` nothing, as what was not acknowledged
        comes again after a restart. With ``receiver_ack="manual"`` and no store, poll no more and
        acknowledge what you have, before this: later that raises ``Closed``, and those notifications
        come again, as do those that were queued. With neither, go on after this until the iteration
        ends, and deal with all of it: the service thinks that it arrived.

        Waits for the last log line of the thread that listens, as does the end of a ``with`` block: do
        not call it with a lock held that a handler of the logger takes. Inside such a handler it does
        not wait.
        """
    def __iter__(self) -> Self: ...
    def __next__(self) -> Notification: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        _exc_type: Optional[type[BaseException]],
        _exc_value: Optional[BaseException],
        _traceback: Optional[TracebackType],
    ) -> None: ...

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
        """The answer's body, from JSON: mostly a dict, sometimes a text; for a batch, the list of
        all answers."""
    @property
    def raw(self) -> bytes:
        """The bytes of the whole answer."""
    @property
    def attempts(self) -> int:
        """How often the request was sent until this answer came."""
