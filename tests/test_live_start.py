"""Starting and ending `llmdeck live`: nothing is left running, and what is missing is said."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project
from tests.served import Served, served
from tests.test_live_api import make


def ask_and_leave_hanging(server: Served) -> http.client.HTTPConnection:
    """A request that the demo hangs over; the deck is built first, which may take a while."""
    assert server.ask("GET", "/").status == 200
    assert server.ask("POST", "/api/demos/says", {}).status == 200
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request(
        "POST",
        "/api/demos/says",
        json.dumps({"text": "hang"}),
        {"content-type": "application/json"},
    )
    time.sleep(0.3)
    return connection


def processes_in(folder: Path) -> list[str]:
    """The commands of the processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            cwd = os.readlink(process / "cwd")  # noqa: PTH115  one of another user raises
            if Path(cwd).is_relative_to(folder):
                found.append((process / "cmdline").read_text(encoding="utf-8").replace("\0", " "))
        except OSError:
            continue
    return found


def wait_until_none(folder: Path) -> list[str]:
    """The processes that are still there after some seconds."""
    end = time.monotonic() + 8
    while time.monotonic() < end and processes_in(folder):
        time.sleep(0.1)
    return processes_in(folder)


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="processes are found through /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_ends_leaves_nothing_running(
    project: Project, number: signal.Signals
) -> None:
    """Ctrl-C, SIGTERM, SIGKILL, while a demo hangs and a page listens: all processes end."""
    with served(make(project)) as server:
        hanging = ask_and_leave_hanging(server)
        listening = socket.create_connection(("127.0.0.1", server.port))
        listening.sendall(
            f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
        )
        assert listening.recv(10) == b"HTTP/1.1 2"
        assert len(processes_in(project.root)) >= 3
        server.process.send_signal(number)
        code = server.process.wait(timeout=20)
        assert code == (-number if number == signal.SIGKILL else 0)
        assert wait_until_none(project.root) == []
        hanging.close()
        listening.close()


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "watchfiles"])
def test_without_its_packages_it_says_what_to_install(
    project: Project, tmp_path: Path, package: str
) -> None:
    """A missing package is no traceback, but exit code 8 and the command that installs it."""
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nsys.modules[{package!r}] = None\n", encoding="utf-8"
    )
    done = project.run(
        "live", "--no-browser", PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)])
    )
    assert done.returncode == 8
    assert f"llmdeck live needs the package {package}" in done.stderr
    assert "pip install 'llmdeck[live]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_told(project: Project) -> None:
    """A port that was asked for and is taken is an error, not another port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = project.run("live", "--no-browser", "--port", str(port))
    assert done.returncode == 3
    assert f"can't listen on 127.0.0.1, port {port}" in done.stderr
