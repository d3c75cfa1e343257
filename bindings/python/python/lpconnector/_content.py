"""What events of notifications hold, by their kind; the native module makes these.

A text that was absent is empty, a number or a value from JSON ``None``. What was written in a
conversation is not part of ``repr()``, so that it stays out of logs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional, Union

from ._enums import AcceptStatus, ChatState

if TYPE_CHECKING:
    from ._lpconnector import Notification, NotificationEvent


@dataclass(frozen=True)
class TextContent:
    """A text."""

    message: str = field(repr=False)
    """The text."""
    quick_replies: Any = field(repr=False)
    """The quick replies that are offered with it, from JSON."""


@dataclass(frozen=True)
class FileContent:
    """A file: in the service's storage (``relative_path``), or elsewhere (``url``)."""

    relative_path: str = field(repr=False)
    """Its place in the storage, for ``Conversation.download_file``."""
    url: str = field(repr=False)
    """Where a file outside the storage is."""
    caption: str = field(repr=False)
    """The text beside it."""
    file_type: str
    """For example ``JPEG``."""
    preview: str = field(repr=False)
    """A small picture in its place, as the sender wrote it: mostly a ``data:`` URL."""


@dataclass(frozen=True)
class RichContent:
    """Cards, buttons, carousels and so on."""

    content: Any = field(repr=False)
    """The content, from JSON."""
    text: str = field(repr=False)
    """What a person reads in it: its texts, titles and captions, a line each."""
    quick_replies: Any = field(repr=False)
    """The quick replies that are offered with it, from JSON."""


@dataclass(frozen=True)
class SecureFormContent:
    """A secure form, or the answer to one. The kind of its event is ``EventKind.OTHER``."""

    content_type: str
    """``forms/secure-invitation``, ``forms/secure-submission`` or another."""
    title: str = field(repr=False)
    """The title that a person reads."""
    form_id: str = field(repr=False)
    """The form."""
    invitation_id: str = field(repr=False)
    """The invitation to fill it in."""
    submission_id: str = field(repr=False)
    """What was filled in."""


@dataclass(frozen=True)
class ChatStateContent:
    """What somebody is doing."""

    state: Union[ChatState, str]
    """The state; a plain string for one that this library does not know."""


@dataclass(frozen=True)
class AcceptStatusContent:
    """What became of messages."""

    status: Union[AcceptStatus, str]
    """The status; a plain string for one that this library does not know."""
    sequences: list[int]
    """The sequences of the messages."""


@dataclass(frozen=True)
class Delay:
    """Why an answer takes longer than usual."""

    kind: str
    """``NIGHT``, ``WEEKEND``, ``HOLIDAY`` or another."""
    till_ms: Optional[int]
    """Until when, in milliseconds since 1970, UTC."""


@dataclass(frozen=True)
class Csat:
    """How a consumer rated a conversation."""

    rate: Optional[int]
    """1 to 5 stars."""
    resolved: Optional[bool]
    """Whether the consumer's matter is resolved."""
    status: str
    """``FILLED``, ``PARTIALLY_FILLED``, ``SKIPPED`` or another."""


@dataclass(frozen=True)
class Participant:
    """Somebody in a conversation or dialog."""

    id: str
    """The id: of a consumer that of ``Consumer.lp_id``."""
    role: str
    """``CONSUMER``, ``ASSIGNED_AGENT``, ``AGENT``, ``MANAGER``, ``READER``, ``CONTROLLER`` or
    another."""
    state: str
    """Of a dialog's participant whether there still, for example ``ACTIVE``."""


@dataclass(frozen=True)
class Dialog:
    """One dialog of a conversation. Times are milliseconds since 1970, UTC."""

    id: str
    """The id; that of the main dialog is the conversation's."""
    dialog_type: str
    """``MAIN``, ``POST_SURVEY`` or another."""
    channel_type: str
    """Mostly ``MESSAGING``."""
    state: str
    """``OPEN``, ``CLOSE`` or another."""
    closed_by: str
    """Who closed it, for example ``CONSUMER``."""
    closed_cause: str
    """Why it was closed."""
    start_ms: Optional[int]
    """When it began."""
    end_ms: Optional[int]
    """When it ended."""
    updated_ms: Optional[int]
    """When any of this changed last."""
    metadata: Any
    """What else belongs to it, such as a survey's, from JSON."""
    participants: list[Participant]
    """Who is in it."""


@dataclass(frozen=True)
class ConversationContent:
    """The state of a conversation, always complete. Times are milliseconds since 1970, UTC."""

    change: str
    """What happened to it, mostly ``UPSERT``."""
    state: str
    """Of its main dialog: ``OPEN``, ``CLOSE`` or another, such as ``LOCKED``. While a survey runs
    this is ``CLOSE``, and ``stage`` is ``OPEN``."""
    stage: str
    """Of the whole conversation: ``OPEN``, ``CLOSE`` or another."""
    close_reason: str
    """Why it was closed."""
    brand_id: str
    """The account."""
    skill_id: str
    """The skill that it is for; ``-1`` means none."""
    ttr_type: str
    """How urgent it is: ``URGENT``, ``NORMAL``, ``PRIORITIZED`` or ``CUSTOM``."""
    ttr_value: Optional[int]
    """The time to respond, in seconds."""
    effective_ttr: Optional[int]
    """When an answer is due; -1 where none is."""
    manual_ettr_ms: Optional[int]
    """When the agent said that an answer will come."""
    delay: Optional[Delay]
    """Why an answer takes longer."""
    csat: Optional[Csat]
    """How the consumer rated it."""
    handler_details: Any
    """Who handles it, beyond its participants, from JSON."""
    sent_ms: Optional[int]
    """When the service sent the notification."""
    start_ms: Optional[int]
    """When it began."""
    end_ms: Optional[int]
    """When it ended."""
    updated_ms: Optional[int]
    """When any of this changed last."""
    participants: list[Participant]
    """Who is in it."""
    dialogs: list[Dialog]
    """Its dialogs."""


def event_of(notification: Notification, index: int) -> NotificationEvent:
    """The event that was pickled."""
    return notification.events[index]


EventContent = Union[
    TextContent,
    FileContent,
    RichContent,
    SecureFormContent,
    ChatStateContent,
    AcceptStatusContent,
    ConversationContent,
    None,
]
"""The content of an event; ``None`` for what has no class, whose JSON tells."""
