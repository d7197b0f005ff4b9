"""A served project: `llmdeck live` in a process of its own, as a user starts it."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from llmdeck.run.process import end_group
from tests.conftest import Project

START_S = 60.0


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Served:
    """A server, and how to ask it."""

    project: Project
    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        """The page."""
        return f"http://127.0.0.1:{self.port}/"

    def ask(self, method: str, path: str, body: bytes | Any = None, **headers: str) -> Answer:
        """Ask once; a body that is no bytes is sent as JSON. `content_type` is `Content-Type`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if raw is not None:
            named = {"content-type": "application/json"} | named
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, raw, named)
            answer = connection.getresponse()
            return Answer(
                answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()


@contextmanager
def served(project: Project, *arguments: str, port: int = 0) -> Iterator[Served]:
    """Serve a project until the block ends."""
    command = [
        sys.executable,
        "-m",
        "llmdeck.cli",
        "live",
        "--no-browser",
        "--port",
        str(port),
        *arguments,
    ]
    process = subprocess.Popen(
        command,
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Served(project, process, _port(process))
    finally:
        end_group(process)
        assert process.stderr
        process.stderr.close()


def _port(process: subprocess.Popen[bytes]) -> int:
    """The port that the server names on stderr."""
    assert process.stderr
    end = time.monotonic() + START_S
    seen = []
    while time.monotonic() < end and (line := process.stderr.readline().decode()):
        seen.append(line)
        if found := re.search(r"serving http://[^ ]*:(\d+)/", line):
            return int(found[1])
    raise AssertionError("".join(seen))
