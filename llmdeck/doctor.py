"""`llmdeck doctor`: whether everything that a build needs is there, and how to get what isn't."""

from __future__ import annotations

import platform
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from llmdeck import lint, report
from llmdeck.config import Config
from llmdeck.errors import ConfigError, DeckError, DemoError
from llmdeck.marp import browser, install
from llmdeck.model import State
from llmdeck.results.store import Store
from llmdeck.run.batch import describe_all
from llmdeck.run.interface import find_demos


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the environment, and whether it is there."""

    what: str
    good: bool = True
    found: str
    needed: bool = True
    """False where only some commands need it."""


def doctor(config: Config | None, options: Namespace) -> int:
    """Show each part; 1 where one is missing that every build needs."""
    parts = examine(config) if config else _without_project(options.problem)
    if options.json:
        report.print_json([vars(part) for part in parts])
    else:
        rows = [(part.what, "ok" if part.good else "–", part.found) for part in parts]
        report.show_table(("what", "", "found"), rows)
    return 0 if all(part.good or not part.needed for part in parts) else 1


def examine(config: Config) -> list[Part]:
    """Look at Python, Node.js, Marp, the browser, what lints need, the demos and the store."""
    return [
        *_tools(),
        *_lints(config),
        *_demos(config),
        Part(what="store", found=_store(config)),
    ]


def _without_project(problem: ConfigError) -> list[Part]:
    """Look at what every project needs, and say why there is none here."""
    is_broken = problem.place is not None  # else there is no deck.toml at all
    found = report.describe(problem).removeprefix("error: ").replace("\n  hint:", ";")
    return [*_tools(), Part(what="project", good=False, found=found, needed=is_broken)]


def _tools() -> list[Part]:
    return [
        Part(what="Python", found=platform.python_version()),
        _try("Node.js", _node),
        Part(what="marp-cli", found=_marp()),
        _try("browser", lambda: str(browser.find_browser()), needed=False),
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


def _lints(config: Config) -> Iterator[Part]:
    """Give what each lint uses, as it says itself; no build needs it."""
    for name in lint.names():
        part = _try(f"lint {name}", partial(lint.load(name).need, config), needed=False)
        yield replace(part, found=part.found or "needs nothing")


def _demos(config: Config) -> Iterator[Part]:
    """Give the demos that can be imported, then each that can't, and why."""
    try:
        demos = find_demos(config)
    except ConfigError as error:
        yield Part(what="demos", good=False, found=f"{error.message}; {error.hint}")
        return
    answers = describe_all(config, demos)
    good = [name for name, answer in answers.items() if not isinstance(answer, DemoError)]
    found = f"{len(good)}: {', '.join(good)}" if good else "none"
    yield Part(what="demos", good=bool(good), found=found)
    for name, answer in answers.items():
        if isinstance(answer, DemoError):
            where = f"{answer.place}: " if answer.place else ""
            yield Part(what=f"demo {name}", good=False, found=f"{where}{answer.message}")


def _store(config: Config) -> str:
    states = [answer.state for answer in Store(config).answers().values()]
    counts = [f"{states.count(state)} {state}" for state in (State.FRESH, State.STALE)]
    return ", ".join(counts)
