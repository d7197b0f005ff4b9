"""Which line of a template is on which slide, and where a slide is written."""

from __future__ import annotations

from collections.abc import Mapping

from llmdeck.model import Place
from llmdeck.render.deck import Rendered
from llmdeck.render.page import split

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
        """Find the parts of each template, by its file.

        `slides` are the templates' own Markdown, `texts` the templates as they are written; both
        have the same lines. A slide that no template made is said to be in `folder`.
        """
        self.rendered, self.folder = rendered, folder
        self.lines = {file: list(enumerate(text.split("\n"), 1)) for file, text in texts.items()}
        self.starts: dict[str, list[int]] = {}
        """How many lines each template has before each of its parts."""
        for file, text in slides.items():
            rulers = split(text)[0]
            self.starts[file] = [0, *(ruler + 1 for ruler in rulers)]
        self.made: dict[tuple[str, int], set[int]] = {}
        """The slides that are known to be made by the lines of a part, by file and part."""
        for place, numbers in rendered.lines.items():
            self.made.setdefault((place.file, self._part(place)), set()).update(numbers)
        self.first: dict[str, int] = {}
        """The first slide of each template."""
        for slide in rendered.slides:
            self.first.setdefault(slide.file, slide.number)

    def slide_of(self, place: Place) -> int:
        """Return the first slide that a line of a template makes; 0 where it makes none."""
        if place in self.rendered.lines:
            return self.rendered.lines[place][0]
        part = self._part(place)
        if made := self.made.get((place.file, part)):
            return min(made)
        for before in range(part - 1, -1, -1):
            if made := self.made.get((place.file, before)):
                return max(made) + part - before
        return self.first[place.file] + part if place.file in self.first else 0

    def place_of(self, number: int, text: str = "") -> Place:
        """Return where a slide is written: the line with `text`, or its heading, or its first."""
        slides = (slide for slide in self.rendered.slides if slide.number == number)
        file = next(slides, None)
        if file is None or file.file not in self.starts:
            return self.folder if file is None else Place(file=file.file)
        lines = self._lines_of(file.file, number)
        found = _with_text(lines, text) or _heading(lines) or _not_empty(lines)
        return Place(file=file.file, line=found or lines[0][0])

    def _part(self, place: Place) -> int:
        """The number of the part, counted from 0, that a line is in."""
        return sum(start < place.line for start in self.starts.get(place.file, ())) - 1

    def _lines_of(self, file: str, number: int) -> Lines:
        """The lines of the last part of a template that begins no later than a slide."""
        starts = self.starts[file]
        part = 0
        for n, start in enumerate(starts):
            if self.slide_of(Place(file=file, line=start + 1)) <= number:
                part = n
        ends = [*(start - 1 for start in starts[1:]), len(self.lines[file])]
        return self.lines[file][starts[part] : ends[part]]


def _with_text(lines: Lines, text: str) -> int:
    """The first line that has a text; 0 for none, and for a text that is too short."""
    if len(text) < TELLING:
        return 0
    return next((line for line, content in lines if text in content), 0)


def _heading(lines: Lines) -> int:
    return next((line for line, content in lines if content.startswith("#")), 0)


def _not_empty(lines: Lines) -> int:
    return next((line for line, content in lines if content.strip()), 0)
