"""What hostile clients and broken demos do to a served deck: others get their own answers."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmdeck.live.connections import (
    LEAST_CONNECTIONS,
    OTHER_FILES,
    STALLED_S,
    most_connections,
)
from tests.conftest import Project
from tests.served import Served, served

DEMO = '''
"""Does what no demo should."""
import os
import signal
import subprocess
import time


def run(*, text: str = "ciao") -> dict:
    if text == "large":
        return {"text": "x" * 70_000_000}
    if text == "fork":
        os.fork()
    if text == "signal":
        os.kill(os.getpid(), 40)
    if text == "no json":
        for number in range(3, 20):
            try:
                os.write(number, b"no json\\n")
            except OSError:
                pass
    if text == "child":
        print(subprocess.Popen(["sleep", "1234"]).pid, file=open("child.pid", "w"), flush=True)
        os._exit(3)
    if text == "hang":
        time.sleep(4)
    if text == "invalid":
        raise ValueError("no \\ud800")
    return {"text": text}


def stream(*, text):
    for number in range(50):
        yield "x" * 100_000
        time.sleep(0.02)


def show(facts):
    print(facts["text"])
'''
SLOW = '''
"""Is slow to import."""
import time

time.sleep(4)


def run(*, n: int = 1) -> dict:
    return {"n": n}


def stream(*, n):
    for number in range(50):
        yield "."
        time.sleep(0.1)


def show(facts):
    print(facts["n"])
'''
TOKEN = "abc+def/ghi.jkl~mno=="  # noqa: S105  a test's own
PARTIAL = "<p>{{ text }}</p>"


@pytest.fixture
def server(project: Project) -> Iterator[Served]:
    """A deck whose demos misbehave."""
    project.write("demos/bad.py", DEMO)
    project.write("demos/slow.py", SLOW)
    project.write("deck/partials/bad.html.j2", PARTIAL)
    project.edit(
        "deck/deck.toml", "[deck]", "[demos.bad]\ntime_s = 6\n\n[demos.slow]\ntime_s = 20\n\n[deck]"
    )
    with served(project) as started:
        yield started


def ask(server: Served, text: str) -> tuple[int, str]:
    """Ask the demo; the text that it gives, or the error."""
    answer = server.ask("POST", "/api/demos/bad", {"text": text})
    return answer.status, answer.json["facts"]["text"] if answer.status == 200 else answer.json[
        "error"
    ]["message"]


@pytest.mark.skipif(sys.platform == "win32", reason="it forks and sends signals")
@pytest.mark.parametrize("text", ["large", "signal", "no json", "fork"])
def test_an_answer_that_is_none_is_told_and_the_next_is_its_own(server: Served, text: str) -> None:
    """Whatever comes through the pipe, everybody gets an answer, at once, and their own."""
    assert ask(server, "prima") == (200, "prima")
    start = time.monotonic()
    status, message = ask(server, text)
    assert time.monotonic() - start < 12
    assert status == (200 if text == "fork" else 422), message
    for number in range(3):
        assert ask(server, f"dopo {number}") == (200, f"dopo {number}")


@pytest.mark.skipif(sys.platform == "win32", reason="it starts sleep")
def test_what_a_demo_started_ends_with_it(server: Served) -> None:
    """A demo that dies is told at once though its child holds the pipe, and the child is ended."""
    start = time.monotonic()
    status, message = ask(server, "child")
    assert status == 422
    assert "ended without an answer (exit code 3)" in message
    assert time.monotonic() - start < 5
    pid = int((server.project.root / "child.pid").read_text(encoding="utf-8"))
    for _ in range(50):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text(encoding="utf-8").split()[2] == "Z":
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError("the child lives")


def test_text_that_is_no_unicode_is_422_wherever_it_comes_back(server: Served) -> None:
    """In a parameter's name, and in what the demo says of a value."""
    assert server.ask("POST", "/api/demos/bad", b'{"\\ud800": 1}').status == 422
    status, message = ask(server, "invalid")
    assert (status, message) == (422, "no \\ud800")


