"""Client for LivePerson's Connector API.

    from lpconnector import Client

    with Client(account_id="64467156", client_id="…", client_secret="…") as client:
        consumer = client.consumer("John_Doe_facebook12345")
        conversation = consumer.open(
            profile={"personal": {"firstname": "John"}}, first_message="Hi"
        )
        reply = conversation.send_text("I need a hand")
        conversation.close()

Everything blocks, and nothing holds the GIL while it waits. Failures are ``LpcError``s.
``lpconnector.aio`` is the same for asyncio.
"""

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
    Campaign,
    ClientProperties,
    ConversationContext,
    Customer,
    CustomerSde,
    Date,
    ExternalId,
    Metadata,
    Personal,
    PersonalSde,
    PrivateData,
    Profile,
    PushNotificationData,
)

__all__ = [
    "AcceptStatus",
    "Age",
    "AuthenticatedData",
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
    "Status",
    "Timeout",
    "TlsError",
    "Ttr",
    "Unauthorized",
    "__version__",
]
