"""Templates → Markdown, which variants they use, and which template line made which slide.

Each template becomes a `page.Page`, which is used again while its inputs are the same; the pages
are merged into one deck. A variant that has no result yet does not stop the rendering: its facts
are `environment.Pending`, which swallows every question, so that one pass finds as many missing
variants as it can. The build runs them and renders again.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import babel
import jinja2

from llmdeck import ledger
from llmdeck.config import Config, TomlFile
from llmdeck.errors import ClaimError, ConfigError, DeckError, TemplateError, did_you_mean
from llmdeck.model import Claim, Demo, Place, Result, Slide, Use, Variant
from llmdeck.render.api import TemplateApi
from llmdeck.render.cache import KeptPage, RenderCache
from llmdeck.render.controls import Controls
from llmdeck.render.looks import looks
from llmdeck.render.merge import Merged, each_once, flagged
from llmdeck.render.mistakes import MISTAKES, mistake
from llmdeck.render.page import Notes, Page, finished
from llmdeck.results.digests import NamedDigests
from llmdeck.results.store import Results
from llmdeck.run.interface import controlled_names

SUFFIX = ".md.j2"
NO_SLIDES = "this file makes no slides"
MISNAMED = (".md", ".markdown", ".j2")
"""How files end that somebody takes for slides; those with `SUFFIX` are."""
VERBATIM = ".verbatim { white-space: pre-wrap }"
"""The one style that values need with any theme: spaces and line breaks show (`markdown.text`)."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A deck as Markdown, and where it came from."""

    markdown: str
    """What Marp reads, front matter included."""
    slides: tuple[Slide, ...]
    front: str
    """The front matter."""
    pages: Mapping[str, str]
    """The Markdown of each template, by its file: `markdown` is `front` and all of them."""
    uses: tuple[Use, ...]
    """Every place that uses a variant, the ledger's own included, in the order of the slides."""
    figures: Mapping[str, str]
    """The figures that the Markdown names: path relative to the output folder, and SVG."""
    errors: tuple[DeckError, ...] = ()
    """Claims that don't hold and templates that can't be rendered, all of them."""
    pending: frozenset[Variant] = frozenset()
    """Variants that have no result; the Markdown is not complete where there are any."""
    wants_figure: frozenset[Variant] = frozenset()
    """Variants whose figure a slide shows."""
    printed: Mapping[Variant, Collection[int]] = field(default_factory=dict)
    """Which lines of what a variant prints are on slides."""
    failing: frozenset[str] = frozenset()
    """The ids of claims whose check is not true, or can't be evaluated."""
    controls: tuple[Controls, ...] = ()
    formulas: Mapping[str, Place] = field(default_factory=dict)
    """The formulas with a value in them, as Marp gets them, and the line that wrote it."""
    lines: Mapping[Place, tuple[int, ...]] = field(default_factory=dict)
    """The template lines with an expression, and the slides that each made: in a loop, several."""
    claim_slides: tuple[tuple[str, int], ...] = ()
    """Which claim is said on which slide, in the order of the slides; cited claims too."""

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """All variants that the deck uses, each once."""
        return tuple(dict.fromkeys(use.variant for use in self.uses))

    def asked_at(self, variant: Variant) -> Place | None:
        """Return the first place that asks for a variant, the ledger's before any slide's."""
        return next((use.place for use in self.uses if use.variant == variant), None)

    @property
    def parts(self) -> list[tuple[str, Place]]:
        """The Markdown of each template, with its file."""
        return [(text, Place(file=file)) for file, text in self.pages.items()]

    def places(self, variants: Collection[Variant]) -> tuple[str, ...]:
        """Return the places of slides that use variants; of the ledger, where no slide does."""
        mine = [use for use in self.uses if use.variant in variants]
        slides = [use for use in mine if use.place.file.endswith(SUFFIX)]
        return tuple(dict.fromkeys(str(use) for use in slides or mine))


