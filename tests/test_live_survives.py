"""Whatever an author saves, the served deck says what is wrong, and follows the next save.

The oracle is the next save: after each mistake a good one must show.
"""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from llmdeck.live.events import MOST_LISTENERS
from tests.conftest import Project
from tests.served import Served, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BUILT_S = 30.0
CODE = '# Uno\n\n{{ code("twice", "run") }}\n'


@contextmanager
def listening(server: Served) -> Iterator[Any]:
    """Give the lines of the events that the server sends."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=BUILT_S)
    connection.request("GET", "/api/events")
    answer = connection.getresponse()
    assert answer.fp
    yield answer.fp
    connection.close()


def errors(server: Served, *, some: bool) -> str:
    """Wait until the deck has errors, or none; return what the corner shows."""
    with listening(server) as lines:
        end = time.monotonic() + BUILT_S
        while time.monotonic() < end:
            line = lines.readline().decode()
            if not line.startswith('data: {"build"'):
                continue
            found = json.loads(line.removeprefix("data: "))["errors"]
            if bool(found) is some:
                return "\n".join(error["text"] for error in found)
    raise AssertionError(f"never: errors {some}")


def shows(server: Served, text: str) -> None:
    """Wait until the page has a text."""
    end = time.monotonic() + BUILT_S
    while text.encode() not in server.ask("GET", "/").body:
        assert time.monotonic() < end, text
        time.sleep(0.05)


@pytest.fixture
def server(project: Project) -> Iterator[Served]:
    """A deck that shows the source of its demo."""
    project.edit("deck/slides/01-uno.md.j2", "# Uno\n", CODE)
    with served(project) as started:
        errors(started, some=False)
        yield started


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("demos/twice.py", "def run(", "demos/twice.py:1: code: demos/twice.py is no Python"),
        ("demos/twice.py", "x = " + "(" * 3000 + ")" * 3000, "demos/twice.py"),
        ("deck/deck.toml", '[deck]\ntitle = "x"\n[demos]\ntime_s = 30\n', "deck/deck.toml:4:"),
        ("deck/deck.toml", "", "deck/deck.toml: [deck] needs `title`"),
        ("deck/claims.toml", "[half", "deck/claims.toml"),
        ("deck/slides/01-uno.md.j2", "{{ 1 / 0 }}", "deck/slides/01-uno.md.j2:1: division by"),
    ],
)
def test_a_mistake_is_told_and_the_next_save_followed(
    server: Served, file: str, text: str, told: str
) -> None:
    """Saved, told with file and line; mended, nothing is told; and then a slide is saved."""
    path = server.project.root / file
    good = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    assert told in errors(server, some=True)
    path.write_text(good, encoding="utf-8")
    assert errors(server, some=False) == ""
    server.project.edit("deck/slides/01-uno.md.j2", "# Uno", "# Dopo")
    shows(server, "Dopo")


@pytest.mark.parametrize("command", ["build", "check", "claims", "lint"])
def test_a_demo_that_is_no_python_is_told_by_each_command(project: Project, command: str) -> None:
    """Its source is on a slide: the error has file and line, and there is no traceback."""
    project.edit("deck/slides/01-uno.md.j2", "# Uno\n", CODE)
    project.edit("demos/twice.py", "def run(", "def run((")
    done = project.run(command, *(["numbers"] if command == "lint" else []))
    assert done.returncode
    assert "demos/twice.py:4: code: demos/twice.py is no Python" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_of_llmdecks_own_is_told_too(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error that nobody foresaw goes to the corner and, whole, to the terminal."""
    from llmdeck.live.deck import LiveDeck
    from llmdeck.resolve import Project as Sources

    deck = LiveDeck(project.config, lambda *_: None)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(Sources, "render", lambda _self: [][0])
            (error,) = deck.update().errors
        assert "llmdeck failed over what was saved: IndexError" in error["message"]
        assert "Traceback" in capsys.readouterr().err
        assert deck.update().errors == ()
    finally:
        deck.close()


