"""Marp as a process that is asked again and again; a build asks once, or once a format.

marp-cli 4.5.1 waits for ever on an open stdin and ends with 0 on an option that it doesn't know.
So `session.mjs`, which Node.js runs, gives it no stdin and refuses such options. What Marp only
warns of is an error here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress

from llmdeck.errors import MarpError
from llmdeck.marp.install import HERE, find_node, install
from llmdeck.run.process import end_group, kill_group

LIMIT_S = 120.0
SHOWN_LINES = 24
"""How many lines of what Marp printed an error has."""
CONFIG = HERE / "marp.config.mjs"
WARNING = re.compile(r"\[\s*(WARN|ERROR)\s*\]")
HARMLESS = "Insecure local file accessing"
"""Marp warns of `--allow-local-files` itself."""


class Marp:
    """A Marp process, which loads as soon as it is made; where it died, `run` starts another.

    One conversion at a time; `close`, or the end of a `with` block, ends the process.
    """

    def __init__(self, *, notes: bool = True, limit_s: float = LIMIT_S) -> None:
        """Start the process; where marp-cli is missing, install it first.

        `notes` says whether speaker notes are kept, `limit_s` how long one conversion may take.

        Raises:
            MissingToolError: where there is no Node.js.
            MarpError: where marp-cli can't be installed.
        """
        self.notes, self.limit_s = notes, limit_s
        self._node = find_node()
        self.folder = install(self._node)
        self._messages = tempfile.TemporaryFile("a+b")  # noqa: SIM115  closed in `close`
        self._closed = self._has_answered = False
        self._process = self._start()

    def __enter__(self) -> Marp:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and everything that it started; another thread's `run` fails then."""
        self._closed = True
        self._end()
        self._messages.close()

    def run(self, arguments: Sequence[str]) -> None:
        """Convert: call marp-cli with these arguments, and wait until it is done.

        Raises:
            MarpError: where it fails, takes too long, warns, or does not know an option; with
                what it printed.
        """
        if not self._closed and self._process.poll() is not None:
            self._restart()
        answer = self._ask(arguments)
        if not answer and self._has_answered and not self._closed:
            self._restart()  # it died since it was asked last, and that was not seen yet
            answer = self._ask(arguments)
        if self._closed:
            raise MarpError("Marp was ended")
        if not answer:
            code = self._process.wait()
            raise MarpError(f"Marp failed (exit code {code})", printed=_first_lines(self._said()))
        self._has_answered = True
        judge(json.loads(answer)["code"], self._said())

    def _restart(self) -> None:
        self._end()
        self._process = self._start()
        self._has_answered = False

    def _start(self) -> subprocess.Popen[bytes]:
        self._read_up_to = self._messages.seek(0, os.SEEK_END)
        settings = {"LLMDECK_NOTES": "yes" if self.notes else "no", "NO_COLOR": "1"}
        return subprocess.Popen(
            [self._node.node, HERE / "session.mjs", self.folder],
            env=os.environ | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            start_new_session=True,
        )

    def _end(self) -> None:
        end_group(self._process)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(BrokenPipeError):  # what was not sent is still in its buffer
                    pipe.close()

    def _ask(self, arguments: Sequence[str]) -> bytes:
        """Return the line that answers a request, or nothing where the process died over it.

        Raises:
            MarpError: where it took too long; the process has been ended then.
        """
        process, timed_out = self._process, threading.Event()
        assert process.stdin and process.stdout  # noqa: S101  they are pipes

        def end() -> None:
            timed_out.set()
            kill_group(process)

        timer = threading.Timer(self.limit_s, end)
        timer.start()
        try:
            process.stdin.write(_request(arguments))
            process.stdin.flush()
            answer = process.stdout.readline()
        except (OSError, ValueError):  # the process ended, or `close` was called
            answer = b""
        finally:
            timer.cancel()
        if timed_out.is_set():
            process.wait()
            message = f"Marp took longer than {self.limit_s:g} s"
            raise MarpError(message, printed=_first_lines(self._said()))
        return answer

    def _said(self) -> str:
        """Return what the process printed since this was asked last."""
        try:
            self._messages.seek(self._read_up_to)
            said = self._messages.read()
        except ValueError:  # `close` was called
            return ""
        self._read_up_to += len(said)
        return said.decode("utf-8", "replace")


def judge(code: int, said: str) -> None:
    """See from its exit code and from what it printed whether Marp did what it was told.

    Raises:
        MarpError: where it failed or warned.
    """
    if code:
        raise MarpError(f"Marp failed (exit code {code})", printed=_first_lines(said))
    warnings = [line for line in said.splitlines() if WARNING.search(line)]
    if any(HARMLESS not in line for line in warnings):
        raise MarpError("Marp warns", printed=_first_lines(said))


def _request(arguments: Sequence[str]) -> bytes:
    """Return a request as `session.mjs` reads it: one line of JSON."""
    request = {"args": ["--no-stdin", "--config-file", str(CONFIG), *arguments]}
    return json.dumps(request).encode() + b"\n"


def _first_lines(said: str) -> str:
    return "\n".join(said.splitlines()[:SHOWN_LINES])