class Renderer:
    """Renders a deck, with the results that there are, as often as it is asked."""

    def __init__(
        self,
        *,
        config: Config,
        demos: Mapping[str, Demo],
        claims: Mapping[str, Claim],
        notes: bool = True,
        cache: RenderCache | None = None,
    ) -> None:
        self.config, self.demos, self.claims, self.notes = config, demos, claims, notes
        self.cache = RenderCache() if cache is None else cache

    @cached_property
    def api(self) -> TemplateApi:
        """What templates call; the environment is made once."""
        return TemplateApi(
            config=self.config,
            demos=self.demos,
            claims=self.claims,
            results={},
            with_notes=self.notes,
        )

    def render(
        self, results: Mapping[Variant, Result], digests: NamedDigests | None = None
    ) -> Rendered:
        """Render every template in the order of its name.

        `digests` are those of the project's files, as far as they are known.

        Raises:
            TemplateError: where there is no template.
        """
        paths = self._templates()
        self.digests = NamedDigests(self.config.root) if digests is None else digests
        self.api.use_results(results)
        ledger_uses, errors = self._uses_of_ledger()
        pages = [self._page(path, results) for path in paths]
        rendered = self._merge(pages, ledger_uses, results)
        failing = self._failing_claims(rendered, results)
        errors += self._unknown_controls(rendered)
        errors += [error for page in pages for error in page.errors]
        errors += failing.values()
        distinct = {(error.message, error.place): error for error in errors}
        return replace(rendered, errors=tuple(distinct.values()), failing=frozenset(failing))

    def _templates(self) -> list[Path]:
        """Return the files of the slides, in the order of their names.

        Raises:
            TemplateError: where there is none, or one has a name that would leave it out.
        """
        folder = self.config.slides
        for path in sorted(folder.glob("*")):
            is_hidden = path.name.startswith(".")
            if path.name.endswith(MISNAMED) and not (is_hidden or path.name.endswith(SUFFIX)):
                file = self.config.relative(path)
                name = path.name.split(".")[0] + SUFFIX
                hint = f"rename it {name}, or move it out of deck/slides"
                raise TemplateError(NO_SLIDES, place=Place(file=file), hint=hint)
        paths = sorted(folder.glob(f"*{SUFFIX}"))
        if not paths:
            place = Place(file=f"deck/slides/*{SUFFIX}")
            raise TemplateError("the deck has no slides", place=place)
        return paths

    def _uses_of_ledger(self) -> tuple[list[Use], list[DeckError]]:
        """Return the uses of variants by claims, also by those that no slide says yet."""
        errors: list[DeckError] = []
        self.api.page = Notes()
        for claim in self.claims.values():
            try:
                if claim.variant:
                    place = claim.place_of("with")
                    self.api.note_use(claim.variant, place, claim=claim.id)
            except DeckError as error:
                errors.append(error)
        return self.api.page.uses, errors

    def _merge(
        self,
        pages: Sequence[Page],
        ledger_uses: Sequence[Use],
        results: Mapping[Variant, Result],
    ) -> Rendered:
        """Return the deck that pages make; claims are not checked yet."""
        merged = Merged(pages)
        front = front_matter(self.config, pages)
        texts = self._texts(merged, results)
        uses = each_once([*ledger_uses, *merged.uses])
        return Rendered(
            markdown=front + "\n---\n\n".join(texts),
            front=front,
            slides=tuple(merged.slides),
            pages=dict(zip((page.file for page in pages), texts, strict=True)),
            uses=uses,
            figures=_figures(pages, results),
            pending=_pending(pages, uses, results),
            wants_figure=_wants_figure(pages),
            printed=_printed(pages),
            formulas=_formulas(pages),
            controls=tuple(self._controls(pages, results)),
            lines=merged.lines,
            claim_slides=tuple(merged.claim_slides),
        )

    def _texts(self, merged: Merged, results: Mapping[Variant, Result]) -> list[str]:
        """Return the Markdown of each page; slides with outdated facts are marked."""
        texts = merged.texts()
        outdated = results.outdated if isinstance(results, Results) else set()
        if not outdated:
            return texts
        slides = merged.slides_showing(outdated)
        rows = zip(texts, merged.pages, merged.firsts, strict=True)
        return [flagged(text, page, first, slides, self.config) for text, page, first in rows]

    def _controls(
        self, pages: Iterable[Page], results: Mapping[Variant, Result]
    ) -> Iterator[Controls]:
        """Give the controls of all pages, numbered."""
        placed = [each for page in pages for each in page.controls]
        for number, each in enumerate(placed, 1):
            yield self.api.controls(each, number, _digest_of(results, each.variant))

    def _page(self, path: Path, results: Mapping[Variant, Result]) -> Page:
        """Return a template's page: an earlier one where nothing that it came from has changed."""
        file = self.config.relative(path)
        kept = self.cache.pages.get(file)
        if kept and self._are_unchanged(kept.inputs, results):
            return kept.page
        page, inputs = self._render_page(path, file)
        values = {what: self._value(what, results) for what in inputs}
        if not (page.errors or page.pending or "" in values.values()):
            self.cache.pages[file] = KeptPage(page=page, inputs=values)
        return page

    def _are_unchanged(
        self, inputs: Mapping[Input, object], results: Mapping[Variant, Result]
    ) -> bool:
        return all(self._value(what, results) == value for what, value in inputs.items())

    def _render_page(self, path: Path, file: str) -> tuple[Page, set[Input]]:
        name = path.relative_to(self.config.folder).as_posix()
        errors: list[DeckError] = []
        text = ""
        with self.api.new_page(self.digests.__getitem__) as notes:
            try:
                text = self.api.env.get_template(name).render()
            except DeckError as error:
                errors.append(error)
            except MISTAKES as error:
                errors.append(mistake(error, name, self.config))
        if notes.pending:
            errors = []  # the mistake may be the gap's own
        is_whole = self.notes and not (errors or notes.pending)
        source = path.read_text(encoding="utf-8-sig") if is_whole else None
        return finished(file, text, notes, errors, source=source), _inputs(notes)

    def _value(self, what: Input, results: Mapping[Variant, Result]) -> object:
        """Return an input of a page as it is now; an empty text where it can't be compared."""
        kind, name = what
        if isinstance(name, Variant):
            return _digest_of(results, name)
        if kind == "file":
            return self.digests[name]
        if kind == "claim":
            return self.claims.get(name, "")
        return list(self.claims.values()) if kind == "ledger" else self._settings

    @cached_property
    def _settings(self) -> str:
        """What holds for all pages: settings, demos, and versions of what makes them."""
        config = self.config
        controls = sorted(config.controls.items())
        versions = (platform.python_version(), jinja2.__version__, babel.__version__)
        return repr((config.deck, config.words, controls, self.notes, list(self.demos), versions))

    def _unknown_controls(self, rendered: Rendered) -> Iterator[ConfigError]:
        """Give the tables `[controls.NAME]` that are no parameter of a slide or a demo."""
        used = {name for variant in rendered.variants for name in variant.grid}
        unused = [name for name in self.config.controls if name not in used]
        known = controlled_names(self.config, self.demos) if unused else None
        if known is None:
            return
        for name in set(unused) - known:
            settings = self.config.settings
            file = TomlFile.read(settings, self.config.relative(settings))
            message = f"[controls.{name}]: no demo has a parameter `{name}`"
            hint = did_you_mean(name, sorted(known))
            yield ConfigError(message, place=file.place("controls", name), hint=hint)

    def _failing_claims(
        self, rendered: Rendered, results: Mapping[Variant, Result]
    ) -> dict[str, ClaimError]:
        """Return the claims of the ledger that don't hold, by id; see `ledger.failures`."""
        unknown: dict[str, tuple[object, ...]] = {}
        for claim in self.claims.values():
            if claim.variant is None:
                continue
            judged_by: tuple[object, ...] = (
                claim,
                _digest_of(results, claim.variant),
                self._settings,
            )
            if self.cache.holding.get(claim.id) != judged_by:
                unknown[claim.id] = judged_by
        claims = [self.claims[name] for name in unknown]
        failing = ledger.failures(
            self.api.env, claims, results, partial(_slides_that_say, rendered)
        )
        for name, judged_by in unknown.items():
            if name not in failing and judged_by[1]:
                self.cache.holding[name] = judged_by
        return failing

    def facts_of(self, claim: Claim) -> set[str]:
        """Return the facts that a claim reads, by top-level name."""
        return ledger.names_in(self.api.env, claim)


