"""``Consumer``: an end user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

from .. import _lpconnector as blocking
from .._enums import Feature, Ttr
from .._types import Campaign, ClientProperties, ConversationContext, Profile
from ._calls import Calls
from ._conversation import Conversation


class Consumer:
    """An end user of the account; made by a ``Client``."""

    def __init__(self, consumer: blocking.Consumer, calls: Calls) -> None:
        self._consumer = consumer
        self._calls = calls

    async def jws(self) -> str:
        """The ConsumerJWS, to keep for ``Client.consumer_from_jws``; fetched if this is the first
        use. It is a secret: whoever has it can speak as the consumer."""
        return await self._calls.run(self._consumer.jws)

    async def lp_id(self) -> str:
        """The id that the service gave the consumer: the originatorId of the consumer's own
        events. The ConsumerJWS is fetched if this is the first use."""
        return await self._calls.run(self._consumer.lp_id)

    async def open(
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
        trip if they are given; see ``lpconnector.Consumer.open``."""
        conversation = await self._calls.run(
            lambda: self._consumer.open(
                profile=profile,
                campaign=campaign,
                context=context,
                skill_id=skill_id,
                ttr=ttr,
                first_message=first_message,
                client_properties=client_properties,
                features=features,
            )
        )
        return Conversation(conversation, self._calls)

    def attach(
        self,
        conversation_id: str,
        *,
        dialog_id: Optional[str] = None,
        client_properties: Union[ClientProperties, Mapping[str, Any], str, None] = None,
        features: Optional[Sequence[Union[Feature, str]]] = None,
    ) -> Conversation:
        """Goes on with a conversation opened earlier, in its first dialog or in another, such as a
        survey. Sends nothing; see ``lpconnector.Consumer.attach``."""
        conversation = self._consumer.attach(
            conversation_id,
            dialog_id=dialog_id,
            client_properties=client_properties,
            features=features,
        )
        return Conversation(conversation, self._calls)

    async def send_json(self, request: Union[str, bytes, Mapping[str, Any]]) -> blocking.Response:
        """Sends one request, written by the caller, to SEND: the way out for what has no method;
        see ``lpconnector.Consumer.send_json``."""
        return await self._calls.run(lambda: self._consumer.send_json(request))

    async def batch_json(
        self, requests: Union[str, bytes, Sequence[Mapping[str, Any]]]
    ) -> blocking.Response:
        """Sends an array of requests, written by the caller, to CONVERSATION; see
        ``lpconnector.Consumer.batch_json``."""
        return await self._calls.run(lambda: self._consumer.batch_json(requests))

    def __repr__(self) -> str:
        return "<lpconnector.aio.Consumer>"
