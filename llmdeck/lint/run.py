"""Run lints by name, and put what they found in the order of the slides."""

from __future__ import annotations

from collections.abc import Sequence

from llmdeck.lint import numbers, overflow, spelling
from llmdeck.lint.deck import ReadDeck
from llmdeck.model import Finding
from llmdeck.run.batch import Progress


def run(names: Sequence[str], deck: ReadDeck, progress: Progress) -> list[Finding]:
    """Run the lints of these names; what is found twice on a line is told once.

    `overflow` builds the deck first where something has changed.

    Raises:
        MissingToolError: where a lint needs what is not installed.
    """
    found: list[Finding] = []
    if "numbers" in names:
        found += numbers.look(deck)
    if "spelling" in names:
        found += spelling.look(deck)
    if "overflow" in names:
        found += overflow.look(deck, progress)
    return sorted(set(found), key=lambda f: (f.slide == 0, f.slide, f.place, f.lint, f.message))
