"""Server-sent events: what the server tells the pages that are open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from typing import Any

from llmdeck.live.page import Update

PING_S = 15.0
RECONNECT_MS = 500
MOST_LISTENERS = 64
MOST_UNREAD = 16


def event(data: Any, name: str = "") -> str:
    r"""Return one event as it is sent.

    >>> event({"build": "a1"})
    'data: {"build": "a1"}\n\n'
    """
    named = f"event: {name}\n" if name else ""
    return f"{named}data: {json.dumps(data)}\n\n"


class Events:
    """The pages that listen, and the last update that they were told."""

    def __init__(self) -> None:
        self.last = Update(build="")
        self._listeners: set[asyncio.Queue[Update]] = set()

    @property
    def full(self) -> bool:
        """Whether no more pages may listen."""
        return len(self._listeners) >= MOST_LISTENERS

    def publish(self, update: Update) -> None:
        """Tell every page of an update."""
        self.last = replace(update, since="", slides={}, notes={})
        for listener in self._listeners:
            if listener.qsize() < MOST_UNREAD:
                listener.put_nowait(update)
                continue
            # It reads nothing: instead of all updates it gets one that loads the page again.
            while not listener.empty():
                listener.get_nowait()
            listener.put_nowait(self.last)

    async def listen(self) -> AsyncIterator[str]:
        """Give one page the state of the deck, then each update, and a sign of life meanwhile."""
        unread: asyncio.Queue[Update] = asyncio.Queue()
        self._listeners.add(unread)
        try:
            yield f"retry: {RECONNECT_MS}\n" + event(asdict(self.last))
            while True:
                try:
                    async with asyncio.timeout(PING_S):
                        update = await unread.get()
                except TimeoutError:
                    yield ": still here\n\n"
                else:
                    yield event(asdict(update))
        finally:
            self._listeners.discard(unread)
