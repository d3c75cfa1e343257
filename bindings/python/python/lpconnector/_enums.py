"""Names of the service that this library knows, and the kinds of events, which are numbers.

Each name is a string. The lists are open: any other string may be given in place of one of them,
and goes out as it is; one that comes in is a plain string.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, TypeVar, Union

if TYPE_CHECKING:
    from typing_extensions import Self


class _Name(str, enum.Enum):
    if TYPE_CHECKING:
        # Enums have one of their own, which takes a value alone; type checkers see that of str.
        def __new__(cls, value: str) -> Self: ...


_T = TypeVar("_T", bound=_Name)


def named(names: type[_T], name: str) -> Union[_T, str]:
    """The one of these names, or another as it is."""
    try:
        return names(name)
    except ValueError:
        return name


class ChatState(_Name):
    """What the consumer is doing.

    After ``COMPOSING`` another state must follow, or the agent sees typing for ever.
    """

    ACTIVE = "ACTIVE"
    """In the conversation."""
    INACTIVE = "INACTIVE"
    """Not looking at the moment."""
    GONE = "GONE"
    """Left."""
    COMPOSING = "COMPOSING"
    """Typing."""
    PAUSE = "PAUSE"
    """Stopped typing."""


class AcceptStatus(_Name):
    """What became of a message."""

    ACCEPT = "ACCEPT"
    """It arrived."""
    READ = "READ"
    """It was read."""
    ACCESS = "ACCESS"
    """Its file was opened."""
    NACK = "NACK"
    """It could not be shown."""
    ACTION = "ACTION"
    """Its structured content was answered; with metadata."""


class CsatStatus(_Name):
    """How far the consumer filled in the rating."""

    FILLED = "FILLED"
    """Completely."""
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    """In part."""
    SKIPPED = "SKIPPED"
    """Not at all."""


class Ttr(_Name):
    """How urgent a conversation is: time to respond."""

    NORMAL = "NORMAL"
    URGENT = "URGENT"
    PRIORITIZED = "PRIORITIZED"
    CUSTOM = "CUSTOM"


class Gender(_Name):
    """Gender, as far as the service tells it apart."""

    MALE = "MALE"
    FEMALE = "FEMALE"
    OTHER = "OTHER"


class Feature(_Name):
    """What a channel can do."""

    CO_BROWSE = "CO_BROWSE"
    """Co-browsing."""
    CO_APP = "CO_APP"
    """Co-app."""
    PHOTO_SHARING = "PHOTO_SHARING"
    """Sharing of photos."""
    SECURE_FORMS = "SECURE_FORMS"
    """Secure forms."""
    AUTO_MESSAGES = "AUTO_MESSAGES"
    """Automatic messages. The first message must follow within 10 s of the opening."""
    RICH_CONTENT = "RICH_CONTENT"
    """Rich content."""
    QUICK_REPLIES = "QUICK_REPLIES"
    """Quick replies."""
    MULTI_DIALOG = "MULTI_DIALOG"
    """Several dialogs in one conversation: without it the account starts no survey."""
    FILE_SHARING = "FILE_SHARING"
    """Sharing of files."""
    MARKDOWN_HYPERLINKS = "MARKDOWN_HYPERLINKS"
    """Links in Markdown."""


class EventKind(enum.IntEnum):
    """What an event of a notification is about: the numbers of the C ABI, which never change."""

    OTHER = 0
    """Something else, or of a type that this library does not know."""
    TEXT = 1
    """A text."""
    FILE = 2
    """A file, also one to listen to."""
    RICH_CONTENT = 3
    """Cards, buttons, carousels and so on."""
    CHAT_STATE = 4
    """What somebody is doing."""
    ACCEPT_STATUS = 5
    """What became of messages."""
    CONVERSATION = 6
    """The state of a conversation."""


class UpdateKind(enum.IntEnum):
    """What an update of a connector is about: the numbers of the C ABI, which never change. Each is
    an attribute of ``Update``, too: ``Update.SENT``."""

    SENT = 1
    """An action that had a key was sent."""
    FAILED = 2
    """An action was not sent and never will be; ``Update.error`` tells why."""
    OPENED = 3
    """A conversation was opened for the consumer."""
    EVENT = 4
    """Something happened in the consumer's conversation, which ``Update.event`` tells: an agent
    wrote, is typing, was assigned."""
    CLOSED = 5
    """The consumer's conversation is over."""
