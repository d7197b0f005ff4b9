"""What a page is made from: which files there are, and the Markdown with what is around it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from llmdeck import ledger
from llmdeck.config import Config, Deck
from llmdeck.config.tables import SETTINGS
from llmdeck.render.deck import SUFFIX, Rendered

Stamps = Mapping[str, tuple[int, int]]
"""When each file was changed last, in nanoseconds, and its size in bytes, by its relative name."""


def stamps(folder: Path, without: Collection[str] = ()) -> Stamps:
    """Return the stamps of all files below a folder, but for names `without` a pattern.

    Hidden files and what Python compiles are left out.
    """
    found = {}
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        inside = os.path.relpath(here, folder)
        for name in names:
            relative = Path(inside, name).as_posix()
            if name.startswith(".") or any(fnmatch(relative, pattern) for pattern in without):
                continue
            found[relative] = _stamp(Path(here, name))
    return found


def _stamp(path: Path) -> tuple[int, int]:
    """Return when a file was changed last and its size; zeros where it has just gone."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


@dataclass(frozen=True, kw_only=True)
class Files:
    """Which files there are, and when they changed."""

    demos: Stamps
    results: Stamps
    others: Stamps
    """What all slides share, below `deck/`: partials, themes, pictures."""

    @property
    def themes(self) -> Stamps:
        """The files of the themes' folder."""
        return {name: stamp for name, stamp in self.others.items() if name.startswith("theme/")}


def find_files(config: Config) -> Files:
    """Look at the files of a project."""
    apart = ("results/*", f"slides/*{SUFFIX}", ledger.FILE, SETTINGS)
    return Files(
        demos=stamps(config.demos_folder),
        results=stamps(config.folder / "results"),
        others=stamps(config.folder, without=apart),
    )


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a page is made of."""

    rendered: Rendered
    deck: Deck
    files: Files
    fragments: Mapping[str, str]
    """What its controls step through, packed."""
    live_part: str
    """What a server adds to it."""

    @property
    def for_marp(self) -> object:
        """Everything that Marp's HTML comes from."""
        return self.rendered.markdown, self.deck, self.files.themes

    @property
    def inlined(self) -> object:
        """Everything that is inlined in a slide: figures, pictures, fonts."""
        return self.rendered.figures, self.files.others

    @property
    def around(self) -> object:
        """Everything in the page that comes from no template's own Markdown."""
        return self.deck, self.fragments, self.live_part, self.inlined