def test_a_stream_that_is_left_in_the_middle_leaves_no_half_line(server: Served) -> None:
    """Left again and again in the middle of long parts, the next answer is whole, and at once."""
    request = f"POST /api/demos/bad/stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    request += "Content-Type: application/json"
    for number in range(12):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(f"{request}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
            connection.recv(1000 + 97 * number)
        start = time.monotonic()
        assert ask(server, f"dopo {number}") == (200, f"dopo {number}")
        assert time.monotonic() - start < 2


def test_a_stream_that_is_left_before_its_demo_is_known_runs_for_nobody(server: Served) -> None:
    """Left while the demo is still imported, it does not keep the next one waiting."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = f"POST /api/demos/slow/stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}"
        connection.sendall(
            f"{head}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}".encode()
        )
        time.sleep(0.3)
    time.sleep(4.5)
    start = time.monotonic()
    assert server.ask("POST", "/api/demos/slow", {}).status == 200
    assert time.monotonic() - start < 2.5, "the stream takes 5 s"


def test_the_apis_documents_delay_no_save_and_no_end(server: Served) -> None:
    """Asked for by clients that go, with a demo that is slow to import: a save shows meanwhile."""
    for _ in range(30):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(
                f"GET /api HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
            )
    time.sleep(1)
    server.project.edit("deck/slides/01-uno.md.j2", "# Uno", "# Subito")
    start = time.monotonic()
    while b"Subito" not in server.ask("GET", "/").body:
        assert time.monotonic() - start < 3
        time.sleep(0.05)
    server.process.send_signal(signal.SIGINT)
    server.process.wait(timeout=4)


def test_a_body_without_an_end_is_refused_whatever_the_method(server: Served) -> None:
    """A GET with a body, told or in chunks, is 413 at once."""
    for header in ("Transfer-Encoding: chunked", "Content-Length: 5"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(
                f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{header}\r\n\r\n".encode()
            )
            assert b" 413 " in connection.recv(100)


def most_places(server: Served) -> int:
    """How many connections the server takes, made few where the system lets us."""
    if sys.platform != "linux":
        return most_connections()
    import resource

    files = LEAST_CONNECTIONS + OTHER_FILES
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (files, files))
    return LEAST_CONNECTIONS


def test_clients_that_take_nothing_are_dropped(server: Served) -> None:
    """As many as there may be ask for the page and never read it: soon their places are free.

    The page is larger than what the system itself takes for a client that does not read.
    """
    server.project.write("deck/slides/02-lungo.md.j2", "# Lungo\n\n" + "parole " * 1_200_000)
    while len(server.ask("GET", "/").body) < 8_000_000:
        time.sleep(0.1)
    stuck = []
    for _ in range(most_places(server)):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        stuck.append(connection)
    start, served_again = time.monotonic(), False
    while not served_again:
        assert time.monotonic() - start < 4 * STALLED_S
        try:
            served_again = server.ask("GET", "/api/demos").status == 200
        except OSError:
            time.sleep(0.5)
    for connection in stuck:
        connection.close()


def test_a_broken_setting_leaves_the_demos_their_fragments(server: Served) -> None:
    """While deck.toml can't be read, what a demo gives is still rendered as it was."""
    assert (
        server.ask("POST", "/api/demos/bad", {"text": "prima"}).json["fragment"] == "<p>prima</p>"
    )
    server.project.edit("deck/deck.toml", "[deck]", "[deck")
    time.sleep(1)
    assert server.ask("POST", "/api/demos/bad", {"text": "dopo"}).json["fragment"] == "<p>dopo</p>"


def test_a_demo_that_is_asked_for_its_parameters_is_warmed_up_unless_somebody_waits(
    server: Served,
) -> None:
    """Its defaults are run, so that it has loaded what it computes with; not while one is asked."""
    ran = server.project.root / "ran"
    for demo in ("first", "second"):
        server.project.write(f"demos/{demo}.py", SLOW.replace("time.sleep(4)", "time.sleep(0.5)"))
        server.project.edit(
            f"demos/{demo}.py", "    return", f'    open("ran", "a").write("{demo} ")\n    return'
        )
    while "second" not in server.ask("GET", "/api/demos").body.decode():
        time.sleep(0.1)
    assert server.ask("GET", "/api/demos/first").status == 200
    for _ in range(50):
        if ran.exists():
            break
        time.sleep(0.1)
    assert ran.read_text(encoding="utf-8") == "first "
    hanging = threading.Thread(target=ask, args=(server, "hang"))
    hanging.start()
    time.sleep(0.3)
    assert server.ask("GET", "/api/demos/second").status == 200
    time.sleep(1)
    assert ran.read_text(encoding="utf-8") == "first "
    hanging.join()


def test_there_are_never_more_workers_than_there_may_be(project: Project) -> None:
    """Many demos asked at once, again and again: at most three processes are warm afterwards."""
    for number in range(7):
        project.write(f"demos/d{number}.py", DEMO)
    with served(project) as server:
        for _ in range(2):
            threads = [
                threading.Thread(target=server.ask, args=("POST", f"/api/demos/d{n % 7}", {}))
                for n in range(14)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        if not children.exists():
            pytest.skip("this system does not list a process's children")
        found = [
            Path(f"/proc/{pid}/cmdline").read_bytes()
            for pid in children.read_text(encoding="utf-8").split()
        ]
    assert 1 <= sum(b"llmdeck.run.child" in command for command in found) <= 3


def test_a_note_that_names_the_build_is_a_note(project: Project) -> None:
    """The page's own digest stands where the script reads it, whatever the speaker notes say."""
    text = '{% call notes() %}"build": "the-build-of-this-page"{% endcall %}'
    project.write("deck/slides/02-due.md.j2", f"# Due\n\n{text}\n")
    with served(project) as server:
        page = server.ask("GET", "/").body.decode()
        known = json.loads(re.findall(r'id="llmdeck">(.*?)</script>', page)[0])
    assert re.fullmatch("[0-9a-f]{16}", known["build"])


def test_any_base64_token_and_other_servers_cookies(project: Project) -> None:
    """The token may be typed as it is; cookies that others have set, good or bad, do not matter."""
    with served(project, "--token", TOKEN) as server:
        for written in (TOKEN, TOKEN.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")):
            assert server.ask("GET", f"/?token={written}").status == 303
        cookie = server.ask("GET", f"/?token={TOKEN}").headers["set-cookie"].split(";")[0]
        name = cookie.split("=")[0]
        for other in (
            "flag",
            "a=1;",
            "u=caff\u00e8",
            'j={"a":1}',
            "[x]=1",
            "a,b=1",
            "foo@bar=1",
            f"{name}=x",
        ):
            assert server.ask("GET", "/api/demos", Cookie=f"{other}; {cookie}").status == 200, other
            assert server.ask("GET", "/api/demos", Cookie=f"{cookie}; {other}").status == 200, other
            assert server.ask("GET", "/api/demos", Cookie=other).status == 401, other
    done = project.run("live", "--no-browser", "--token", "with a space and more")
    assert (done.returncode, "a token has letters" in done.stderr) == (3, True)
