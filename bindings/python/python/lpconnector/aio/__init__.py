"""lpconnector for asyncio::

    from lpconnector import aio

    async with aio.Client(account_id="64467156", client_id="…", client_secret="…") as client:
        consumer = client.consumer("John_Doe_facebook12345")
        conversation = await consumer.open(first_message="Hi")
        reply = await conversation.send_text("I need a hand")
        await conversation.close()

What blocks in ``lpconnector`` is a coroutine here, with the same arguments, results and exceptions;
what does not is no coroutine here either. The calls are made by a bounded number of threads that
belong to the client. A client and what it makes belong to one event loop.

A cancelled task stops waiting at once. Its call goes on in its thread, if it has begun, and its
outcome is dropped: a message may be delivered all the same. The time that a call waits for a
thread, or for its turn in a conversation, is not part of ``call_timeout_ms``.
"""

from ._client import Client
from ._connector import Connector
from ._consumer import Consumer
from ._conversation import Conversation
from ._receiver import Receiver

__all__ = ["Client", "Connector", "Consumer", "Conversation", "Receiver"]
