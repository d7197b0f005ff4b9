"""Templates → Markdown, which variants they use, and which template line made which slide.

A variant that has no result yet does not stop the rendering: its facts are `environment.Pending`,
which swallows every question, so that one pass finds as many missing variants as it can. The build
runs them and renders again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from llmdeck import ledger
from llmdeck.config import Config
from llmdeck.errors import ClaimError, DeckError, TemplateError
from llmdeck.model import Claim, Demo, Place, Result, Slide, Use, Variant
from llmdeck.render import markdown
from llmdeck.render.api import Functions
from llmdeck.render.controls import Live
from llmdeck.render.environment import MISTAKES, mistake
from llmdeck.render.markdown import LATER, MARK
from llmdeck.render.marks import Marks, split
from llmdeck.results.files import digest

SUFFIX = ".md.j2"
VERBATIM = ".verbatim { white-space: pre-wrap }"
"""The one style that values need with any theme: runs of spaces and line breaks show (see `markdown.text`)."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A deck as Markdown, and where it came from."""

    markdown: str
    """What Marp reads, front matter included."""
    slides: tuple[Slide, ...]
    front: str
    """The front matter."""
    pages: Mapping[str, str]
    """The Markdown of each template, by its file, in their order: `markdown` is `front` and all of them."""
    uses: tuple[Use, ...]
    """Every place that uses a variant, the ledger's own lines included, in the order of the slides."""
    figures: Mapping[str, str]
    """The figures that the Markdown names: path relative to the output folder, and SVG."""
    errors: tuple[DeckError, ...] = ()
    """Claims that don't hold and templates that can't be rendered, all of them."""
    pending: frozenset[Variant] = frozenset()
    """Variants that have no result; the Markdown is not complete where there are any."""
    wants_figure: frozenset[Variant] = frozenset()
    """Variants whose figure a slide shows."""
    shown: Mapping[Variant, Collection[int]] = field(default_factory=dict)
    """Which lines of what a variant prints are on slides."""
    broken: frozenset[str] = frozenset()
    """The ids of claims whose check is not true, or can't be evaluated."""
    lives: tuple[Live, ...] = ()
    """What has controls."""
    lines: Mapping[Place, tuple[int, ...]] = field(default_factory=dict)
    """The template lines with an expression, and the slides that each made: in a loop, several."""
    claim_slides: tuple[tuple[str, int], ...] = ()
    """Which claim is said on which slide, in the order of the slides; cited claims too."""

    @property
    def variants(self) -> tuple[Variant, ...]:
        """All variants that the deck uses, each once."""
        return tuple(dict.fromkeys(use.variant for use in self.uses))

    def places(self, variants: Collection[Variant]) -> tuple[str, ...]:
        """The places of slides that use variants, to name them in a message; of the ledger, where no slide does."""
        mine = [use for use in self.uses if use.variant in variants]
        slides = [use for use in mine if use.place.file.endswith(SUFFIX)]
        return tuple(dict.fromkeys(str(use) for use in slides or mine))


class Kept:
    """Rendered pages that are used again while everything but their own template stays as it was.

    Whoever keeps one renders with a new one as soon as a result, a claim, a partial or a setting
    has changed.
    """

    def __init__(self) -> None:
        self.pages: dict[tuple[Any, ...], tuple[str, dict[str, Any]]] = {}
        """What a template made, and what it noted, by the template and by what had been noted before it."""
        self.claims_hold = False


