"""What is wrong with the slides of a template that rendered: each with its line and the way out.

Slides that run into each other, blank ones and a block that would swallow the next template are
no error to Marp; the deck would be short of a slide, or have one too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from llmdeck.errors import TemplateError
from llmdeck.model import Place
from llmdeck.render.blocks import Blocks

LONGEST = 40
"""How many characters of a line a message has."""
MOST_SETTINGS = 12
"""On which of the first lines dashes end Marp's front matter, where a template begins with it."""
RULER = "leave a blank line above `---`; for a heading write `## {words}`"
FRONT_MATTER = "what Marp's front matter says is in deck/deck.toml: leave it out here"
BLANK = "remove one `---` (templates are set apart without); meant to be blank, write `&nbsp;`"
NO_SLIDE = "write a slide, or `&nbsp;` for a blank one; macros belong in deck/partials"


@dataclass(frozen=True)
class Source:
    """A template, and the text that it became: which line of the one made which of the other."""

    file: str
    source: str
    text: str
    places: Mapping[int, Place]
    """The place of lines of the text that say it themselves, counted from 0."""

    def place(self, line: int) -> Place:
        """Return where a line of the text was written, as near as can be said."""
        return self._found[min(line, len(self._found) - 1)]

    @cached_property
    def _found(self) -> list[Place]:
        """Both are read side by side: a line of the text is the next one that reads the same."""
        lines: dict[str, list[int]] = {}
        for number, line in enumerate(self.source.splitlines(), 1):
            lines.setdefault(line.strip(), []).append(number)
        found, here = [], Place(file=self.file)
        for number, line in enumerate(self.text.split("\n")):
            same = lines.get(line.strip(), []) if line.strip() else []
            if number in self.places:
                here = self.places[number]
            elif same:
                at = here.line if here.file == self.file else 0
                later = [candidate for candidate in same if candidate > at]
                here = Place(file=self.file, line=(later or same)[0])
            found.append(here)
        return found


def faults(found: Blocks, source: Source) -> Iterator[TemplateError]:
    """Give what is wrong with the slides of a template."""
    for line, words in found.underlined:
        yield _underlined(line, words, source)
    if found.left_open:
        line, what = found.left_open
        message = (
            f"{_quoted(what)} is open to the end of the template: it would swallow the next slide"
        )
        hint = f"close it: write {_quoted(_end_of(what))} below"
        yield TemplateError(message, place=source.place(line), hint=hint)
    for slide in found.blank if not found.underlined else ():
        yield _blank(slide, found, source)


def _quoted(what: str) -> str:
    """Return what is in the source in backticks, unless it is made of them."""
    return what if "`" in what else f"`{what}`"


def _end_of(what: str) -> str:
    """Return what closes a fence, a comment or a tag."""
    if what == "<!--":
        return "-->"
    return what.replace("<", "</") + ">" if what.startswith("<") else what


def _underlined(line: int, words: str, source: Source) -> TemplateError:
    shown = words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
    message = f"`{shown}` stands directly above `---`, which makes it a heading and no new slide"
    is_front_matter = source.source.startswith("---") and line < MOST_SETTINGS
    hint = FRONT_MATTER if is_front_matter else RULER.format(words=shown)
    return TemplateError(message, place=source.place(line), hint=hint)


def _blank(slide: int, found: Blocks, source: Source) -> TemplateError:
    if not found.rulers:
        place = Place(file=source.file, line=1)
        return TemplateError("this template makes no slide", place=place, hint=NO_SLIDE)
    ruler = found.rulers[max(slide - 1, 0)]
    message = f"slide {slide + 1} of this template is blank"
    return TemplateError(message, place=source.place(ruler), hint=BLANK)
