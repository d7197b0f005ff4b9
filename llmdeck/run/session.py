"""A demo's process as its parent sees it: start it, send it requests, take its answers, end it.

What runs in the process, and what the lines hold, says `child`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress

from llmdeck.config import Config, Limits
from llmdeck.errors import DemoError
from llmdeck.model import Demo
from llmdeck.results.compare import Tolerance
from llmdeck.run import Line
from llmdeck.run.explain import ended_without_answer, not_started, unreadable
from llmdeck.run.process import environment, kill_group

GRACE_S = 3.0
"""How much longer than its limit a process may take to end itself and say where it hung."""
LONGEST_LINE = 64 * 2**20
"""The most bytes of one answer, unless `[limits]` allow larger ones."""
LAST_WORDS_S = 0.2
"""How long what a process has written may take to come through the pipe after its end."""

Give = Callable[[Line | DemoError], None]
"""Called with each line of an answer, and with an error where the process ended before."""


class Session:
    """One process with one demo, which answers requests one after another."""

    def __init__(self, config: Config, demo: Demo, *, threads: int, limit_each: bool) -> None:
        self.config, self.demo = config, demo
        self.threads = threads
        """How many threads NumPy may start."""
        self.limit_each = limit_each
        """Whether the time limit is that of each request, or that of the session as a whole."""
        self.inputs: dict[str, str] | None = None
        """The project files that its answers came from, once there is one."""
        self.broken = False
        """True where it can't be asked again."""
        self._id = 0
        """The last request that was sent."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed in `end`
        self._process: asyncio.subprocess.Process

    @property
    def settings(self) -> Line:
        """What the process is told first."""
        config, limits = self.config, self.config.limits_of(self.demo.name)
        return {
            "root": str(config.root),
            "folder": str(config.demos_folder),
            "module": self.demo.module,
            "no_inputs": [str(config.output), str(config.folder / "results")],
            "time_s": limits.time_s,
            "limit_each": self.limit_each,
            "memory_gib": limits.memory_gib,
            "most": {what: in_bytes(mb) for what, mb in _sizes(limits).items()},
            "tolerance": vars(Tolerance.of(limits)),
        }

    async def start(self) -> asyncio.subprocess.Process:
        """Start the process; it imports the demo at once.

        Raises:
            DemoError: where the system can't start it.
        """
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "llmdeck.run.child"),
                cwd=self.config.root,
                env=environment(self.threads),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=self._log,
                start_new_session=True,
                limit=self._longest_line,
            )
        except OSError as error:
            self._log.close()
            raise not_started(self.demo, error) from None
        self._send(self.settings)
        return self._process

    async def answer(self, requests: Sequence[Line], give: Give) -> None:
        """Send requests and give the lines of their answers as they come.

        A `DemoError` is given last, in place of all that is missing, where the process hangs, ends
        or writes what is no answer.
        """
        log_start = self.log_size
        for request in requests:
            self._id += 1
            self._send(request | {"id": self._id})
        hung = False
        try:
            async with asyncio.timeout(self._patience_s):
                if await self._take(len(requests), give):
                    return
        except TimeoutError:
            hung = True
        except Exception as error:  # noqa: BLE001  whatever the demo has written into the pipe
            self.broken = True
            give(unreadable(self.demo, error))
            return
        self.broken = True
        give(await self._explained(log_start, hung))

    @property
    def _longest_line(self) -> int:
        """How many bytes one answer may have; JSON writes a character in at most six."""
        most = sum(_sizes(self.config.limits_of(self.demo.name)).values())
        return max(LONGEST_LINE, 6 * in_bytes(most))

    @property
    def _patience_s(self) -> float:
        """How long to wait for the process to keep its limit by itself."""
        limit = self.config.limits_of(self.demo.name).time_s
        twice = 2 if self.limit_each else 1  # it may have to import the demo first
        return twice * limit + GRACE_S

    async def _take(self, n_requests: int, give: Give) -> bool:
        """Give the lines for the last requests; return whether all were answered."""
        awaited = self._id - n_requests + 1
        while awaited <= self._id:
            raw = await self._line()
            if not raw:
                return False
            line = json.loads(raw)
            if line.pop("id") != awaited:
                raise ValueError("it answers another request")
            if "part" not in line:
                awaited += 1
            self.inputs = line.get("inputs", self.inputs)
            give(line)
        return True

    async def _line(self) -> bytes:
        """Return the next line, or nothing once the process has ended.

        What the demo has started may hold the pipe open after that.
        """
        assert self._process.stdout  # noqa: S101  it is a pipe
        reading = asyncio.ensure_future(self._process.stdout.readline())
        ending = asyncio.ensure_future(self._process.wait())
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                await asyncio.wait({reading}, timeout=LAST_WORDS_S)
            return reading.result() if reading.done() else b""
        finally:
            reading.cancel()
            ending.cancel()

    async def _explained(self, log_start: int, hung: bool) -> DemoError:
        """End the process and return why it gave no answer, from what it logged since a place."""
        if not hung:  # it has closed its pipe: its keeper ends what it started, then as it did
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE_S):
                    await self._process.wait()
        kill_group(self._process)
        code = await self._process.wait()
        self._log.seek(log_start)
        log = self._log.read().decode("utf-8", "backslashreplace")
        return ended_without_answer(self.config, self.demo, code, log, hung)

    @property
    def log_size(self) -> int:
        """How many bytes were printed so far."""
        return os.fstat(self._log.fileno()).st_size

    def cancel(self) -> None:
        """Stop the demo's work on the request that was sent last; the process stays."""
        self._send({"do": "cancel", "id": self._id})

    def _send(self, line: Line) -> None:
        stdin = self._process.stdin
        if stdin and not stdin.is_closing():
            stdin.write(json.dumps(line).encode() + b"\n")

    async def end(self) -> None:
        """End the process and everything that it started."""
        kill_group(self._process)
        await self._process.wait()
        await self._drain()
        self._log.close()

    async def _drain(self) -> None:
        """Read what is left in the pipe, so that it is closed."""
        assert self._process.stdout  # noqa: S101  it is a pipe
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                while await self._process.stdout.read(LONGEST_LINE):
                    pass
        except TimeoutError:  # a process outside of the group holds it
            pass


def in_bytes(megabytes: float) -> int:
    """Return a limit in bytes."""
    return int(megabytes * 1e6)


def _sizes(limits: Limits) -> dict[str, float]:
    """Return how much a demo may give of each kind, in 10^6 bytes."""
    return {"output": limits.output_mb, "facts": limits.facts_mb, "figure": limits.figure_mb}