class Renderer:
    """One rendering of all templates with the results that there are."""

    def __init__(
        self,
        *,
        config: Config,
        demos: Mapping[str, Demo],
        claims: Mapping[str, Claim],
        results: Mapping[Variant, Result],
        notes: bool = True,
        kept: Kept | None = None,
    ) -> None:
        self.config, self.claims, self.results, self.kept = config, claims, results, kept
        self.calls = Functions(
            config=config, demos=demos, claims=claims, results=results, with_notes=notes
        )
        self.errors: list[DeckError] = []

    def render(self) -> Rendered:
        """Render every template in the order of its name."""
        paths = sorted((self.config.folder / "slides").glob(f"*{SUFFIX}"))
        if not paths:
            raise TemplateError(
                "the deck has no slides", place=Place(file=f"deck/slides/*{SUFFIX}")
            )
        for claim in self.claims.values():
            if claim.variant:
                with self._collecting():
                    self.calls.use(claim.variant, claim.place, claim=claim.id)
        slides: list[Slide] = []
        marks = Marks()
        pages = [self._finish(path, self._page(path), slides, marks) for path in paths]
        found = [replace(use, slide=marks.slide_of(use, n)) for n, use in enumerate(self.calls.met)]
        kept = [
            use
            for use in found
            if use.variant in self.results and self.results[use.variant].not_updated
        ]
        old = {use.slide for use in kept if use.fact or use.claim or use.place in marks.lines}
        chunks = [self._flag(plain, first, ends, old) for plain, first, ends in pages]
        chunks = [LATER.sub(marks.link, chunk) for chunk in chunks]
        front = front_matter(self.config, self.calls.styles)
        rendered = Rendered(
            markdown=front + "\n---\n\n".join(chunks),
            front=front,
            slides=tuple(slides),
            pages={
                self.config.relative(path): chunk for path, chunk in zip(paths, chunks, strict=True)
            },
            uses=tuple(
                sorted(
                    set(found), key=lambda u: (u.slide, u.place, u.variant.values, u.fact, u.claim)
                )
            ),
            figures=self.calls.figures,
            errors=tuple({(error.message, error.place): error for error in self.errors}.values()),
            pending=frozenset(self.calls.pending),
            wants_figure=frozenset(self.calls.wants_figure),
            shown=self.calls.shown,
            lives=tuple(self.calls.lives),
            lines={
                place: tuple(sorted({slide for _, slide in made}))
                for place, made in marks.lines.items()
            },
            claim_slides=tuple(marks.claims),
        )
        broken = {} if self.kept and self.kept.claims_hold else self._check_claims(rendered)
        if self.kept:
            self.kept.claims_hold = not broken and not rendered.pending
        return replace(
            rendered, errors=(*rendered.errors, *broken.values()), broken=frozenset(broken)
        )

    def _finish(
        self, path: Path, text: str, slides: list[Slide], marks: Marks
    ) -> tuple[str, int, Sequence[int]]:
        """Number a page's slides, note where its marks are; return its Markdown, first slide and where each ends."""
        plain = _without_marks(text)
        ends, titles, codes = split(LATER.sub(r"\2", plain))
        first = len(slides) + 1
        slides += [
            Slide(number=n, file=self.config.relative(path), title=title)
            for n, title in enumerate(titles, first)
        ]
        for number, line in enumerate(text.split("\n")):
            index = sum(end <= number for end in ends)
            for content in MARK.findall(line):
                place = marks.add(content, first + index)
                if number in codes and place:
                    hint = "write {{ value | code }}, or output(…), which escape for the code face"
                    self.errors.append(
                        TemplateError("a value in backticks or a fence", place=place, hint=hint)
                    )
        return plain, first, ends

    def _flag(self, text: str, first: int, ends: Sequence[int], old: set[int]) -> str:
        """Put a visible mark on the `old` slides, whose facts could not be recomputed; `first` is the page's first."""
        if not old:
            return text
        badge = f'\n<p class="not-updated">{markdown.text(self.config.words.not_updated)}</p>\n'
        lines = text.split("\n")
        for index, end in reversed([*enumerate([*ends, len(lines)])]):
            if first + index in old:
                lines.insert(end, badge)
        return "\n".join(lines)

    @contextmanager
    def _collecting(self) -> Iterator[None]:
        try:
            yield
        except DeckError as error:
            self.errors.append(error)

    def _check_claims(self, rendered: Rendered) -> dict[str, DeckError]:
        """The claims of the ledger that don't hold, by id, also those that no slide shows yet."""
        errors: dict[str, DeckError] = {}
        for claim in self.claims.values():
            if claim.variant is None or claim.variant not in self.results:
                continue
            facts = self.results[claim.variant].facts
            try:
                if claim.answer:
                    ledger.answer(self.calls.env, claim, facts)
                if not ledger.holds(self.calls.env, claim, facts):
                    used = [
                        str(use) for use in rendered.uses if use.claim == claim.id and use.slide
                    ]
                    errors[claim.id] = ledger.broken(self.calls.env, claim, facts, used)
            except ClaimError as error:
                errors[claim.id] = error
        return errors

    def _page(self, path: Path) -> str:
        """What a template makes; where it is kept and would be made again just so, what it noted is noted again."""
        if self.kept is None:
            return self._render_file(path)
        anchored = frozenset(self.calls.anchored)
        key = (path.name, digest(path), len(self.calls.met), len(self.calls.lives), anchored)
        if key not in self.kept.pages:
            outside, n_errors = self.calls.begin(), len(self.errors)
            text = self._render_file(path)
            noted = self.calls.end(outside)
            if len(self.errors) > n_errors or noted["pending"]:
                return text
            for old in [old for old in self.kept.pages if old[0] == path.name]:
                del self.kept.pages[old]
            self.kept.pages[key] = (text, noted)
            return text
        text, noted = self.kept.pages[key]
        self.calls.add(noted)
        return text

    def _render_file(self, path: Path) -> str:
        name = path.relative_to(self.config.folder).as_posix()
        met = len(self.calls.met)
        try:
            return self.calls.env.get_template(name).render()
        except (DeckError, *MISTAKES) as error:
            if not any(
                use.variant in self.calls.pending for use in self.calls.met[met:]
            ):  # else the mistake may be the gap's own
                self.errors.append(
                    error if isinstance(error, DeckError) else mistake(error, name, self.config)
                )
        return ""


@lru_cache(maxsize=1024)
def _without_marks(text: str) -> str:
    return markdown.plain_attributes(MARK.sub("", text))


def front_matter(config: Config, styles: Collection[str] = ()) -> str:
    """Marp's front matter, from `deck.toml`, with what our own parts of slides need beside the theme.

    Strings are quoted, since YAML is a superset of JSON.
    """
    deck = config.deck
    items = {
        "marp": True,
        "title": deck.title,
        "author": deck.author,
        "lang": deck.lang,
        "theme": deck.theme,
    }
    items |= {
        "size": deck.size,
        "paginate": deck.paginate,
        "math": deck.math,
        "style": "\n".join([VERBATIM, *styles]),
    }
    lines = [
        f"{key}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in items.items()
        if value != ""
    ]
    return "\n".join(["---", *lines, "---", "", ""])
