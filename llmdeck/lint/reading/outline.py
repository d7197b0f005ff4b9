"""Which line of a template is on which slide, and where a slide is written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from llmdeck.model import Place
from llmdeck.render.blocks import blocks
from llmdeck.render.deck import Rendered

TELLING = 4
"""A shorter text (a page's number) stands in a slide's lines by chance."""
Lines = list[tuple[int, str]]
"""Lines of a template with their numbers, counted from 1."""


class Outline:
    """Which lines of the templates make which slides.

    A line with an expression is known to have made its slides (see `Rendered.lines`). Other lines
    belong to the slide of their part: what stands between two rulers.
    """

    def __init__(
        self,
        rendered: Rendered,
        slides: Mapping[str, str],
        texts: Mapping[str, str],
        folder: Place,
    ) -> None:
        """Take a deck and its templates, by their files.

        `slides` are the templates' own Markdown, `texts` the templates as they are written; both
        have the same lines. A slide that no template made is said to be in `folder`.
        """
        self.rendered, self.texts, self.folder = rendered, texts, folder
        self.starts = {file: _starts(text) for file, text in slides.items()}
        """How many lines each template has before each of its parts."""

    @cached_property
    def first(self) -> dict[str, int]:
        """The first slide of each template."""
        return {slide.file: slide.number for slide in reversed(self.rendered.slides)}

    @cached_property
    def made(self) -> dict[tuple[str, int], set[int]]:
        """The slides that are known to be made by the lines of a part, by its file and number."""
        found: dict[tuple[str, int], set[int]] = {}
        for place, slides in self.rendered.lines.items():
            part = (place.file, self._part(place))
            found.setdefault(part, set()).update(slides)
        return found

    def slide_of(self, place: Place) -> int:
        """Return the first slide that a line of a template makes; 0 where it makes none."""
        known = self.rendered.lines.get(place)
        if known:
            return known[0]
        part = self._part(place)
        made = self.made.get((place.file, part))
        if made:
            return min(made)
        for before in range(part - 1, -1, -1):
            made = self.made.get((place.file, before))
            if made:
                return max(made) + part - before
        first = self.first.get(place.file)
        return 0 if first is None else first + part

    def place_of(self, number: int, text: str = "") -> Place:
        """Return where a slide is written: the line with `text`, or its heading, or its first."""
        files = [slide.file for slide in self.rendered.slides if slide.number == number]
        if not files:
            return self.folder
        file = files[0]
        if file not in self.starts:
            return Place(file=file)
        start, end = self._span_of(file, number)
        numbered = list(enumerate(self.texts[file].split("\n"), 1))
        lines = numbered[start:end]
        line = _with_text(lines, text) or _heading(lines) or _not_empty(lines)
        return Place(file=file, line=line or start + 1)

    def _part(self, place: Place) -> int:
        """The number of the part, counted from 0, that a line is in."""
        starts = self.starts.get(place.file, [])
        return len([start for start in starts if start < place.line]) - 1

    def _span_of(self, file: str, number: int) -> tuple[int, int | None]:
        """The last part that begins no later than a slide: lines before it, and to its end."""
        starts = self.starts[file]
        part = 0
        for n, start in enumerate(starts):
            begins = Place(file=file, line=start + 1)
            if self.slide_of(begins) <= number:
                part = n
        if part + 1 == len(starts):
            return starts[part], None
        return starts[part], starts[part + 1] - 1  # without the ruler


def _starts(text: str) -> list[int]:
    """How many lines of Markdown stand before each part: a ruler ends the one before it."""
    return [0, *(ruler + 1 for ruler in blocks(text).rulers)]


def _with_text(lines: Lines, text: str) -> int:
    """The first line that has a text; 0 for none, and for a text that is too short."""
    if len(text) < TELLING:
        return 0
    return next((line for line, content in lines if text in content), 0)


def _heading(lines: Lines) -> int:
    return next((line for line, content in lines if content.startswith("#")), 0)


def _not_empty(lines: Lines) -> int:
    return next((line for line, content in lines if content.strip()), 0)
