"""What a reader would stumble on. To add a lint, add its file to this folder: that is all.

The name of a lint is its file's; what the file has to hold says `Lint`. `reading/` is how they read
a deck. The command line asks for the names, so nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from llmdeck.errors import DeckError, MissingToolError, raise_all

if TYPE_CHECKING:
    from llmdeck.config import Config
    from llmdeck.lint.reading.deck import ReadDeck
    from llmdeck.model import Finding
    from llmdeck.run.batch import Progress

INSTALL = "python -m pip install 'llmdeck[lint]'"


class Lint(Protocol):
    """What the file of a lint holds."""

    NAME: str
    """Its file's name, which each of its findings has."""

    def need(self, config: Config, /) -> str:
        """Return what it uses on this machine, in words; nothing where it needs no tool.

        Raises:
            MissingToolError: where a tool is not there; the hint says how to get it.
        """

    def look(self, deck: ReadDeck, progress: Progress, /) -> Iterable[Finding]:
        """Return what it finds; `progress` is for one that has demos run."""


def names() -> tuple[str, ...]:
    """Return the names of all lints, sorted.

    >>> names()
    ('numbers', 'overflow', 'spelling', 'typography')
    """
    files = Path(__file__).parent.glob("[!_]*.py")
    return tuple(sorted(file.stem for file in files))


def load(name: str) -> Lint:
    """Import the lint of this name."""
    return cast(Lint, import_module(f"{__name__}.{name}"))


def run(chosen: Sequence[str], config: Config, progress: Progress) -> list[Finding]:
    """Return what lints find, in the order of the slides; what is found twice on a line, once.

    Raises:
        MissingToolError: where they need what is not there (`Failures`, where that is several).
        TemplateError: where a template can't be rendered.
    """
    lints = [load(name) for name in chosen]
    raise_all(list(_missing(lints, config)))
    from llmdeck.lint.reading.deck import read_deck

    deck = read_deck(config)
    found: set[Finding] = set()
    for lint in lints:
        found.update(lint.look(deck, progress))
    return sorted(found, key=_order)


def _missing(lints: Sequence[Lint], config: Config) -> Iterator[DeckError]:
    for lint in lints:
        try:
            lint.need(config)
        except MissingToolError as error:
            yield error


def _order(finding: Finding) -> tuple[object, ...]:
    """By slide; what is on no slide comes last."""
    on_none = finding.slide == 0
    return (on_none, finding.slide, finding.place, finding.lint, finding.message)
