"""Client for LivePerson's Connector API.

    from lpconnector import Client

    with Client(account_id="64467156", client_id="…", client_secret="…") as client:
        consumer = client.consumer("John_Doe_facebook12345")
        conversation = consumer.open(
            profile={"personal": {"firstname": "John"}}, first_message="Hi"
        )
        reply = conversation.send_text("I need a hand")
        conversation.close()

Everything blocks, and nothing holds the GIL while it waits. Failures are ``LpcError``s. Clients log
to ``logging.getLogger("lpconnector")``. ``lpconnector.aio`` is the same for asyncio.
"""

import logging as _logging

from ._enums import AcceptStatus, ChatState, CsatStatus, Feature, Gender, Ttr
from ._errors import (
    Closed,
    ConfigError,
    ConnectError,
    InvalidArgument,
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
from ._lpconnector import Client, Consumer, Conversation, Response, __version__
from ._types import (
    Age,
    AuthenticatedData,
    Bucket,
    Campaign,
    ClientProperties,
    ConversationContext,
    Customer,
    CustomerSde,
    Date,
    ExternalId,
    Latency,
    Metadata,
    Personal,
    PersonalSde,
    PrivateData,
    Profile,
    PushNotificationData,
    Stats,
)

# Without it, Python prints the warnings of programs that set up no logging.
_logging.getLogger("lpconnector").addHandler(_logging.NullHandler())

__all__ = [
    "AcceptStatus",
    "Age",
    "AuthenticatedData",
    "Bucket",
    "Campaign",
    "ChatState",
    "Client",
    "ClientProperties",
    "Closed",
    "ConfigError",
    "ConnectError",
    "Consumer",
    "Conversation",
    "ConversationContext",
    "CsatStatus",
    "Customer",
    "CustomerSde",
    "Date",
    "ExternalId",
    "Feature",
    "Gender",
    "InvalidArgument",
    "Latency",
    "LpcError",
    "Metadata",
    "Personal",
    "PersonalSde",
    "PrivateData",
    "Profile",
    "ProtocolError",
    "PushNotificationData",
    "RateLimited",
    "Rejected",
    "Response",
    "ServerError",
    "SignatureError",
    "Stats",
    "Status",
    "Timeout",
    "TlsError",
    "Ttr",
    "Unauthorized",
    "__version__",
]
