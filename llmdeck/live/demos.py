"""Requests about demos: which there are, what they take, and what they give for any value."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from llmdeck.errors import DeckError, DemoError
from llmdeck.live import api
from llmdeck.live.answers import error_json, read_values, wait_until_gone
from llmdeck.live.deck import LiveDeck
from llmdeck.live.events import event
from llmdeck.live.guard import NOTHING, Address
from llmdeck.model import Demo, first_line
from llmdeck.run.batch import describe
from llmdeck.run.drawings import Drawing
from llmdeck.run.pool import Pool, Reply
from llmdeck.run.process import Running

STYLED = NOTHING + "; style-src 'unsafe-inline'"
"""The content security policy of the API's page for people."""


class Demos:
    """Answers requests about the demos of a deck."""

    def __init__(self, deck: LiveDeck, address: Address) -> None:
        self.deck, self.address = deck, address
        self.pool = Pool(deck.config)
        self._described: dict[str, dict[str, Any]] = {}
        """What each demo says of its parameters, once it was asked."""
        self._warming: list[Reply] = []
        """Runs that nobody waits for; see `_warm_up`."""
        self._documenting = asyncio.Lock()
        self._describer = ThreadPoolExecutor(1)
        """A thread of its own: a demo that is slow to import delays no save."""
        self._describing = Running()

    @property
    def routes(self) -> list[Route]:
        """The addresses that are answered here."""
        demo = "/api/demos/{name}"
        return [
            Route("/api", self.human_page),
            Route("/api/openapi.json", self.openapi),
            Route("/api/demos", self.list_demos),
            Route(demo, self.parameters, methods=["GET"]),
            Route(demo, self.run, methods=["POST"]),
            Route(f"{demo}/stream", self.stream, methods=["POST"]),
        ]

    def files_changed(self, names: set[str]) -> None:
        """Ask demos anew that read one of these files, relative to the project."""
        if not all(name.startswith("deck/") for name in names):
            self._described.clear()
        # No demo reads the results.
        self.pool.retire({name for name in names if not f"{name}/".startswith("deck/results/")})

    def settings_changed(self) -> None:
        """Take over the deck's settings, which may have changed."""
        self.pool.config = self.deck.config

    async def close(self) -> None:
        """End all processes."""
        self._describing.end()
        self._describer.shutdown(wait=False, cancel_futures=True)
        await self.pool.close()

    async def list_demos(self, _request: Request) -> Response:
        """Answer with all demos and their first lines."""
        config = self.deck.config
        found = [
            {"name": name, "about": api.first_line_of(config, demo)}
            for name, demo in self.deck.demos.items()
        ]
        return JSONResponse({"demos": found})

    async def parameters(self, request: Request) -> Response:
        """Answer with the parameters of a demo, and start it, since it may soon be asked."""
        demo = self._demo(request)
        is_new = demo.name not in self._described
        described = await self._describe(demo)
        if is_new:
            self._warm_up(demo)
        answer = {
            "name": demo.name,
            "about": first_line(described["doc"]),
            "parameters": api.schema(self.deck.config, described),
            "plots": described["plots"],
            "streams": described["streams"],
        }
        return JSONResponse(answer)

    async def run(self, request: Request) -> Response:
        """Answer with what a demo gives for some parameters."""
        demo, values = self._demo(request), await read_values(request)
        asked = request.query_params.get("figure") in ("true", "1")
        figure = asked or self.deck.draws(demo.name)
        reply = self._ask(demo, {"do": "run", "values": values, "figure": figure, "stream": False})
        answer = asyncio.create_task(reply.whole())
        gone = asyncio.create_task(wait_until_gone(request))
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not answer.done():
            answer.cancel()
            reply.cancel()
            return Response(status_code=400)  # the client has gone: nobody reads this
        return JSONResponse(self._answer(demo, values, answer.result(), figure=asked))

    async def stream(self, request: Request) -> Response:
        """Answer with what a demo finds while it computes, then with what it gives."""
        demo, values = self._demo(request), await read_values(request)
        if not (await self._describe(demo))["streams"]:
            raise HTTPException(404, f"demo {demo.name} has no stream")
        if await request.is_disconnected():
            return Response(status_code=400)  # nobody reads this
        ask = {"do": "run", "values": values, "stream": True}
        reply = self._ask(demo, ask | {"figure": self.deck.draws(demo.name)})
        return StreamingResponse(self._events(demo, values, reply), media_type="text/event-stream")

    async def _events(
        self, demo: Demo, values: Mapping[str, Any], reply: Reply
    ) -> AsyncIterator[str]:
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

    async def openapi(self, _request: Request) -> Response:
        """Answer with the API's description for programs."""
        return JSONResponse(api.openapi(self.deck.config, await self._documented()))

    async def human_page(self, _request: Request) -> Response:
        """Answer with the API's description for people."""
        host = "localhost" if self.address.is_local else self.address.host
        base = f"http://{host}:{self.address.port}"
        page = api.human_page(self.deck.config, await self._documented(), base)
        return HTMLResponse(page, headers={"content-security-policy": STYLED})

    async def _documented(self) -> dict[str, api.Documented]:
        """Return what the API says of each demo that can be imported."""
        config, found = self.deck.config, {}
        for name, demo in self.deck.demos.items():
            try:
                described = await self._describe_apart(demo)
            except DeckError:
                continue
            found[name] = api.Documented(
                about=first_line(described["doc"]),
                parameters=api.schema(config, described),
                streams=described["streams"],
            )
        return found

    async def _describe_apart(self, demo: Demo) -> dict[str, Any]:
        """Return what a demo says of itself, asked in a process that ends; one demo at a time."""
        async with self._documenting:
            if demo.name not in self._described:
                asking = partial(describe, self.deck.config, demo, self._describing)
                loop = asyncio.get_running_loop()
                self._described[demo.name] = await loop.run_in_executor(self._describer, asking)
            return self._described[demo.name]

    async def _describe(self, demo: Demo) -> dict[str, Any]:
        """Return what a demo says of itself, asked once in its own process."""
        if demo.name not in self._described:
            self._described[demo.name] = await self.pool.ask(demo, {"do": "describe"}).whole()
        return self._described[demo.name]

    def _ask(self, demo: Demo, ask: Mapping[str, Any]) -> Reply:
        """Ask for what somebody waits for, instead of what nobody waits for."""
        for warming in self._warming:
            warming.cancel()
        self._warming.clear()
        return self.pool.ask(demo, dict(ask))

    def _warm_up(self, demo: Demo) -> None:
        """Run a demo once, so that it loads what it computes with; not while somebody waits."""
        if self.pool.n_waiting == 0:
            ask = {"do": "run", "values": {}, "figure": False, "stream": False}
            self._warming.append(self.pool.ask(demo, ask))

    def _demo(self, request: Request) -> Demo:
        name, demos = request.path_params["name"], self.deck.demos
        if name not in demos:
            raise HTTPException(404, f"no demo {name!r}; there are: {', '.join(demos)}")
        return demos[name]

    def _answer(
        self,
        demo: Demo,
        values: Mapping[str, Any],
        line: Mapping[str, Any],
        *,
        figure: bool = False,
    ) -> dict[str, Any]:
        """Return what a demo gave, with the fragment that a slide shows of it."""
        drawing = Drawing(line["figure"], line["alt"]) if "figure" in line else None
        try:
            fragment = self.deck.fragment(demo.name, line["facts"], values, drawing)
        except RecursionError:
            raise DemoError(f"demo {demo.name}: its facts are nested too deep") from None
        answer = {"facts": line["facts"], "output": line["output"], "fragment": fragment}
        if figure and drawing:
            answer["figure"] = {"svg": drawing.svg, "alt": drawing.alt}
        return answer
