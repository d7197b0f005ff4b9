"""See whether everything that a build needs is there, and say how to get what isn't."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llmdeck.config import Config
from llmdeck.errors import DeckError
from llmdeck.marp import browser, install
from llmdeck.model import State
from llmdeck.results.store import Store
from llmdeck.run.interface import find_demos


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the environment, and whether it is there."""

    what: str
    good: bool
    found: str
    needed: bool = True
    """False where only some commands need it."""


def examine(config: Config) -> list[Part]:
    """Look at Python, Node.js, marp-cli, the browser, what the lints need, the demos and the store."""
    return [
        Part(what="Python", good=True, found=platform.python_version()),
        _try("Node.js", _node),
        _marp(),
        _try("browser", lambda: str(browser.find_browser()), needed=False),
        _try("lints", lambda: _lints(config), needed=False),
        _demos(config),
        _store(config),
    ]


def _try(what: str, look: Callable[[], str], *, needed: bool = True) -> Part:
    try:
        return Part(what=what, good=True, found=look(), needed=needed)
    except DeckError as error:
        return Part(what=what, good=False, found=f"{error.message}; {error.hint}", needed=needed)


def _node() -> str:
    node = install.find_node()
    return f"{node.version} ({node.node})"


def _marp() -> Part:
    folder: Path = install.installed_folder()
    if install.is_installed():
        return Part(what="marp-cli", good=True, found=str(folder))
    return Part(
        what="marp-cli", good=True, found="not installed yet; the first build gets it (about 60 MB)"
    )


def _lints(config: Config) -> str:
    from llmdeck.lint import overflow, spelling

    overflow.need_playwright()
    return f"Playwright; {spelling.dictionary_path(config.deck.lang, config.deck.locale).name}"


def _demos(config: Config) -> Part:
    demos = find_demos(config)
    return Part(
        what="demos",
        good=bool(demos),
        found=f"{len(demos)}: {', '.join(demos)}" if demos else "none",
    )


def _store(config: Config) -> Part:
    store = Store(config)
    states = [answer.state for answer in store.answers().values()]
    counts = [f"{states.count(state)} {state.value}" for state in (State.FRESH, State.STALE)]
    return Part(what="store", good=True, found=", ".join(counts))
