"""Server-sent events: what the server tells the pages that are open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from typing import Any

from llmdeck.live.shown import Update

PING_S = 15.0
MOST_LISTENERS = 64
MOST_UNREAD = 16


def event(data: Any, name: str = "") -> str:
    r"""One event.

    >>> event({"build": "a1"})
    'data: {"build": "a1"}\n\n'
    """
    named = f"event: {name}\n" if name else ""
    return f"{named}data: {json.dumps(data)}\n\n"


class Events:
    """The pages that listen, and what was told last."""

    def __init__(self) -> None:
        self.last = Update(build="")
        self._listeners: set[asyncio.Queue[Update | None]] = set()

    @property
    def full(self) -> bool:
        """Whether no more may listen."""
        return len(self._listeners) >= MOST_LISTENERS

    def publish(self, update: Update) -> None:
        """Tell every page."""
        self.last = replace(update, since="", slides={}, notes={})
        for listener in self._listeners:
            if (
                listener.qsize() >= MOST_UNREAD
            ):  # it does not read: it gets the whole page when it does
                while not listener.empty():
                    listener.get_nowait()
                update = self.last
            listener.put_nowait(update)

    async def listen(self) -> AsyncIterator[str]:
        """What one page is told: how things stand, then what happens."""
        mine: asyncio.Queue[Update | None] = asyncio.Queue()
        self._listeners.add(mine)
        try:
            yield "retry: 500\n" + event(asdict(self.last))
            while True:
                try:
                    async with asyncio.timeout(PING_S):
                        update = await mine.get()
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if update is None:
                    return
                yield event(asdict(update))
        finally:
            self._listeners.discard(mine)

    def close(self) -> None:
        """End every connection: the server stops."""
        for listener in self._listeners:
            listener.put_nowait(None)
