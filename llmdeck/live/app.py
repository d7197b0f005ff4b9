"""The app: the page, the events that tell it of saves, and the demos on request."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from llmdeck.errors import DeckError
from llmdeck.live.answers import answer_bug, answer_deck_error, answer_http_error
from llmdeck.live.deck import LiveDeck
from llmdeck.live.demos import Demos
from llmdeck.live.events import Events
from llmdeck.live.guard import Address, Guard
from llmdeck.live.page import Update, empty_page, unexpected
from llmdeck.live.watch import changes

PATIENCE_S = 5.0
"""How long a page waits for the first deck while demos run, before it says which."""
REST_S = 1.0
"""How long after the last save the whole deck is converted, where slides were converted alone, and
garbage is collected."""
T = TypeVar("T")
HANDLERS: dict[Any, Any] = {
    HTTPException: answer_http_error,
    DeckError: answer_deck_error,
    Exception: answer_bug,
}


class App:
    """Answers requests, and follows what is saved."""

    def __init__(self, deck: LiveDeck, address: Address) -> None:
        self.deck, self.address = deck, address
        self.demos, self.events = Demos(deck, address), Events()
        self._built = asyncio.Event()
        """Set once the deck was built, or could not be."""
        self._is_rested = False
        """Whether everything was done that waits until nothing is being saved."""
        self._thread = ThreadPoolExecutor(1)
        """What works on the deck: always the same thread, for each has memory of its own."""
        self._say_progress = deck.progress

    def asgi(self) -> ASGIApp:
        """Return the whole app behind its guard."""
        routes = [
            Route("/", self.page),
            Route("/api/events", self.listen),
            *self.demos.routes,
        ]
        app = Starlette(routes=routes, exception_handlers=HANDLERS, lifespan=self._lifespan)
        return Guard(app, self.address)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self.deck.progress = partial(self._progress, asyncio.get_running_loop())
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            self.deck.close()
            await asyncio.gather(following, return_exceptions=True)
            self._thread.shutdown(wait=False, cancel_futures=True)
            await self.demos.close()

    def _progress(self, loop: asyncio.AbstractEventLoop, demo: str, what: str) -> None:
        """Say on the terminal and on the pages that a demo begins or has ended, from any thread."""
        self._say_progress(demo, what)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(self.events.demo_works, demo, what)

    async def _follow(self) -> None:
        """Build the deck, and again after each save, whatever goes wrong over one of them."""
        saved: asyncio.Queue[Collection[Path]] = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(changes(lambda: self.deck.config, saved))
            await self._supervise(self._update(set()))
            while True:
                changed = await self._next_save(saved)
                await self._supervise(self._update(changed) if changed else self._rest())

    async def _supervise(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something to its end; a mistake of llmdeck's own is told, and the next save followed.

        What authors get wrong is told by `LiveDeck` itself.
        """
        try:
            await work
        except Exception as error:  # noqa: BLE001  the server must not end over it
            self._built.set()
            self.events.publish(unexpected(error, self.deck.page))

    async def _next_save(self, saved: asyncio.Queue[Collection[Path]]) -> set[Path]:
        """Wait for a save; return no file when nothing was saved for a while since the last one."""
        try:
            async with asyncio.timeout(None if self._is_rested else REST_S):
                changed = set(await saved.get())
        except TimeoutError:
            return set()
        while not saved.empty():
            changed |= set(saved.get_nowait())
        return changed

    async def _rest(self) -> None:
        """Convert the whole deck where that is due, and tidy up, as nothing is being saved."""
        self._is_rested = True
        if self.deck.wants_whole:
            await self._publish(self.deck.update_whole)
        await self._in_thread(collect_garbage)

    async def _update(self, changed: set[Path]) -> None:
        self._is_rested = False
        self.demos.files_changed({self.deck.config.relative(path) for path in changed})
        await self._publish(self.deck.update)

    async def _publish(self, make: Callable[[], Update]) -> None:
        """Tell the pages that are open of an update."""
        update = await self._in_thread(make)
        self.demos.settings_changed()
        self._built.set()
        self.events.publish(update)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Do something with the deck in its thread, while requests are answered."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def page(self, _request: Request) -> Response:
        """Answer with the deck as it is now."""
        await self._wait_until_built()
        page = self.deck.page or empty_page(self.deck.config)
        policy = f"{page.policy}; frame-ancestors 'self'"
        return HTMLResponse(page.html, headers={"content-security-policy": policy})

    async def listen(self, _request: Request) -> Response:
        """Answer with events that say what changed; a page too many is told to ask for them."""
        events = self.events.answer_once() if self.events.full else self.events.listen()
        return StreamingResponse(events, media_type="text/event-stream")

    async def _wait_until_built(self) -> None:
        """Wait for the first deck; a page that waits for a slow demo is shown, and says so."""
        while not self._built.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await self._built.wait()
            if self.events.working:
                return


def collect_garbage() -> None:
    """Collect garbage while nobody waits, and never look again at what is left.

    The deck and its libraries stay, so searching them after each save would be in vain.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
