"""The app: the page, its events, and the demos on request."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from llmdeck.errors import DeckError, DemoError
from llmdeck.live import api
from llmdeck.live.answers import body_of, broke, disconnected, error_json, failed, refused
from llmdeck.live.deck import LiveDeck
from llmdeck.live.events import Events, event
from llmdeck.live.guard import NOTHING, Address, Guard
from llmdeck.live.shown import empty_page
from llmdeck.live.watch import changes
from llmdeck.model import Demo
from llmdeck.run.batch import describe
from llmdeck.run.pool import BusyError, Pool, Reply
from llmdeck.run.process import Running

SETTLE_S = 1.0
"""How long after the last save the whole deck is converted, where a slide was shown before."""
STYLED = NOTHING + "; style-src 'unsafe-inline'"


class Live:
    """What answers requests."""

    def __init__(self, deck: LiveDeck, address: Address) -> None:
        self.deck, self.address = deck, address
        self.pool, self.events = Pool(deck.config), Events()
        self._described: dict[str, dict[str, Any]] = {}
        self._warming: dict[str, Reply] = {}
        self._documenting = asyncio.Lock()
        self._describer = ThreadPoolExecutor(1)
        """A thread of its own: a save waits for no demo that is slow to import."""
        self._describing = Running()
        self._built = asyncio.Event()

    def app(self) -> ASGIApp:
        """The whole app, guarded."""
        demo = "/api/demos/{name}"
        routes = [
            Route("/", self.page),
            Route("/api", self.human),
            Route("/api/openapi.json", self.openapi),
            Route("/api/events", self.listen),
            Route("/api/demos", self.demos),
            Route(demo, self.demo, methods=["GET"]),
            Route(demo, self.run, methods=["POST"]),
            Route(f"{demo}/stream", self.stream, methods=["POST"]),
        ]
        handlers: dict[Any, Any] = {HTTPException: refused, DeckError: failed, Exception: broke}
        return Guard(
            Starlette(routes=routes, exception_handlers=handlers, lifespan=self._lifespan),
            self.address,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            self.deck.close()
            self._describing.end()
            self._describer.shutdown(wait=False, cancel_futures=True)
            await asyncio.gather(following, return_exceptions=True)
            await self.pool.close()

    async def _follow(self) -> None:
        """Build the deck, then build it anew after each save."""
        async with asyncio.TaskGroup() as tasks:
            saved: asyncio.Queue[Collection[Path]] = asyncio.Queue()
            tasks.create_task(changes(self.deck.config, saved))
            await self._update(())
            await asyncio.to_thread(tidy)
            getting, settling = asyncio.create_task(saved.get()), None
            while True:
                waiting: set[asyncio.Future[Any]] = {getting} | ({settling} if settling else set())
                rests = self.deck.unsettled and settling is None
                done, _ = await asyncio.wait(
                    waiting,
                    timeout=SETTLE_S if rests else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if getting in done:
                    changed = set(getting.result())
                    while not saved.empty():
                        changed |= set(saved.get_nowait())
                    getting = asyncio.create_task(saved.get())
                    await self._update(changed)
                elif settling and settling in done:
                    update = await asyncio.to_thread(self.deck.settle, settling.result())
                    settling = None
                    if update:
                        self.events.publish(update)
                    await asyncio.to_thread(tidy)
                else:
                    settling = asyncio.create_task(asyncio.to_thread(self.deck.convert_whole))

    async def _update(self, changed: Collection[Path]) -> None:
        names = {self.deck.config.relative(path) for path in changed}
        if not all(name.startswith("deck/") for name in names):
            self._described.clear()
        self.pool.retire(
            {name for name in names if not f"{name}/".startswith("deck/results/")}
        )  # no demo reads it
        update = await asyncio.to_thread(self.deck.update, changed)
        self.pool.config = self.deck.config
        self._built.set()
        self.events.publish(update)

    def close(self) -> None:
        """End the connections that would last for ever."""
        self.events.close()

    async def page(self, _request: Request) -> Response:
        """The deck as it is now."""
        await self._built.wait()
        shown = self.deck.shown or empty_page(self.deck.config)
        policy = f"{shown.policy}; frame-ancestors 'self'"
        return HTMLResponse(shown.html, headers={"content-security-policy": policy})

    async def listen(self, _request: Request) -> Response:
        """Events: what changed."""
        if self.events.full:
            raise BusyError("too many pages are open")
        await self._built.wait()
        return StreamingResponse(self.events.listen(), media_type="text/event-stream")

    async def demos(self, _request: Request) -> Response:
        """All demos, with their first lines."""
        config = self.deck.config
        found = [
            {"name": n, "about": api.first_line(config, d)} for n, d in self.deck.demos.items()
        ]
        return JSONResponse({"demos": found})

    async def demo(self, request: Request) -> Response:
        """The parameters of a demo; asking for them starts it."""
        demo = self._demo(request)
        known = demo.name in self._described
        described = await self._describe(demo)
        if not known:
            self._warm_up(demo)
        return JSONResponse(
            {
                "name": demo.name,
                "about": next(iter(described["doc"].splitlines()), ""),
                "parameters": api.schema(self.deck.config, described),
                "plots": described["plots"],
                "streams": described["streams"],
            }
        )

    async def run(self, request: Request) -> Response:
        """What a demo gives for parameters."""
        demo, values = self._demo(request), await body_of(request)
        figure = request.query_params.get("figure") in ("true", "1")
        reply = self._ask(demo, {"do": "run", "values": values, "figure": figure, "stream": False})
        answer, gone = (
            asyncio.create_task(reply.whole()),
            asyncio.create_task(disconnected(request)),
        )
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not answer.done():
            answer.cancel()
            reply.cancel()
            return Response(status_code=400)  # to nobody
        return JSONResponse(self._answer(demo, values, answer.result()))

    async def stream(self, request: Request) -> Response:
        """What a demo finds while it computes, then what it gives."""
        demo, values = self._demo(request), await body_of(request)
        if not (await self._describe(demo))["streams"]:
            raise HTTPException(404, f"demo {demo.name} has no stream")
        if await request.is_disconnected():
            return Response(status_code=400)  # to nobody
        reply = self._ask(demo, {"do": "run", "values": values, "figure": False, "stream": True})

        async def events() -> AsyncIterator[str]:
            try:
                async for line in reply.lines():
                    if "part" in line:
                        yield event(line["part"], "part")
                    elif "facts" in line:
                        yield event(self._answer(demo, values, line), "result")
            except DeckError as error:
                yield event(error_json(error), "error")
            finally:
                reply.cancel()

        return StreamingResponse(events(), media_type="text/event-stream")

    async def openapi(self, _request: Request) -> Response:
        """The API, for programs."""
        return JSONResponse(api.openapi(self.deck.config, await self._documented()))

    async def human(self, _request: Request) -> Response:
        """The API, for people."""
        base = f"http://{'localhost' if self.address.is_local else self.address.host}:{self.address.port}"
        page = api.human_page(self.deck.config, await self._documented(), base)
        return HTMLResponse(page, headers={"content-security-policy": STYLED})

    async def _documented(self) -> dict[str, api.Documented]:
        """What the API says of each demo that can be imported."""
        config, found = self.deck.config, {}
        for name, demo in self.deck.demos.items():
            async with self._documenting:
                if name not in self._described:
                    asking = partial(describe, config, demo, self._describing)
                    try:
                        loop = asyncio.get_running_loop()
                        self._described[name] = await loop.run_in_executor(self._describer, asking)
                    except DeckError:
                        continue
                described = self._described[name]
            found[name] = api.Documented(
                about=next(iter(described["doc"].splitlines()), ""),
                parameters=api.schema(config, described),
                streams=described["streams"],
            )
        return found

    def _ask(self, demo: Demo, ask: Mapping[str, Any]) -> Reply:
        """Ask for what somebody waits for: before it nothing is computed for nobody."""
        for warming in self._warming.values():
            warming.cancel()
        self._warming.clear()
        return self.pool.ask(demo, dict(ask))

    async def _describe(self, demo: Demo) -> dict[str, Any]:
        """What a demo's own process says of it, asked once."""
        if demo.name not in self._described:
            self._described[demo.name] = await self.pool.ask(demo, {"do": "describe"}).whole()
        return self._described[demo.name]

    def _warm_up(self, demo: Demo) -> None:
        """Run a demo that may soon be asked, so that it loads what it computes with; unless somebody waits."""
        if self.pool.n_waiting == 0:
            ask = {"do": "run", "values": {}, "figure": False, "stream": False}
            self._warming[demo.name] = self.pool.ask(demo, ask)

    def _demo(self, request: Request) -> Demo:
        name = request.path_params["name"]
        if name not in self.deck.demos:
            raise HTTPException(404, f"no demo {name!r}; there are: {', '.join(self.deck.demos)}")
        return self.deck.demos[name]

    def _answer(
        self, demo: Demo, values: Mapping[str, Any], line: Mapping[str, Any]
    ) -> dict[str, Any]:
        answer = {key: line[key] for key in ("facts", "output")}
        try:
            answer["fragment"] = self.deck.fragment(demo.name, line["facts"], values)
        except RecursionError:
            raise DemoError(f"demo {demo.name}: its facts are nested too deep") from None
        if "figure" in line:
            answer["figure"] = {"svg": line["figure"], "alt": line["alt"]}
        return answer


def tidy() -> None:
    """Collect garbage while nobody waits: what is left, a deck and its libraries, is not searched after a save."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
