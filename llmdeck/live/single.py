"""The slides of one saved template, converted alone: they show before the whole deck is converted.

Marp needs a tenth of a second for one template and a second for a thousand slides. Slides that were
converted alone differ little from those of the whole deck: in their numbers, which are put right
here, and in the ids of equal headings. The whole deck follows as soon as nothing is being saved,
and it is what counts. Where something in the deck reaches beyond its slide, only the whole deck
is converted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from llmdeck.errors import raise_all
from llmdeck.live.page import END
from llmdeck.output.inline import inline
from llmdeck.output.page import LAST_SLIDE_END, SLIDE_START
from llmdeck.output.sources import Sources
from llmdeck.render.deck import Rendered
from llmdeck.render.markdown import NOTE

REACHES = re.compile(
    rf"<!--(?!\s*{NOTE})(?!\s*_(?!paginate:\s*(?:skip|hold))\w+:[^\n]*-->)"
    r"|^ {0,3}\[[^\]\n]+\]:|\\g?def\b|\\(?:re)?newcommand\b",
    re.MULTILINE,
)
"""What reaches beyond its slide: a directive for those that follow, a page that is not counted, the
definition of a link or of a formula's command."""
STYLE = "<style"
SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)
SECTION = re.compile(r"<section [^>]*>")
MOST_TEMPLATES = 2
"""How many templates are converted alone; where more have changed, the whole deck is."""


class Reach:
    """Looks for what reaches beyond its slide, and remembers what it looked at last.

    It forgets all other pages: a deck is saved a thousand times in an evening.
    """

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}

    def is_in(self, pages: Iterable[str]) -> bool:
        """Return whether something on one of the pages reaches beyond its slide."""
        earlier, self._known = self._known, {}
        for page in pages:
            found = earlier[page] if page in earlier else REACHES.search(page) is not None
            self._known[page] = found
        return any(self._known.values())


def changed_templates(old: Rendered, new: Rendered, reach: Reach) -> Sequence[str]:
    """Return the templates whose slides, converted alone, turn `old` into `new`.

    There are none where the whole deck must be converted.
    """
    if old.front != new.front or _files(old) != _files(new):
        return ()
    changed = [file for file, text in new.pages.items() if old.pages.get(file) != text]
    pages = [*old.pages.values(), *new.pages.values()]
    if len(changed) > MOST_TEMPLATES or reach.is_in(pages):
        return ()
    styled = any(STYLE in old.pages[file] + new.pages[file] for file in changed)
    return () if styled else changed


def _files(rendered: Rendered) -> Sequence[str]:
    """Return the template of each slide."""
    return [slide.file for slide in rendered.slides]


def convert_alone(
    rendered: Rendered, files: Sequence[str], convert: Callable[[str, int], str], sources: Sources
) -> Mapping[int, str]:
    """Return the slides of some templates, by their place in the deck, from 0.

    `convert` returns Marp's HTML of a page that has so many slides.

    Raises:
        DeckError: where a slide shows a picture that isn't there, or a formula that can't be read.
    """
    n_slides = len(rendered.slides)
    slides = {}
    for file in files:
        places = [slide.number - 1 for slide in rendered.slides if slide.file == file]
        page = convert(rendered.pages[file], len(places))
        pieces = _pieces(page, has_last=places[-1] + 1 == n_slides)
        for place, piece in zip(places, pieces, strict=True):
            number = place + 1
            made = inline(_numbered(piece, number, n_slides), number, sources)
            raise_all(made.errors)
            slides[place] = made.html
    return slides


def _pieces(page: str, *, has_last: bool) -> list[str]:
    """Return the slides in Marp's HTML of a page; `has_last` says that the deck ends with it."""
    _, *slides = SLIDE_START.split(page)
    last, end, _ = slides[-1].partition(LAST_SLIDE_END)
    slides[-1] = last + end.removesuffix(END)
    if not has_last:  # Marp puts its own script into the last slide of a deck
        slides[-1] = SCRIPT.sub("", slides[-1])
    return slides


def _numbered(slide: str, number: int, n_slides: int) -> str:
    """Return a slide with its number in all its sections."""
    return SECTION.sub(lambda tag: _with_number(tag[0], number, n_slides), slide)


def _with_number(tag: str, number: int, n_slides: int) -> str:
    """Return a section's tag with the number of its slide.

    >>> tag = '<section id="1" data-marpit-pagination="1" data-marpit-pagination-total="2">'
    >>> _with_number(tag, 7, 41)
    '<section id="7" data-marpit-pagination="7" data-marpit-pagination-total="41">'
    """
    values = {
        "id": number,
        "data-marpit-pagination": number,
        "data-marpit-pagination-total": n_slides,
    }
    for name, value in values.items():
        tag = re.sub(rf' {name}="\d+"', f' {name}="{value}"', tag)
    return tag
