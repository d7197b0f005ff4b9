"""See whether everything that a build needs is there, and say how to get what isn't."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llmdeck.config import Config
from llmdeck.demos import find_demos
from llmdeck.errors import DeckError
from llmdeck.marp import browser, install
from llmdeck.model import State
from llmdeck.store import Store


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    good: bool
    found: str
    needed: bool = True
    """False where only some commands need it."""


def examine(config: Config) -> list[Finding]:
    """Look at Python, Node.js, marp-cli, the browser, the demos and the store."""
    return [
        Finding(what="Python", good=True, found=platform.python_version()),
        _try("Node.js", _node),
        _marp(),
        _try("browser", lambda: str(browser.find_browser()), needed=False),
        _demos(config),
        _store(config),
    ]


def _try(what: str, look: Callable[[], str], *, needed: bool = True) -> Finding:
    try:
        return Finding(what=what, good=True, found=look(), needed=needed)
    except DeckError as error:
        return Finding(what=what, good=False, found=f"{error.message}; {error.hint}", needed=needed)


def _node() -> str:
    node = install.find_node()
    return f"{node.version} ({node.node})"


def _marp() -> Finding:
    folder: Path = install.installed_folder()
    if install.is_installed():
        return Finding(what="marp-cli", good=True, found=str(folder))
    return Finding(what="marp-cli", good=True, found="not installed yet; the first build gets it (about 60 MB)")


def _demos(config: Config) -> Finding:
    demos = find_demos(config)
    return Finding(what="demos", good=bool(demos), found=f"{len(demos)}: {', '.join(demos)}" if demos else "none")


def _store(config: Config) -> Finding:
    store = Store(config)
    states = [answer.state for answer in store.answers().values()]
    counts = [f"{states.count(state)} {state.value}" for state in (State.FRESH, State.STALE)]
    return Finding(what="store", good=True, found=", ".join(counts))
