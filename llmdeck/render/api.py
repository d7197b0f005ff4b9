"""The functions that templates call, from `claim` to `notes`.

Each notes on its page where it was called from and which variant it uses. A variant without a
result yet answers with `Pending`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from llmdeck import ledger
from llmdeck.config import Config
from llmdeck.errors import TemplateError, did_you_mean
from llmdeck.model import Claim, Demo, Place, Result, Use, Variant, Verdict
from llmdeck.render import controls, markdown, marks, register, said
from llmdeck.render.arguments import asked, controlled_of, plain_list, rows_of
from llmdeck.render.controls import Controls
from llmdeck.render.environment import FactsView, Pending, cell, environment, view
from llmdeck.render.excerpt import excerpt
from llmdeck.render.locale import unknown_locale
from llmdeck.render.markdown import Markdown
from llmdeck.render.mistakes import MISTAKES, mistake
from llmdeck.render.numbers import Numbers
from llmdeck.render.page import Notes, Placed
from llmdeck.render.points import Point, drawn
from llmdeck.render.printed import part
from llmdeck.run.drawings import Drawing

OF_THE_POINT = "a partial has the facts and the figure() of its own point; add to the demo's facts"
SOMEWHERE = Place(file="deck/slides")
"""The place of what is called outside any template line."""
FUNCTIONS = (
    "claim",
    "often",
    "cited",
    "quiz",
    "register",
    "demo",
    "table",
    "figure",
    "live",
    "output",
    "code",
    "notes",
)
"""The names that templates call: methods of `TemplateApi`."""


class TemplateApi:
    """What templates call, with the results that there are, and the notes of the page at hand."""

    def __init__(
        self,
        *,
        config: Config,
        demos: Mapping[str, Demo],
        claims: Mapping[str, Claim],
        results: Mapping[Variant, Result],
        with_notes: bool = True,
    ) -> None:
        self.config, self.demos, self.claims = config, demos, claims
        self.with_notes = with_notes
        self.page = Notes()
        self._point: Point | None = None
        """What a partial that is being rendered shows."""
        try:
            self.numbers = Numbers.of(config)
        except ValueError as error:
            raise unknown_locale(config, error) from None
        self.env = environment(config, self.numbers, claims)
        self.env.globals |= {name: getattr(self, name) for name in FUNCTIONS}
        self.env.globals["deck"] = config.deck
        self.use_results(results)

    def use_results(self, results: Mapping[Variant, Result]) -> None:
        """Answer with these results from now on."""
        self.results = results
        self._views: dict[Variant, dict[str, Any]] = {}

    @contextmanager
    def new_page(self, on_read: Callable[[str], object] | None = None) -> Iterator[Notes]:
        """Collect the notes of one page; marks are written meanwhile.

        `on_read` is called with the name of each file that is about to be read.
        """
        page = Notes(on_read=on_read)
        outside, self.page = self.page, page
        self.env.on_mark = page.mark_line
        self.env.on_load = lambda name: page.note_file(f"deck/{name}")
        try:
            yield page
        finally:
            self.page = outside
            self.env.place = self.env.on_mark = self.env.on_load = None

    # What templates call.

    def demo(self, name: str, /, **values: Any) -> Any:
        """Return the facts of a variant: `{% set f = … %}`, then `{{ f.weights_gb | qty }}`."""
        variant = self._variant(name, values)
        if variant not in self.results:
            return Pending()
        on_read = partial(self._note_fact, variant)
        return FactsView(self._view(variant), f"demo {name}", on_read=on_read)

    def claim(self, key: str) -> Any:
        """Return a claim of the ledger as it is said, with the mark of its verdict."""
        claim = self._claim(key)
        if not self._is_known(claim):
            return Pending()
        return self._said(claim)

    def often(self, key: str) -> Any:
        """Return what is usually said instead of a corrected claim."""
        claim = self._claim(key)
        if claim.verdict is not Verdict.CORRECTED or claim.often is None:
            raise ValueError(f"claim {key} is {claim.verdict}: only a corrected one has an `often`")
        if not self._is_known(claim):
            return Pending()
        return Markdown(f'<span class="often">{self.sentence(claim, "often")}</span>')

    def cited(self, literal: str, /, *, source: str) -> Markdown:
        """Show a literal (Markdown) that no demo computes, with a mark that leads to its source.

        Raises:
            ValueError: where the source is empty.
        """
        return said.cited(literal, source, self.config.words)

    def quiz(self, key: str) -> Any:
        """Return a claim's question, and behind it the claim, which a click or a key shows."""
        claim = self._claim(key)
        if claim.asks is None:
            raise ValueError(f"claim {key} has no question (`asks`)")
        if not self._is_known(claim):
            return Pending()
        self.page.need_style(markdown.REVEAL)
        question = self.sentence(claim, "asks")
        if markdown.has_formula(question):
            self.page.need_style(markdown.FORMULA_IN_QUESTION)
        return markdown.reveal(question, self._said(claim))

    def register(self, rows: int = 5) -> list[Markdown]:
        """Return the ledger as pages of at most so many rows, to loop over."""
        if rows < 1:
            raise ValueError(f"register: a page has one row or more, not {rows}")
        self.page.whole_ledger = True
        made = []
        for claim in self.claims.values():
            if self._is_known(claim):
                mark = self.page.mark_row(claim.id, computed=claim.variant is not None)
                often = self.sentence(claim, "often") if claim.often else ""
                said = self.sentence(claim)
                made.append(register.row(claim, said, often, self.config.words, mark))
        self.page.need_style(register.STYLE)
        return register.pages(made, rows)

    def table(self, rows: Any, columns: Sequence[str] = (), headers: Sequence[str] = ()) -> Any:
        """Return rows of facts as a table of some `columns`, which `headers` name."""
        if isinstance(rows, Pending):
            return rows
        rows = rows_of(rows)
        first = rows[0] if rows else ()
        names = first if isinstance(first, dict) else map(str, range(len(first)))
        chosen = tuple(columns) or tuple(names)
        write = partial(cell, self.numbers, self.config)
        return markdown.table(rows, chosen, tuple(headers) or chosen, write)

    def figure(self, name: str = "", /, **values: Any) -> Any:
        """Return the figure of a demo, with its alternative text.

        In a partial `figure()` is that of the point that the controls stand at.
        """
        if self._point and self._point.is_meant(name, values):
            return self._figure_of_point(self._point)
        if not name:
            raise ValueError('figure: which demo\'s? figure("NAME"); only a partial has its own')
        variant = self._variant(name, values)
        self.page.wants_figure.add(variant)
        result = self.results.get(variant)
        if result is None or result.figure is None or result.alt is None:
            self.page.pending.add(variant)
            return Pending()
        if self._point:  # what controls swap must be in the page, whole
            return drawn(Drawing(result.figure, result.alt))
        path = f"figures/{name}-{variant.slug}.svg"
        self.page.figures[path] = variant
        return markdown.figure(path, result.alt, *markdown.svg_size(result.figure))

    def _figure_of_point(self, point: Point) -> Any:
        """Return the figure of the point that a partial shows; where it has none, want it."""
        if point.drawing:
            return drawn(point.drawing)
        if point.grid is None:
            raise ValueError(f"figure: {point.demo} has drawn none for these values")
        self.page.wants_figure.add(point.grid)
        self.page.pending.add(point.grid)
        return Pending()

    def live(self, name: str, /, *parameters: str, **values: Any) -> Any:
        """Return controls for some parameters of a demo, and what its partial shows of each point.

        `values` fixes other parameters, or lists what a control offers:
        `live("next_token", "text", text=[…])`.
        """
        values = {key: plain_list(value) for key, value in values.items()}
        controlled = controlled_of(parameters, values)
        if not controlled:
            raise ValueError(f"live: name a parameter of {name} that the controls set")
        variant = asked(name, values, controlled)
        place = self._here()
        self.note_use(variant, place)
        if variant not in self.results:
            if controls.shows_figure(self.config, name):
                self.page.wants_figure.add(variant)
            return Pending()
        placed = Placed(variant=variant, place=place, number=len(self.page.controls) + 1)
        self.page.controls.append(placed)
        number = marks.link("control", str(placed.number))
        return controls.markup(self.controls(placed), number, self.numbers, self.config)

    def output(
        self,
        name: str,
        /,
        first: int = 1,
        last: int | None = None,
        section: str = "",
        until: str = "",
        **values: Any,
    ) -> Any:
        """Return what a demo prints, or a part of it.

        `section` picks it by its heading and `until` says which line ends it (see `part`); `first`
        and `last` are numbers of lines in what is picked.
        """
        variant = self._variant(name, values)
        result = self.results.get(variant)
        if result is None:
            return Pending()
        lines = result.output.split("\n")
        shown = part(lines, section, until)[first - 1 : last]
        self.page.printed.setdefault(variant, set()).update(number + 1 for number in shown)
        return markdown.output("\n".join(lines[number] for number in shown))

    def code(self, name: str, function: str, *, docstring: bool = False) -> Markdown:
        """Return the source of a function of the demos, with its docstring where that is wanted.

        `code("vram", "cards")` is of `demos/vram.py`, `code("common.words", …)` of a shared one.
        """
        path = self.config.demos_folder / (name.replace(".", "/") + ".py")
        file = self.config.relative(path)
        self.page.note_file(file)
        if not path.is_file():
            raise ValueError(f"code: there is no {file}")
        source = path.read_text(encoding="utf-8-sig")
        shown = excerpt(source, function, file, docstring=docstring)
        return markdown.fence(shown, "python")

    def notes(self, value: str = "", caller: Callable[[], str] | None = None) -> Markdown:
        """Put speaker notes on a slide, in a `{% call %}` block, unless they are left out."""
        body = value + (caller() if caller else "")
        return markdown.note(body) if self.with_notes else Markdown("")

    # What the renderer and the live server ask for.

    def controls(self, placed: Placed, number: int = 0, digest: str = "") -> Controls:
        """Return controls that a page has; `number` counts them in the deck."""
        return Controls(
            variant=placed.variant,
            place=placed.place,
            number=number,
            results=self.results,
            render=partial(self.fragment, placed.variant.demo, grid=placed.variant),
            digest=digest,
        )

    def fragment(
        self,
        demo: str,
        facts: Mapping[str, Any],
        parameters: Mapping[str, Any],
        drawing: Drawing | None = None,
        grid: Variant | None = None,
    ) -> str:
        """Return what a demo's partial makes of one point, of a `grid` where it is in one.

        Raises:
            TemplateError: where there is no partial, or it can't show these facts.
        """
        source = self._partial_of(demo)
        point = Point(demo, parameters, drawing, grid)
        with self._at_point(point) as own:
            try:
                seen = view(facts, "", f"demo {demo}", self.numbers.units)
                shown = self.env.get_template(source).render(seen, parameters=parameters)
            except MISTAKES as error:
                raise mistake(error, source, self.config) from None
        for variant in own.pending:
            message = f"at {point} it needs {variant}, which nothing else computes"
            place = Place(file=f"deck/{source}")
            raise TemplateError(message, place=place, hint=OF_THE_POINT)
        return shown

    def _partial_of(self, demo: str) -> str:
        """Return the name of the partial that shows a demo's facts.

        Raises:
            TemplateError: where there is none.
        """
        source = f"{controls.PARTIALS}/{demo}.html.j2"
        if not (self.config.folder / source).is_file():
            message = f"live: there is no deck/{source}, which shows what {demo} gives"
            raise TemplateError(message, place=self._here())
        return source

    @contextmanager
    def _at_point(self, point: Point) -> Iterator[Notes]:
        """Let `figure()` be that of a point; give the notes of what nobody will compute.

        Where pages are finished (no marks are written), what is missing stays so.
        """
        outside, own = self.page, Notes()
        if self.env.on_mark is None:
            self.page = own
        self._point = point
        try:
            yield own
        finally:
            self._point, self.page = None, outside

    def sentence(self, claim: Claim, part: ledger.Part = "says") -> str:
        """Return a claim's sentence, or another part of it that is a template, as Markdown.

        Raises:
            ClaimError: where it can't be made from the claim's facts.
        """
        facts = self._view(claim.variant) if claim.variant else {}
        try:
            return self.env.get_template(ledger.source_name(claim, part)).render(facts)
        except MISTAKES as error:
            raise ledger.unreadable(self.env, claim, part, error, facts) from None

    def note_use(self, variant: Variant, place: Place, *, fact: str = "", claim: str = "") -> None:
        """Note that a place uses a variant, and that it has no result, if that is so.

        Raises:
            TemplateError: where there is no such demo.
        """
        if variant.demo not in self.demos:
            hint = did_you_mean(variant.demo, self.demos)
            raise TemplateError(f"no demo `{variant.demo}`", place=place, hint=hint)
        self.page.uses.append(Use(variant=variant, place=place, fact=fact, claim=claim))
        if variant not in self.results:
            self.page.pending.add(variant)

    def _here(self) -> Place:
        return self.env.place or SOMEWHERE

    def _note_fact(self, variant: Variant, fact: str) -> None:
        self.note_use(variant, self._here(), fact=fact)

    def _variant(self, name: str, values: Mapping[str, Any]) -> Variant:
        """Return a variant, and note its use."""
        variant = asked(name, values)
        self.note_use(variant, self._here())
        return variant

    def _claim(self, key: str) -> Claim:
        if not isinstance(key, str):
            raise ValueError(f'a claim is named by its id: claim("gpt3-350gb"), not {key!r}')
        if key not in self.claims:
            hint = did_you_mean(key, self.claims)
            raise ValueError(f"no claim `{key}` in deck/{ledger.FILE}; {hint}")
        self.page.claims.add(key)
        return self.claims[key]

    def _is_known(self, claim: Claim) -> bool:
        """Note a use of a claim, and return whether its facts are there."""
        if claim.variant is None:
            return True
        self.note_use(claim.variant, self._here(), claim=claim.id)
        return claim.variant in self.results

    def _said(self, claim: Claim) -> Markdown:
        """Return a claim as it is said, with the mark of its verdict."""
        says = self.sentence(claim)
        mark = self.page.mark_claim(claim.id)
        return said.claimed(claim, says, self.config.words, mark)

    def _view(self, variant: Variant) -> dict[str, Any]:
        """Return a variant's facts as templates see them; claims share them."""
        if variant not in self._views:
            facts = self.results[variant].facts
            owner = f"demo {variant.demo}"
            self._views[variant] = view(facts, "", owner, self.numbers.units)
        return self._views[variant]
