"""What the tests share: small projects in temporary folders, the command line, a browser."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmdeck.config import Config, load
from llmdeck.errors import MissingToolError
from llmdeck.marp import browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).parent.parent
"""The checkout, whose own deck is the lecture."""

DECK = """
[deck]
title = "Prova"
lang = "it"
"""
DEMO = '''
"""Doubles a number."""


def run(*, n: int = 21) -> dict:
    return {"n": n, "double": 2 * n, "size_gb": 2.5 * n}


def show(facts: dict) -> None:
    print("Il doppio di", facts["n"], "è", facts["double"])
'''
SLIDE = """
# Uno

{% set f = demo("twice") %}
Il doppio è {{ f.double }}, {{ claim("half") }}.
"""
LEDGER = """
[half]
demo = "twice"
says = "la metà pesa {{ size_gb | qty(1) }}"
holds = "double == 2 * n"
verdict = "verified"
"""


@dataclass(frozen=True)
class Project:
    """A project in a temporary folder."""

    root: Path

    @property
    def config(self) -> Config:
        """Its settings, read anew."""
        return load(self.root)

    @property
    def html(self) -> Path:
        """The deck that it builds."""
        return self.root / "build/deck.html"

    def write(self, name: str, text: str) -> Path:
        """Write a file, its name relative to the project; the text is dedented."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a piece of a file that must be there."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `llmdeck` in the project, as a user would; without CI's variables unless given."""
        return subprocess.run(
            [sys.executable, "-m", "llmdeck.cli", *arguments],
            cwd=self.root,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The environment of what is started in it, without CI's variables."""
        kept = {k: v for k, v in os.environ.items() if k not in ("CI", "GITHUB_ACTIONS")}
        return kept | {"PYTHONPATH": str(ROOT)}

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `llmdeck` in a process group of its own and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "llmdeck.cli", *arguments],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(
                signal.SIGINT, signal.SIG_DFL
            ),  # a job in the background ignores it
        )


def copy_lecture(folder: Path) -> Project:
    """The lecture with its committed results, to be built, edited and served."""
    for name in ("deck", "demos"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(folder)


@pytest.fixture(scope="session")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the lecture, built from the committed store; no test edits it."""
    project = copy_lecture(tmp_path_factory.mktemp("lecture"))
    done = project.run("build")
    assert done.returncode == 0, done.stderr
    assert "0 variants computed" in done.stdout
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of one slide, one demo and one claim."""
    made = Project(tmp_path / "project")
    made.write("deck/deck.toml", DECK)
    made.write("deck/claims.toml", LEDGER)
    made.write("deck/slides/01-uno.md.j2", SLIDE)
    made.write("demos/twice.py", DEMO)
    return made


@pytest.fixture(scope="session")
def has_browser() -> Path:
    """A browser's program; without one the test is skipped, but fails where CI is set."""
    try:
        return browser.find_browser()
    except MissingToolError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(error.message)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives browsers: a thread can have one of it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(has_browser: Path, playwright: Playwright) -> Iterator[Browser]:
    """A headless browser; see `has_browser`."""
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync"]
    started = playwright.chromium.launch(
        executable_path=has_browser, args=quiet, chromium_sandbox=False
    )
    yield started
    started.close()


@pytest.fixture(scope="session")
def firefox(playwright: Playwright) -> Iterator[Browser]:
    """A headless Firefox; without one the test is skipped."""
    from tests.firefox import launch

    started = launch(playwright)
    if started is None:
        pytest.skip("no Firefox that this Playwright can drive: python -m tests.firefox")
    yield started
    started.close()


@pytest.fixture(params=["chromium", "firefox"])
def browser_of_each_kind(request: pytest.FixtureRequest) -> Browser:
    """Chromium, then Firefox."""
    found: Browser = request.getfixturevalue(request.param)
    return found


LOADED = "performance.getEntriesByType('resource').map(entry => entry.name)"
"""What a page has loaded beside itself."""


def beyond_data(addresses: Iterable[str]) -> list[str]:
    """Those of the addresses that are not in the page itself."""
    return [address for address in addresses if not address.startswith("data:")]


def asked_for(page: Page, file: str) -> list[str]:
    """Return the requests that a browser tells of when it opens a file: Firefox tells of none."""
    browser = page.context.browser
    return [] if browser and browser.browser_type.name == "firefox" else [file]


def until(page: Page, expression: str, limit_s: float = 10.0) -> None:
    """Wait until an expression is true on a page, whose policy forbids Playwright's own waiting."""
    deadline = time.monotonic() + limit_s
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never true: {expression}"
        page.wait_for_timeout(20)
