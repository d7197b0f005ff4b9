"""The slides of one saved template, converted alone: what a presenter sees before the whole deck is converted again.

Marp needs a tenth of a second for one template and a second for a thousand slides. Slides that were
converted alone differ from those of the whole in little (numbers, which are put right here, and the
ids of equal headings); the whole follows as soon as nothing is being saved, and has the last word.
Where something in the deck reaches beyond its slide, nothing is converted alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from llmdeck.output.inline import inline
from llmdeck.output.page import SLIDE_START
from llmdeck.output.sources import Sources
from llmdeck.render.deck import Rendered
from llmdeck.render.markdown import NOTE

REACHES = re.compile(
    rf"<!--(?!\s*{NOTE})(?!\s*_(?!paginate:\s*(?:skip|hold))\w+:[^\n]*-->)"
    r"|^ {0,3}\[[^\]\n]+\]:|\\g?def\b|\\(?:re)?newcommand\b",
    re.MULTILINE,
)
"""A directive for the slides that follow, a count of pages that leaves some out, a link's or formula's definition."""
STYLE = "<style"
SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)
SECTION = re.compile(r"<section [^>]*>")
LAST_SLIDE_END = "</foreignObject></svg></div>"
MOST_TEMPLATES = 2


def changed_templates(old: Rendered, new: Rendered) -> Sequence[str]:
    """The templates whose slides can be converted alone to make `new` of `old`; none where that can't be done."""
    if old.front != new.front or [slide.file for slide in old.slides] != [
        slide.file for slide in new.slides
    ]:
        return ()
    changed = [file for file, text in new.pages.items() if old.pages.get(file) != text]
    local = len(changed) <= MOST_TEMPLATES and not any(
        map(_reaches, (*new.pages.values(), *old.pages.values()))
    )
    styled = any(STYLE in rendered.pages[file] for rendered in (old, new) for file in changed)
    return () if styled or not local else changed


@lru_cache(maxsize=4096)
def _reaches(page: str) -> bool:
    return REACHES.search(page) is not None


def converted_alone(
    rendered: Rendered, files: Sequence[str], convert: Callable[[str, int], str], sources: Sources
) -> Mapping[int, str]:
    """The slides of some templates, by their place in the deck (from 0); `convert` gives Marp's HTML of a page."""
    slides = {}
    for file in files:
        places = [slide.number - 1 for slide in rendered.slides if slide.file == file]
        pieces = SLIDE_START.split(convert(rendered.pages[file], len(places)))[1:]
        pieces[-1] = pieces[-1].partition(LAST_SLIDE_END)[0] + LAST_SLIDE_END.removesuffix("</div>")
        if places[-1] + 1 < len(rendered.slides):
            pieces[-1] = SCRIPT.sub("", pieces[-1])  # Marp's own, which stands in the last slide
        for place, piece in zip(places, pieces, strict=True):
            numbered = SECTION.sub(
                lambda tag, n=place + 1: _number(tag[0], n, len(rendered.slides)), piece
            )
            slides[place] = inline(numbered, place + 1, sources).html
    return slides


def _number(tag: str, number: int, total: int) -> str:
    """A section's tag with the number of its slide.

    >>> _number('<section id="1" data-marpit-pagination="1" data-marpit-pagination-total="2">', 7, 41)
    '<section id="7" data-marpit-pagination="7" data-marpit-pagination-total="41">'
    """
    tag = re.sub(r' id="\d+"', f' id="{number}"', tag)
    tag = re.sub(r' data-marpit-pagination="\d+"', f' data-marpit-pagination="{number}"', tag)
    return re.sub(
        r' data-marpit-pagination-total="\d+"', f' data-marpit-pagination-total="{total}"', tag
    )