Input = tuple[str, str | Variant]
"""What a page comes from: `file` and its name, `claim` and its id, `result` and its variant, …"""


def _inputs(notes: Notes) -> set[Input]:
    """Return what a page came from."""
    found: set[Input] = {("settings", "")}
    found |= {("file", name) for name in notes.files}
    found |= {("claim", name) for name in notes.claims}
    found |= {("result", use.variant) for use in notes.uses}
    if notes.whole_ledger:
        found.add(("ledger", ""))
    return found


def _digest_of(results: Mapping[Variant, Result], variant: Variant) -> str:
    """Return the digest of a stored result; nothing where it is not stored."""
    return results.digest(variant) if isinstance(results, Results) else ""


def _slides_that_say(rendered: Rendered, claim: Claim) -> list[str]:
    """Return the places of slides that say a claim, to name them in a message."""
    return [str(use) for use in rendered.uses if use.claim == claim.id and use.slide]


def _pending(
    pages: Iterable[Page], uses: Iterable[Use], results: Mapping[Variant, Result]
) -> frozenset[Variant]:
    """Return the variants without a result, and those without the figure that is shown."""
    missing = frozenset(use.variant for use in uses if use.variant not in results)
    return missing.union(*(page.pending for page in pages))


def _wants_figure(pages: Iterable[Page]) -> frozenset[Variant]:
    """Return the variants whose figure a page shows."""
    return frozenset[Variant]().union(*(page.wants_figure for page in pages))


