"""A warm worker: one process with one demo, seen from the server. What runs in it is `llmdeck.live.child`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from llmdeck.config import Config
from llmdeck.model import Demo
from llmdeck.run.batch import GRACE_S, ended_without_answer, environment
from llmdeck.run.process import kill_group

THREADS = max(1, (os.cpu_count() or 1) // 2)
"""NumPy's own threads in a worker. The other cores are for the browser and the server: threads that
wait for one that has no core make a language model twenty times as slow."""
LONGEST_LINE = 64 * 2**20
LAST_WORDS_S = 0.2
"""How long the lines of a process that has ended may take to come through the pipe."""
LOG_LIMIT = 8 * 2**20
"""A worker whose demos have printed more than this, in bytes, is replaced."""

Line = dict[str, Any]


class Worker:
    """One process with one demo."""

    def __init__(self, config: Config, demo: Demo) -> None:
        self.config, self.demo = config, demo
        self.inputs: dict[str, str] | None = None
        """The project files that its answers came from, once there is one."""
        self.stale = False
        """True where it must not be asked again."""
        self.busy = False
        """True while it is being asked."""
        self._asks = 0
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed in `end`
        self._folder = tempfile.TemporaryDirectory(prefix="llmdeck-")
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process; it imports the demo at once."""
        limits = self.config.limits_of(self.demo.name)
        request = {
            "root": str(self.config.root),
            "folder": str(self.config.demos_folder),
            "module": self.demo.module,
            "time_s": limits.time_s,
            "memory_gib": limits.memory_gib,
        }
        path = Path(self._folder.name) / "request.json"
        path.write_text(json.dumps(request), encoding="utf-8")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "llmdeck.live.child",
            str(path),
            cwd=self.config.root,
            env=environment(THREADS),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
            limit=LONGEST_LINE,
        )

    def tell(self, line: Line) -> None:
        """Write it a line."""
        if self._process and self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(line).encode() + b"\n")

    async def answer(self, ask: Line) -> AsyncIterator[Line]:
        """Ask, and give the lines of the answer; an error is the last of them."""
        process = self._process
        assert process and process.stdout  # noqa: S101  it was started, and they are pipes
        limit, began = (
            self.config.limits_of(self.demo.name).time_s,
            os.fstat(self._log.fileno()).st_size,
        )
        self._asks += 1
        self.tell(ask | {"id": self._asks})
        hung, last = False, False
        try:
            async with asyncio.timeout(
                2 * limit + GRACE_S
            ):  # once to import the demo, once to answer
                while not last and (raw := await self._line(process, process.stdout)):
                    line = json.loads(raw)
                    if line.pop("id") != self._asks:
                        raise ValueError("it answers another request")
                    last = "part" not in line
                    self.inputs = line.get("inputs", self.inputs)
                    yield line
        except TimeoutError:
            hung = True
        self.stale |= os.fstat(self._log.fileno()).st_size > LOG_LIMIT
        if last:
            return
        self.stale = True
        kill_group(process)
        code = await process.wait()
        self._log.seek(began)
        said = self._log.read().decode("utf-8", "backslashreplace")
        yield {"ended": ended_without_answer(self.config, self.demo, code, said, hung)}

    async def _line(
        self, process: asyncio.subprocess.Process, answers: asyncio.StreamReader
    ) -> bytes:
        """The next line; nothing once the process has ended, also where what it started keeps the pipe open."""
        reading, ending = (
            asyncio.ensure_future(answers.readline()),
            asyncio.ensure_future(process.wait()),
        )
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                await asyncio.wait({reading}, timeout=LAST_WORDS_S)
            return reading.result() if reading.done() else b""
        finally:
            reading.cancel()
            ending.cancel()

    async def end(self) -> None:
        """End the process and everything that it started."""
        if self._process:
            kill_group(self._process)
            await self._process.wait()
        self._log.close()
        self._folder.cleanup()
