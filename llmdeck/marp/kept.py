"""One Marp process for many conversions: called again, marp-cli takes a tenth of the time that starting it takes."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress

from llmdeck.errors import MarpError
from llmdeck.marp.install import HERE, find_node, install
from llmdeck.marp.process import LIMIT_S, judge, request_line
from llmdeck.run.process import end_group


class KeptMarp:
    """A Marp process that is used again and again; where it died or hung, the next conversion starts another.

    As a context manager it lasts for longer than the block: `close` ends it. One conversion at a
    time.
    """

    def __init__(self, *, limit_s: float = LIMIT_S) -> None:
        """Start the process (installing marp-cli first where it is missing)."""
        self.limit_s, self.closed = limit_s, False
        self._node = find_node()
        self.folder = install(self._node)
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115  closed in `close`
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._node.node, HERE / "serve.mjs", self.folder],
            env=os.environ | {"LLMDECK_NOTES": "yes", "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            start_new_session=True,
        )

    def __enter__(self) -> KeptMarp:
        return self

    def __exit__(self, *_error: object) -> None:
        """Keep the process."""

    def close(self) -> None:
        """End the process and everything that it started."""
        self.closed = True
        self._end()
        self._messages.close()

    def _end(self) -> None:
        end_group(self._process)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(BrokenPipeError):  # what was not sent is still in its buffer
                    pipe.close()

    def run(self, arguments: Sequence[str]) -> None:
        """Convert once.

        Raises:
            MarpError: where it fails, takes too long, warns, or does not know an option.
        """
        if self.closed:
            raise MarpError("Marp was ended")
        line = self._answer(arguments) or self._answer(
            arguments
        )  # it may have died since it was used last
        if not line:
            raise MarpError(f"Marp failed (exit code {self._process.wait()})", printed=self._said())
        answer = json.loads(line)
        judge(answer["code"], answer["said"])

    def _answer(self, arguments: Sequence[str]) -> bytes:
        """The line that answers a request, or nothing where the process died over it."""
        if self._process.poll() is not None and not self.closed:
            self._end()
            self._process = self._start()
        process = self._process
        assert process.stdin and process.stdout  # noqa: S101  they are pipes
        hung = threading.Event()

        def end() -> None:
            hung.set()
            process.kill()

        timer = threading.Timer(self.limit_s, end)
        timer.start()
        try:
            process.stdin.write(request_line(arguments).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except (BrokenPipeError, ValueError):  # it ended, or was closed meanwhile
            line = b""
        finally:
            timer.cancel()
        if hung.is_set():
            raise MarpError(f"Marp took longer than {self.limit_s:g} s")
        if not line:
            process.wait()
        return line

    def _said(self) -> str:
        if self.closed:
            return ""
        self._messages.seek(0)
        return "\n".join(self._messages.read().decode("utf-8", "replace").splitlines()[-24:])
