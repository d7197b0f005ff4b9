"""Warm workers: a process a demo that answers requests, a few at a time, ended when it hangs or its sources change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from llmdeck.config import Config
from llmdeck.errors import DeckError, DemoError
from llmdeck.live.worker import Line, Worker
from llmdeck.model import Demo
from llmdeck.run.batch import demo_error

MOST_WORKERS = 3
"""How many demos are kept warm, and how many compute at once; the one that was idle longest makes room."""
MOST_WAITING = 16
"""How many requests may wait or run; further ones are told to come back."""
MOST_GIVEN_UP = 256
"""How many requests that nobody listens to any more may wait for their turn to end."""
MOST_UNREAD = 256
"""A stream that nobody takes is given up when more than this many of its parts wait."""


class BusyError(DeckError):
    """Too many requests are waiting."""


class InvalidError(DeckError):
    """A value that the demo can't use."""


class Asked:
    """A request that is being answered, whether or not somebody still listens."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[Line | DeckError] = asyncio.Queue()
        self.worker: Worker | None = None
        self.task: asyncio.Task[None] | None = None
        self.given_up = False

    async def parts(self) -> AsyncIterator[Line]:
        """The lines of the answer as they come, the last one being the whole.

        Raises:
            DemoError: the demo failed or hung.
            InvalidError: it can't use a value.
        """
        while True:
            line = await self.lines.get()
            if isinstance(line, DeckError):
                raise line
            yield line
            if "part" not in line:
                return

    async def last(self) -> Line:
        """The whole answer."""
        return [line async for line in self.parts()][-1]

    def give_up(self) -> None:
        """Nobody listens any more: the demo is interrupted."""
        self.given_up = True
        if self.worker and self.task and not self.task.done():
            self.worker.tell({"do": "cancel"})


class Workers:
    """The warm workers of a project."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._warm: dict[str, Worker] = {}
        """By demo, the one that was used last at the end."""
        self._locks: dict[str, asyncio.Lock] = {}
        self._slots, self._choosing = asyncio.Semaphore(MOST_WORKERS), asyncio.Lock()
        self._asked: dict[asyncio.Task[None], Asked] = {}

    def ask(self, demo: Demo, ask: Line) -> Asked:
        """Begin to answer a request.

        Raises:
            BusyError: too many wait already.
        """
        if self.n_waiting >= MOST_WAITING or len(self._asked) >= MOST_WAITING + MOST_GIVEN_UP:
            raise BusyError("too many requests are waiting", hint="come back in a second")
        asked = Asked()
        asked.task = asyncio.create_task(self._answer(demo, ask, asked))
        self._asked[asked.task] = asked
        asked.task.add_done_callback(self._asked.pop)
        return asked

    @property
    def n_waiting(self) -> int:
        """How many requests that somebody listens to wait or run."""
        return sum(not (asked.given_up or task.done()) for task, asked in self._asked.items())

    async def _answer(self, demo: Demo, ask: Line, asked: Asked) -> None:
        try:
            async with self._locks.setdefault(demo.name, asyncio.Lock()), self._slots:
                if asked.given_up:
                    return
                asked.worker = worker = await self._worker(demo)
                try:
                    async for line in worker.answer(ask):
                        self._give(asked, self._told(demo, line))
                except Exception as error:  # noqa: BLE001  what it wrote is no answer: it is not asked again
                    worker.stale = True
                    self._give(
                        asked, DemoError(f"demo {demo.name}: its answer can't be read: {error}")
                    )
                finally:
                    asked.worker, worker.busy = None, False
                if worker.stale:
                    await self._end(worker)
        except OSError as error:
            self._give(asked, DemoError(f"demo {demo.name}: its process can't be started: {error}"))

    def _give(self, asked: Asked, line: Line | DeckError) -> None:
        if asked.given_up:
            return
        asked.lines.put_nowait(line)
        if asked.lines.qsize() > MOST_UNREAD:
            asked.lines.put_nowait(
                DemoError(f"{asked.lines.qsize()} parts of the answer wait: nobody takes them")
            )
            asked.give_up()

    def _told(self, demo: Demo, line: Line) -> Line | DeckError:
        if "ended" in line:
            ended: DemoError = line["ended"]
            return ended
        if "invalid" in line:
            return InvalidError(line["invalid"])
        return demo_error(self.config, demo, line) if "error" in line else line

    async def _worker(self, demo: Demo) -> Worker:
        """A demo's worker, started where there is none; it is busy from now on."""
        async with self._choosing:
            worker = self._warm.get(demo.name)
            if worker and worker.stale:
                await self._end(worker)
                worker = None
            if worker is None:
                idle = [other for other in self._warm.values() if not other.busy]
                for other in idle[: max(0, len(self._warm) - MOST_WORKERS + 1)]:
                    await self._end(other)
                worker = Worker(self.config, demo)
                await worker.start()
            worker.busy = True
            self._warm.pop(demo.name, None)
            self._warm[demo.name] = worker
            return worker

    async def _end(self, worker: Worker) -> None:
        await worker.end()
        if self._warm.get(worker.demo.name) is worker:
            del self._warm[worker.demo.name]

    def retire(self, changed: set[str]) -> None:
        """Let no worker answer again whose demo came from one of these files (relative to the root) or folders."""
        if not changed:
            return
        folders = {str(Path(name).parent.as_posix()) for name in changed}
        for worker in self._warm.values():
            worker.stale |= worker.inputs is None or not (changed | folders).isdisjoint(
                worker.inputs
            )

    async def close(self) -> None:
        """End all workers."""
        tasks = list(self._asked)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in self._warm.values()))
        self._warm.clear()
