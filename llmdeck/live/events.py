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
ASK_AGAIN_MS = 3000
"""How often a page asks that is one too many to be told."""
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
        self.last: Update | None = None
        """Without the slides that changed; none before the deck was built first."""
        self.working: list[str] = []
        """The demos that run now."""
        self._listeners: set[asyncio.Queue[str]] = set()

    @property
    def full(self) -> bool:
        """Whether no more pages may listen."""
        return len(self._listeners) >= MOST_LISTENERS

    def publish(self, update: Update) -> None:
        """Tell every page of an update."""
        self.last = replace(update, since="", slides={}, notes={})
        self._send(event(asdict(update)))

    def demo_works(self, demo: str, what: str) -> None:
        """Tell every page that a demo begins (`start`) or has ended (`done`)."""
        if what == "start":
            self.working.append(demo)
        elif demo in self.working:
            self.working.remove(demo)
        self._send(event(self.working, "working"))

    def _send(self, text: str) -> None:
        for listener in self._listeners:
            if listener.qsize() < MOST_UNREAD:
                listener.put_nowait(text)
                continue
            # It reads nothing: instead of all events it gets one that loads the page again.
            while not listener.empty():
                listener.get_nowait()
            listener.put_nowait(self.state())

    def state(self, *, crowded: bool = False) -> str:
        """Return the events that say how things are; `crowded` tells a page to ask for them."""
        working = event(self.working, "working")
        last = event(asdict(self.last)) if self.last else ""
        return (event(True, "crowded") if crowded else "") + working + last

    async def listen(self) -> AsyncIterator[str]:
        """Give one page the state of the deck, then each event, and a sign of life meanwhile."""
        unread: asyncio.Queue[str] = asyncio.Queue()
        self._listeners.add(unread)
        try:
            yield f"retry: {RECONNECT_MS}\n" + self.state()
            while True:
                try:
                    async with asyncio.timeout(PING_S):
                        text = await unread.get()
                except TimeoutError:
                    yield ": still here\n\n"
                else:
                    yield text
        finally:
            self._listeners.discard(unread)

    async def answer_once(self) -> AsyncIterator[str]:
        """Give one page the state of the deck and an end, after which browsers ask again."""
        yield f"retry: {ASK_AGAIN_MS}\n" + self.state(crowded=True)
