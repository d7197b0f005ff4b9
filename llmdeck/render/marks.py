"""Which slide is which: where a rendered page's slides end, their titles, and what the marks in it tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

from llmdeck.model import Place, Use
from llmdeck.render import register

CODE = ("code_inline", "code_block", "fence")
REFERENCE = re.compile(r"&#\d+;")


class Marks:
    """Which slides the marks of the rendered text are on."""

    def __init__(self) -> None:
        self.lines: dict[Place, list[tuple[int, int]]] = {}
        """For each line the uses that had been met when it was written, and its slide: in a loop, once a round."""
        self.claims: list[tuple[str, int]] = []
        self.uses: dict[int, int] = {}
        """The slides of uses that have a mark of their own, by their number: the rows of the register."""
        self.rows: dict[str, int] = {}
        """On which slide a claim's row is."""

    def add(self, content: str, slide: int) -> Place | None:
        """Note one mark, and return the place that it stands for, where it is not a claim's."""
        kind, _, rest = content.partition(" ")
        if kind == "claim":
            self.claims.append((rest, slide))
            return None
        if kind == "row":
            use, _, key = rest.partition(" ")
            self.uses[int(use)] = self.rows[key] = slide
            return None
        met, _, where = rest.partition(" ")
        file, _, line = where.rpartition(":")
        place = Place(file=file, line=int(line))
        self.lines.setdefault(place, []).append((int(met), slide))
        return place

    def slide_of(self, use: Use, number: int) -> int:
        """Where a use, the `number`-th that was met, shows: where its line was written next, or else the next line."""
        if number in self.uses:
            return self.uses[number]
        here = self.lines.get(use.place, [])
        after = [mark for mark in here if mark[0] > number]
        if here:
            return min(after)[1] if after else max(here)[1]
        later = self._of_files.get(use.place.file, [])
        return next(
            (slide for line, slide in later if line >= use.place.line), later[-1][1] if later else 0
        )

    @cached_property
    def _of_files(self) -> dict[str, list[tuple[int, int]]]:
        """For each file its lines and the slide that each made first, in order; when all marks are there."""
        found: dict[str, list[tuple[int, int]]] = {}
        for place, made in self.lines.items():
            found.setdefault(place.file, []).append((place.line, made[0][1]))
        return {file: sorted(lines) for file, lines in found.items()}

    @cached_property
    def _said(self) -> dict[str, list[int]]:
        """For each claim the slides that say it; when all marks are there."""
        found: dict[str, list[int]] = {}
        for claim, slide in self.claims:
            found.setdefault(claim, []).append(slide)
        return found

    def link(self, match: re.Match[str]) -> str:
        """Make a link of `markdown.later`, now that it is known which slide is which; text where it leads nowhere."""
        kind, _, key = match[1].partition(" ")
        if kind == "slides":
            return register.links(dict.fromkeys(self._said.get(key, ())), match[2])
        return (
            f'<a class="row" href="#{register.anchor(key)}">{match[2]}</a>'
            if key in self.rows
            else match[2]
        )


@lru_cache(maxsize=1024)
def split(text: str) -> tuple[tuple[int, ...], tuple[str, ...], frozenset[int]]:
    r"""Where a page's slides end (the lines of its rulers), each slide's title, and the lines of code with references.

    A reference is how a value is escaped (see `markdown.references`); in code it would show as it
    is written.

    >>> split("# One\n\n---\n\n```\n---\n```\n\n`&#42;`\n")
    ((2,), ('One', ''), frozenset({8}))
    """
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    starts, titles, codes = [], [""], set[int]()
    for n, token in enumerate(tokens):
        inside = [token, *(token.children or [])]
        if token.map and any(t.type in CODE and REFERENCE.search(t.content) for t in inside):
            codes.update(range(*token.map))
        if token.type == "hr" and token.level == 0 and token.map:
            starts.append(token.map[0])
            titles.append("")
        elif token.type == "heading_open" and not titles[-1]:
            titles[-1] = _plain(tokens[n + 1].children or [])
    return tuple(starts), tuple(titles), frozenset(codes)


def _plain(children: Sequence[Any]) -> str:
    return "".join(
        child.content for child in children if child.type in ("text", "text_special", "code_inline")
    ).strip()