def test_folders_that_go_come_back_or_are_replaced_are_followed(server: Served) -> None:
    """The deck's folder is moved away and back, and then another copy put in its place."""
    root = server.project.root
    (root / "deck").rename(root / "away")
    assert "no deck/deck.toml" in errors(server, some=True)
    (root / "away").rename(root / "deck")
    errors(server, some=False)
    shutil.copytree(root / "deck", root / "copy")
    (root / "deck").rename(root / "old")
    (root / "copy").rename(root / "deck")
    time.sleep(2.5)  # until it has been seen
    server.project.edit("deck/slides/01-uno.md.j2", "# Uno", "# Copia")
    shows(server, "Copia")


def test_the_page_says_that_a_slow_demo_runs(project: Project, chromium: Browser) -> None:
    """A first page waits for no slow demo: it says which one runs, and then shows the deck."""
    project.edit("demos/twice.py", "    return {", "    time.sleep(9)\n    return {")
    project.edit("demos/twice.py", "def run(", "import time\n\n\ndef run(")
    with served(project) as server:
        page = chromium.new_context().new_page()
        page.goto(server.url)
        working = page.locator(".llmdeck-working")
        expect(working).to_contain_text("computing: twice (", timeout=8000)
        expect(page.locator("h1").first).to_have_text("Uno", timeout=20_000)
        expect(working).to_be_hidden()
        project.edit("demos/twice.py", "time.sleep(9)", "time.sleep(4)")
        expect(working).to_contain_text("computing: twice (", timeout=8000)
        expect(working).to_be_hidden(timeout=20_000)
        page.context.close()


SLOW = '''
"""Takes its time."""
import time
from typing import Annotated


def run(*, n: Annotated[int, range(1, 9)] = 1) -> dict:
    if n > 2:
        time.sleep(4)
    return {"n": n}


def show(facts: dict) -> None:
    print(facts["n"])
'''


def test_a_control_says_that_its_demo_is_slow(project: Project, chromium: Browser) -> None:
    """Moved to a value that takes long, the old result is marked until the new one is there."""
    project.write("demos/slow.py", SLOW)
    project.write("deck/partials/slow.html.j2", "<p>n = {{ n }}</p>")
    slide = '# Due\n\n{{ live("slow", n=[1, 2]) }}\n'
    project.write("deck/slides/01-uno.md.j2", slide)
    with served(project) as server:
        page = chromium.new_context().new_page()
        page.goto(server.url)
        slider = page.locator("input[type=range]")
        expect(page.locator(".live[data-served]")).to_be_visible(timeout=20_000)
        shown = page.locator(".live-shown")
        slider.fill("5")
        expect(shown).to_have_attribute("data-working", "computing…", timeout=3500)
        expect(shown).to_have_text("n = 6", timeout=15_000)
        assert shown.get_attribute("data-working") is None
        page.context.close()


def test_a_page_too_many_is_told_and_asks(project: Project, chromium: Browser) -> None:
    """With as many pages open as may listen, the next one says so, and still follows a save."""
    with served(project) as server:
        errors(server, some=False)
        others = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(64)]
        assert len(others) == MOST_LISTENERS
        for one in others:
            one.sendall(
                f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
            )
            assert one.recv(12) == b"HTTP/1.1 200"
        page = chromium.new_context().new_page()
        page.goto(server.url)
        told = page.locator(".llmdeck-lost")
        expect(told).to_contain_text("too many pages are open", timeout=10_000)
        project.edit("deck/slides/01-uno.md.j2", "# Uno", "# Dopo")
        expect(page.locator("h1").first).to_have_text("Dopo", timeout=15_000)
        for one in others:
            one.close()
        expect(told).to_be_hidden(timeout=15_000)
        page.context.close()


def test_what_is_no_http_is_refused_with_the_headers_that_make_it_safe(server: Served) -> None:
    """The answer that uvicorn gives by itself has them, too."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/9.9\r\n\x00: x\r\n\r\n")
        answer = b""
        while part := connection.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400 ")
    for header in (b"x-content-type-options: nosniff", b"content-security-policy: default-src 'no"):
        assert header in answer.lower()
