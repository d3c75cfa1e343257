"""Client for LivePerson's Connector API.

    from lpconnector import Client

    with Client(account_id="64467156", client_id="…", client_secret="…") as client:
        consumer = client.consumer("John_Doe_facebook12345")
        conversation = consumer.open(first_message="Hi")
        reply = conversation.send_text("I need a hand")
        conversation.close()

Everything blocks, and nothing holds the GIL while it waits. Failures are ``LpcError``s.
"""

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

__all__ = [
    "Client",
    "Closed",
    "ConfigError",
    "ConnectError",
    "Consumer",
    "Conversation",
    "InvalidArgument",
    "LpcError",
    "ProtocolError",
    "RateLimited",
    "Rejected",
    "Response",
    "ServerError",
    "SignatureError",
    "Status",
    "Timeout",
    "TlsError",
    "Unauthorized",
    "__version__",
]
