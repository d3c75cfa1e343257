"""Client for LivePerson's Connector API::

    from lpconnector import Client

    with Client(account_id="64467156", client_id="…", client_secret="…") as client:
        consumer = client.consumer("John_Doe_facebook12345")
        conversation = consumer.open(
            profile={"personal": {"firstname": "John"}}, first_message="Hi"
        )
        reply = conversation.send_text("I need a hand")
        conversation.close()

What the service posts to a webhook is read by ``verify_webhook`` in a web server of the program's
own, or received by a ``Receiver``. A ``Connector`` does both directions for a whole channel, and keeps
what goes out and comes in until it is done.

Everything blocks, and nothing holds the GIL while it waits. A failure is an ``LpcError``. Clients log
to ``logging.getLogger("lpconnector")``. ``lpconnector.aio`` is the same for asyncio.
"""

import atexit as _atexit
import logging as _logging
import os as _os

from ._content import (
    AcceptStatusContent,
    ChatStateContent,
    ConversationContent,
    Csat,
    Delay,
    Dialog,
    EventContent,
    FileContent,
    Participant,
    RichContent,
    SecureFormContent,
    TextContent,
)
from ._enums import (
    AcceptStatus,
    ChatState,
    CsatStatus,
    EventKind,
    Feature,
    Gender,
    Ttr,
    UpdateKind,
)
from ._errors import (
    AlreadyOpen,
    Closed,
    ConfigError,
    ConnectError,
    FileNotFound,
    Full,
    InvalidArgument,
    IoError,
    LpcError,
    ProtocolError,
    RateLimited,
    Rejected,
    ServerError,
    SignatureError,
    Status,
    Timeout,
    TlsError,
    Unauthorized,
)
from ._lpconnector import (
    Client,
    Connector,
    Consumer,
    Conversation,
    Notification,
    NotificationEvent,
    Receiver,
    Response,
    Update,
    __version__,
    _end,
    _forked,
    parse_notification,
    verify_webhook,
)
from ._types import (
    Action,
    Age,
    AuthenticatedData,
    Bucket,
    Campaign,
    ClientProperties,
    ConnectorStats,
    ConversationContext,
    Customer,
    CustomerSde,
    Date,
    ExternalId,
    Latency,
    Metadata,
    Opening,
    OperationCount,
    Personal,
    PersonalSde,
    PrivateData,
    Profile,
    PushNotificationData,
    ReceiverStats,
    RefusedCount,
    SdeAuth,
    Stats,
)

# Threads of the library must be gone from Python before the interpreter ends.
_atexit.register(_end)
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_forked)

# Without it, Python prints the warnings of programs that set up no logging.
_logging.getLogger("lpconnector").addHandler(_logging.NullHandler())

__all__ = [
    "AcceptStatus",
    "AcceptStatusContent",
    "Action",
    "Age",
    "AlreadyOpen",
    "AuthenticatedData",
    "Bucket",
    "Campaign",
    "ChatState",
    "ChatStateContent",
    "Client",
    "ClientProperties",
    "Closed",
    "ConfigError",
    "ConnectError",
    "Connector",
    "ConnectorStats",
    "Consumer",
    "Conversation",
    "ConversationContent",
    "ConversationContext",
    "Csat",
    "CsatStatus",
    "Customer",
    "CustomerSde",
    "Date",
    "Delay",
    "Dialog",
    "EventContent",
    "EventKind",
    "ExternalId",
    "Feature",
    "FileContent",
    "FileNotFound",
    "Full",
    "Gender",
    "InvalidArgument",
    "IoError",
    "Latency",
    "LpcError",
    "Metadata",
    "Notification",
    "NotificationEvent",
    "Opening",
    "OperationCount",
    "Participant",
    "Personal",
    "PersonalSde",
    "PrivateData",
    "Profile",
    "ProtocolError",
    "PushNotificationData",
    "RateLimited",
    "Receiver",
    "ReceiverStats",
    "RefusedCount",
    "Rejected",
    "Response",
    "RichContent",
    "SdeAuth",
    "SecureFormContent",
    "ServerError",
    "SignatureError",
    "Stats",
    "Status",
    "TextContent",
    "Timeout",
    "TlsError",
    "Ttr",
    "Unauthorized",
    "Update",
    "UpdateKind",
    "__version__",
    "parse_notification",
    "verify_webhook",
]
