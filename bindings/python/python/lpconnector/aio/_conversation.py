"""``Conversation``: what the consumer says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Callable, Optional, Union

from .. import _lpconnector as blocking
from .._enums import AcceptStatus, ChatState, CsatStatus, Ttr
from .._lpconnector import Response
from .._types import Metadata, Profile
from ._calls import Calls


class Conversation:
    """One conversation of a consumer, in one of its dialogs; made by a ``Consumer``.

    Sends go out one at a time, in the order in which they were called; files are on their way
    beside them.
    """

    def __init__(self, conversation: blocking.Conversation, calls: Calls) -> None:
        self._conversation = conversation
        self._calls = calls
        # Threads would take their turns in any order, and all of them would wait for one
        # conversation.
        self._turn = asyncio.Lock()

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self._conversation.id

    @property
    def dialog_id(self) -> str:
        """The id of the dialog that this object sends to; that of the first dialog is the
        conversation's."""
        return self._conversation.dialog_id

    async def send_text(self, text: str) -> Response:
        """Sends a text as the consumer. Look at ``LpcError.maybe_delivered`` before sending it
        again after an error."""
        return await self._in_turn(lambda: self._conversation.send_text(text))

    async def send_event(
        self,
        event: Union[Mapping[str, Any], str],
        *,
        metadata: Union[Sequence[Metadata], str, None] = None,
    ) -> Response:
        """Sends any event: a mapping, or JSON that goes out as it is written."""
        return await self._in_turn(
            lambda: self._conversation.send_event(event, metadata=metadata)
        )

    async def send_rich_content(
        self,
        content: Union[Mapping[str, Any], str],
        *,
        metadata: Union[Sequence[Metadata], str, None] = None,
    ) -> Response:
        """Sends rich content: cards, buttons, carousels and so on, in the vendor's format."""
        return await self._in_turn(
            lambda: self._conversation.send_rich_content(content, metadata=metadata)
        )

    async def send_chat_state(self, state: Union[ChatState, str]) -> Response:
        """Tells the agent what the consumer is doing. After ``COMPOSING`` another state must
        follow, or the agent sees typing for ever."""
        return await self._in_turn(lambda: self._conversation.send_chat_state(state))

    async def send_accept_status(
        self,
        status: Union[AcceptStatus, str],
        sequences: Sequence[int],
        *,
        metadata: Union[Sequence[Metadata], str, None] = None,
    ) -> Response:
        """Tells the agent what became of the messages with these sequences."""
        return await self._in_turn(
            lambda: self._conversation.send_accept_status(status, sequences, metadata=metadata)
        )

    async def send_file(
        self,
        path: Union[str, os.PathLike[str]],
        *,
        caption: Optional[str] = None,
        preview: Union[str, os.PathLike[str], None] = None,
        metadata: Union[Sequence[Metadata], str, None] = None,
    ) -> Response:
        """Sends a file, with text beside it and a small picture to show in its place; see
        ``lpconnector.Conversation.send_file``."""
        return await self._calls.run(
            lambda: self._conversation.send_file(
                path, caption=caption, preview=preview, metadata=metadata
            )
        )

    async def send_file_bytes(
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
        return await self._calls.run(
            lambda: self._conversation.send_file_bytes(
                data, file_type, caption=caption, preview=preview, metadata=metadata
            )
        )

    async def download_file(
        self, relative_path: str, to_path: Union[str, os.PathLike[str]]
    ) -> None:
        """Fetches a file that was sent in the conversation into a file of this machine, in place of
        one that is there. Nobody ever sees half of it. See
        ``lpconnector.Conversation.download_file``."""
        await self._calls.run(lambda: self._conversation.download_file(relative_path, to_path))

    def set_progress(self, callback: Optional[Callable[[int, int], object]]) -> None:
        """Calls this function with the bytes done and the bytes in all (0: unknown) while files of
        this conversation go up or come down; ``None`` stops that. Where an attempt fails and another
        follows, the bytes done fall back and the count begins again.

        It is called by the event loop that runs now; what it raises goes to the loop's exception
        handler.
        """
        if callback is None:
            self._conversation.set_progress(None)
            return
        loop, call = asyncio.get_running_loop(), callback

        def tell(done: int, total: int) -> None:
            # The loop may have ended before the call in its thread.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(call, done, total)

        self._conversation.set_progress(tell)

    async def set_profile(self, profile: Union[Profile, Mapping[str, Any], str]) -> Response:
        """Sets the consumer's profile: what is there replaces what the service knows."""
        return await self._in_turn(lambda: self._conversation.set_profile(profile))

    async def rate(
        self,
        stars: int,
        *,
        resolved: bool,
        status: Union[CsatStatus, str] = CsatStatus.FILLED,
    ) -> Response:
        """Rates the conversation with 1 to 5 stars, and whether the consumer's matter is resolved.
        This is possible after it was closed, too."""
        return await self._in_turn(
            lambda: self._conversation.rate(stars, resolved=resolved, status=status)
        )

    async def set_ttr(self, ttr: Union[Ttr, str], seconds: Optional[int] = None) -> Response:
        """Says how urgent the conversation is from now on; see
        ``lpconnector.Conversation.set_ttr``."""
        return await self._in_turn(lambda: self._conversation.set_ttr(ttr, seconds))

    async def close(self) -> Response:
        """Closes the conversation. Later sends raise ``Closed``. Where the account has a survey it
        begins now: a dialog of its own, for ``Consumer.attach``."""
        return await self._in_turn(self._conversation.close)

    async def close_stage(self) -> Response:
        """Closes the conversation with all its dialogs: no survey follows, and one that runs ends.
        Later texts and other events raise ``Closed``. This works after ``close``, too, as long as
        a survey runs."""
        return await self._in_turn(self._conversation.close_stage)

    async def close_dialog(self, dialog_id: str) -> Response:
        """Closes one dialog of the conversation, for example a survey."""
        return await self._in_turn(lambda: self._conversation.close_dialog(dialog_id))

    async def _in_turn(self, call: Callable[[], Response]) -> Response:
        async with self._turn:
            return await self._calls.run(call)

    def __repr__(self) -> str:
        return f"<lpconnector.aio.Conversation id={self.id!r}>"
