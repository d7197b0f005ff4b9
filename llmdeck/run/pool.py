"""Warm demos: a session each, asked again and again until its files change, a few at a time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from llmdeck.config import Config
from llmdeck.errors import DeckError, DemoError
from llmdeck.model import Demo
from llmdeck.run import Line
from llmdeck.run.explain import demo_error
from llmdeck.run.session import Session

MOST_SESSIONS = 3
"""How many demos are kept warm, and how many compute at once.

The one that was idle longest makes room.
"""
THREADS = max(1, (os.cpu_count() or 1) // 2)
"""NumPy's own threads in a demo. The other cores are for the browser and the server: threads that
wait for one that has no core make a language model twenty times as slow."""
MOST_WAITING = 16
"""How many requests may wait or run; further ones are told to come back."""
MOST_CANCELLED = 256
"""How many requests that nobody listens to any more may wait for their turn to end."""
MOST_UNREAD = 256
"""A stream is cancelled when more than this many of its parts wait to be taken."""
LOG_LIMIT = 8 * 2**20
"""A session whose demo has printed more than this, in bytes, is replaced."""


class BusyError(DeckError):
    """Too many requests are waiting."""


class InvalidError(DeckError):
    """A value that the demo can't use."""


class Reply:
    """A request that waits or is being answered, whether or not somebody still listens."""

    def __init__(self) -> None:
        self.cancelled = False
        self.session: Session | None = None
        """The session that works on it now."""
        self._lines: asyncio.Queue[Line | DeckError] = asyncio.Queue()

    def put(self, line: Line | DeckError) -> None:
        """Pass on a line, or the error that ends the answer, to whoever listens."""
        if self.cancelled:
            return
        self._lines.put_nowait(line)
        n_unread = self._lines.qsize()
        if n_unread > MOST_UNREAD:
            message = f"{n_unread} parts of the answer wait: nobody takes them"
            self._lines.put_nowait(DemoError(message))
            self.cancel()

    async def lines(self) -> AsyncIterator[Line]:
        """Give the lines of the answer as they come, the last one being the whole.

        Raises:
            DemoError: the demo failed or hung.
            InvalidError: it can't use a value.
        """
        while True:
            line = await self._lines.get()
            if isinstance(line, DeckError):
                raise line
            yield line
            if "part" not in line:
                return

    async def whole(self) -> Line:
        """Return the whole answer; see `lines` for what is raised."""
        return [line async for line in self.lines()][-1]

    def cancel(self) -> None:
        """Interrupt the demo: nobody listens any more."""
        self.cancelled = True
        if self.session:
            self.session.cancel()


class Pool:
    """The warm demos of a project."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._warm: dict[str, Session] = {}
        """By demo, the one that was used last at the end."""
        self._busy: set[Session] = set()
        self._outdated: set[Session] = set()
        """Those whose files have changed: they answer no further request."""
        self._turns: dict[str, asyncio.Lock] = {}
        """A demo answers one request after another."""
        self._slots, self._choosing = asyncio.Semaphore(MOST_SESSIONS), asyncio.Lock()
        self._replies: dict[asyncio.Task[None], Reply] = {}

    def ask(self, demo: Demo, request: Line) -> Reply:
        """Begin to answer a request (see `child`).

        Raises:
            BusyError: too many wait already.
        """
        is_full = len(self._replies) >= MOST_WAITING + MOST_CANCELLED
        if is_full or self.n_waiting >= MOST_WAITING:
            raise BusyError("too many requests are waiting", hint="come back in a second")
        reply = Reply()
        task = asyncio.create_task(self._answer(demo, request, reply))
        self._replies[task] = reply
        task.add_done_callback(self._replies.pop)
        return reply

    @property
    def n_waiting(self) -> int:
        """How many requests that somebody listens to wait or run."""
        return sum(not (task.done() or reply.cancelled) for task, reply in self._replies.items())

    async def _answer(self, demo: Demo, request: Line, reply: Reply) -> None:
        turn = self._turns.setdefault(demo.name, asyncio.Lock())
        async with turn, self._slots:
            if reply.cancelled:
                return
            try:
                session = await self._session(demo)
            except DemoError as error:
                reply.put(error)
                return
            reply.session = session
            try:
                if not reply.cancelled:
                    await session.answer([request], partial(self._give, reply, demo))
            finally:
                reply.session = None
                self._busy.discard(session)
            if self._is_spent(session):
                await self._end(session)

    def _is_spent(self, session: Session) -> bool:
        is_outdated = session in self._outdated
        return session.broken or is_outdated or session.log_size > LOG_LIMIT

    def _give(self, reply: Reply, demo: Demo, line: Line | DemoError) -> None:
        """Pass on a line, or the error that it tells of."""
        if isinstance(line, DemoError):
            reply.put(line)
        elif "invalid" in line:
            reply.put(InvalidError(line["invalid"]))
        elif "error" in line:
            reply.put(demo_error(self.config, demo, line))
        else:
            reply.put(line)

    async def _session(self, demo: Demo) -> Session:
        """Return a demo's session, started where there is none; it is busy from now on."""
        async with self._choosing:
            session = self._warm.get(demo.name)
            if session in self._outdated:
                await self._end(session)
                session = None
            if session is None:
                await self._make_room()
                session = Session(self.config, demo, threads=THREADS, limit_each=True)
                await session.start()
            self._busy.add(session)
            self._warm.pop(demo.name, None)
            self._warm[demo.name] = session
            return session

    async def _make_room(self) -> None:
        """End the sessions that were idle longest, so that there is room for another one."""
        idle = [session for session in self._warm.values() if session not in self._busy]
        n_too_many = len(self._warm) - MOST_SESSIONS + 1
        for session in idle[: max(0, n_too_many)]:
            await self._end(session)

    async def _end(self, session: Session) -> None:
        await session.end()
        self._outdated.discard(session)
        if self._warm.get(session.demo.name) is session:
            del self._warm[session.demo.name]

    def retire(self, changed: set[str]) -> None:
        """Let no session answer again whose demo came from one of these files.

        A folder that lists one of them counts as well, and where a folder is named, all files in
        it. Names are relative to the project's root.
        """
        if not changed:
            return
        folders = {Path(name).parent.as_posix() for name in changed}
        inside = tuple(f"{name}/" for name in changed)
        for session in self._warm.values():
            known = session.inputs
            if known is None or any(
                name in changed or name in folders or name.startswith(inside) for name in known
            ):
                self._outdated.add(session)

    async def close(self) -> None:
        """End all sessions."""
        tasks = list(self._replies)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(session.end() for session in self._warm.values()))
        self._warm.clear()
