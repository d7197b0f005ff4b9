"""Pages become one deck: slides are numbered, links lead to them, and each use knows its slide."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from llmdeck.config import Config
from llmdeck.model import Place, Slide, Use, Variant
from llmdeck.render import markdown, marks, register
from llmdeck.render.page import Page


class Merged:
    """The pages of a deck with their slides numbered through."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.pages = pages
        self.slides: list[Slide] = []
        self.firsts: list[int] = []
        """The number of each page's first slide."""
        self.uses: list[Use] = []
        self.claim_slides: list[tuple[str, int]] = []
        self.rows: dict[str, int] = {}
        """On which slide a claim's row of the register is."""
        self.lines: dict[Place, tuple[int, ...]] = {}
        for page in pages:
            self._add(page)
        self._anchored: set[str] = set()
        self._says = self._slides_by_claim()

    def _add(self, page: Page) -> None:
        before = len(self.slides)
        self.firsts.append(before + 1)
        for number, title in enumerate(page.titles, before + 1):
            self.slides.append(Slide(number=number, file=page.file, title=title))
        for use in page.uses:
            self.uses.append(replace(use, slide=use.slide + before) if use.slide else use)
        self.claim_slides += [(claim, slide + before) for claim, slide in page.claims]
        self.rows |= {claim: slide + before for claim, slide in page.rows.items()}
        for place, made in page.lines.items():
            numbers = {slide + before for slide in made}
            self.lines[place] = tuple(sorted(numbers.union(self.lines.get(place, ()))))

    def _slides_by_claim(self) -> dict[str, dict[int, None]]:
        """Return for each claim the slides that say it, each once, in order."""
        found: dict[str, dict[int, None]] = {}
        for claim, slide in self.claim_slides:
            found.setdefault(claim, {})[slide] = None
        return found

    def texts(self) -> list[str]:
        """Return the Markdown of each page with its links finished."""
        self._anchored.clear()
        texts: list[str] = []
        n_controls = 0
        for page in self.pages:
            before = n_controls
            n_controls += len(page.controls)

            def link(kind: str, key: str, text: str, before: int = before) -> str:
                return self._link(kind, key, text, before)

            texts.append(marks.finish(page.text, link))
        return texts

    def _link(self, kind: str, key: str, text: str, n_controls: int) -> str:
        """Return what a link is, now that slides are numbered; text where it leads nowhere."""
        if kind == "control":
            return str(n_controls + int(key))
        if kind == "anchor":
            return self._anchor(key)
        if kind == "slides":
            return register.links(self._says.get(key, ()), text)
        if key not in self.rows:
            return text
        return f'<a class="row" href="#{register.anchor(key)}">{text}</a>'

    def _anchor(self, key: str) -> str:
        """Return the id of a claim where it is said first, and nothing elsewhere."""
        if key in self._anchored:
            return ""
        self._anchored.add(key)
        return f' id="claim-{markdown.references(key)}"'

    def slides_showing(self, variants: Collection[Variant]) -> set[int]:
        """Return the slides that show something of these variants."""
        mine = [use for use in self.uses if use.variant in variants]
        return {use.slide for use in mine if use.fact or use.claim or use.place in self.lines}


def flagged(text: str, page: Page, first: int, slides: Collection[int], config: Config) -> str:
    """Return a page's text with a visible mark on some slides; `first` is the page's first."""
    if not slides:
        return text
    badge = f'\n<p class="not-updated">{markdown.text(config.words.not_updated)}</p>\n'
    lines = text.split("\n")
    ends = [*page.ends, len(lines)]
    for number, end in reversed(list(enumerate(ends, first))):
        if number in slides:
            lines.insert(end, badge)
    return "\n".join(lines)


def each_once(uses: Iterable[Use]) -> tuple[Use, ...]:
    """Return uses in the order of the slides, each once."""

    def order(use: Use) -> tuple[int, str, int, str, str, str]:
        place = use.place
        return use.slide, place.file, place.line, use.variant.values, use.fact, use.claim

    return tuple(sorted(set(uses), key=order))