def _formulas(pages: Iterable[Page]) -> dict[str, Place]:
    """Return the formulas with a value in them, and the line that wrote it."""
    found: dict[str, Place] = {}
    for page in pages:
        found.update(page.formulas)
    return found


def _figures(pages: Iterable[Page], results: Mapping[Variant, Result]) -> dict[str, str]:
    """Return the SVG of each figure that pages show, by its path."""
    found: dict[str, str] = {}
    for page in pages:
        for path, variant in page.figures.items():
            found[path] = results[variant].figure or ""
    return found


def _printed(pages: Iterable[Page]) -> dict[Variant, set[int]]:
    """Return which lines of what each variant prints are on slides."""
    found: dict[Variant, set[int]] = {}
    for page in pages:
        for variant, lines in page.printed.items():
            found.setdefault(variant, set()).update(lines)
    return found


def front_matter(config: Config, pages: Iterable[Page] = ()) -> str:
    """Return Marp's front matter: `deck.toml`, and the styles that pages need beside the theme.

    Strings are quoted, since YAML is a superset of JSON.
    """
    deck = config.deck
    styles = dict.fromkeys(style for page in pages for style in page.styles)
    items = {
        "marp": True,
        "title": deck.title,
        "author": deck.author,
        "lang": deck.lang,
        "theme": deck.theme,
        "size": deck.size,
        "paginate": deck.paginate,
        "math": deck.math,
        "style": "\n".join([VERBATIM, *looks(config), *styles]),
    }
    lines = [
        f"{name}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in items.items()
        if value != ""
    ]
    return "\n".join(["---", *lines, "---", "", ""])
