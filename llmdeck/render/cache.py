"""Pages and verdicts of an earlier rendering, used again while all that they came from is the same.

Each is kept by a key over its inputs, so that nothing has to be forgotten: an input that changed
makes another key.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from llmdeck.results.files import write_whole

if TYPE_CHECKING:
    from llmdeck.model import Variant
    from llmdeck.render.page import Page

    Input = tuple[str, str | Variant]

NAME = ".rendered"
"""The file in the output folder. It is ours as Jinja's compiled templates are, and as those, code."""


@dataclass(frozen=True, kw_only=True)
class KeptPage:
    """A page, and the key of each of its inputs when it was rendered."""

    page: Page
    inputs: Mapping[Input, str]


@dataclass(kw_only=True)
class RenderCache:
    """What earlier renderings made; one for a live deck, or one read from a file for each build."""

    pages: dict[str, KeptPage] = field(default_factory=dict)
    """By the template's file and the settings that hold for all pages."""
    holding: set[str] = field(default_factory=set)
    """The keys of claims that were found to hold, each over the claim and its facts."""
    changed: bool = False
    """Whether there is something that the file does not have."""

    @classmethod
    def read(cls, folder: Path) -> RenderCache:
        """Return what lies in an output folder; an empty one where there is nothing to read."""
        try:
            pages, holding = pickle.loads((folder / NAME).read_bytes())  # noqa: S301  see NAME
        except Exception:  # noqa: BLE001  whatever a damaged or older file raises
            return cls()
        return cls(pages=pages, holding=holding)

    def write(self, folder: Path) -> None:
        """Write it to an output folder, where it changed."""
        if self.changed:
            write_whole(folder / NAME, pickle.dumps((self.pages, self.holding), protocol=5))


def key(*parts: object) -> str:
    """Return a short digest of what something comes from.

    >>> key("a", 1) == key("a", 1), key("a", 1) == key("a1")
    (True, False)
    """
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()[:24]
