"""`llmdeck doctor`: whether everything that a build needs is there, and how to get what isn't."""

from __future__ import annotations

import platform
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from llmdeck import lint, report
from llmdeck.config import Config
from llmdeck.errors import DeckError
from llmdeck.marp import browser, install
from llmdeck.model import State
from llmdeck.results.store import Store
from llmdeck.run.interface import find_demos
from llmdeck.run.promises import promises


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the environment, and whether it is there."""

    what: str
    good: bool = True
    found: str
    needed: bool = True
    """False where only some commands need it."""


def doctor(config: Config, options: Namespace) -> int:
    """Show each part; 1 where one is missing that every build needs."""
    parts = examine(config)
    if options.json:
        report.print_json([vars(part) for part in parts])
    else:
        rows = [(part.what, "ok" if part.good else "–", part.found) for part in parts]
        report.show_table(("what", "", "found"), rows)
    return 0 if all(part.good or not part.needed for part in parts) else 1


def examine(config: Config) -> list[Part]:
    """Look at Python, Node.js, Marp, the browser, what lints need, the demos and the store."""
    return [
        Part(what="Python", found=platform.python_version()),
        _try("Node.js", _node),
        Part(what="marp-cli", found=_marp()),
        _try("browser", lambda: str(browser.find_browser()), needed=False),
        _lints(config),
        _demos(config),
        Part(what="demos' limits", found="; ".join(promises())),
        Part(what="store", found=_store(config)),
    ]


def _try(what: str, look: Callable[[], str], *, needed: bool = True) -> Part:
    """A part that is there, unless looking for it says how to get it."""
    try:
        return Part(what=what, found=look(), needed=needed)
    except DeckError as error:
        return Part(what=what, good=False, found=f"{error.message}; {error.hint}", needed=needed)


def _node() -> str:
    node = install.find_node()
    return f"{node.version} ({node.node})"


def _marp() -> str:
    if install.is_installed():
        return str(install.installed_folder())
    return "not installed yet; the first build gets it (about 60 MB)"


def _lints(config: Config) -> Part:
    """What each lint uses, as it says itself."""
    used = [_try(name, partial(lint.load(name).need, config)) for name in lint.names()]
    found = [f"{part.what}: {part.found or 'needs nothing'}" for part in used]
    good = all(part.good for part in used)
    return Part(what="lints", good=good, found="; ".join(found), needed=False)


def _demos(config: Config) -> Part:
    demos = find_demos(config)
    found = f"{len(demos)}: {', '.join(demos)}" if demos else "none"
    return Part(what="demos", good=bool(demos), found=found)


def _store(config: Config) -> str:
    states = [answer.state for answer in Store(config).answers().values()]
    counts = [f"{states.count(state)} {state}" for state in (State.FRESH, State.STALE)]
    return ", ".join(counts)
