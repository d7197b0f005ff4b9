"""The functions that templates call, from `claim` to `notes`.

Each notes where it was called from and which variant it uses. A variant without a result yet
answers with `Pending`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from typing import Any

from llmdeck import ledger
from llmdeck.config import Config
from llmdeck.errors import ClaimError, ConfigError, TemplateError
from llmdeck.model import Claim, Demo, Place, Result, Use, Variant, Verdict
from llmdeck.render import controls, markdown, register
from llmdeck.render.controls import Live, make_live
from llmdeck.render.environment import (
    MISTAKES,
    FactsView,
    Pending,
    cell,
    environment,
    mistake,
    template_place,
    view,
)
from llmdeck.render.excerpt import excerpt
from llmdeck.render.markdown import Markdown
from llmdeck.render.numbers import Numbers

ADDRESS = re.compile(r"https?://[^\s<>]*[^\s<>.,;:!?)]")
NOTED = ("met", "lives", "figures", "pending", "wants_figure", "shown", "styles", "anchored")
"""What a template leaves noted."""


@dataclass
class Functions:
    """What templates call, with the results that there are, and what they have called so far."""

    config: Config
    demos: Mapping[str, Demo]
    claims: Mapping[str, Claim]
    results: Mapping[Variant, Result]
    with_notes: bool = True
    met: list[Use] = field(default_factory=list)
    """Every use, in the order in which it was met; on which slide is not known yet."""
    figures: dict[str, str] = field(default_factory=dict)
    pending: set[Variant] = field(default_factory=set)
    wants_figure: set[Variant] = field(default_factory=set)
    shown: dict[Variant, set[int]] = field(default_factory=dict)
    styles: list[str] = field(default_factory=list)
    """What the parts of slides that were called for need beside the theme."""
    anchored: set[str] = field(default_factory=set)
    """The claims that have been said: the first place is the one with the id."""
    lives: list[Live] = field(default_factory=list)

    def __post_init__(self) -> None:
        deck = self.config.deck
        try:
            self.numbers = Numbers(deck.locale or deck.lang)
        except ValueError as error:
            raise ConfigError(str(error), place=Place(file="deck/deck.toml")) from None
        self.env = environment(self.config, self.numbers, self.claims)
        self.env.count = lambda: len(self.met)
        self.views: dict[Variant, dict[str, Any]] = {}
        self.env.globals |= {
            "claim": self.claim,
            "often": self.often,
            "cited": self.cited,
            "quiz": self.quiz,
            "register": self.register,
            "demo": self.demo,
            "table": self.table,
            "figure": self.figure,
            "live": self.live,
            "output": self.output,
            "code": self.code,
            "notes": self.notes,
            "deck": deck,
        }

    def begin(self) -> dict[str, Any]:
        """Note apart what is called from now on, until `end`; return what had been noted."""
        outside = {name: getattr(self, name) for name in NOTED}
        self.figures, self.pending, self.wants_figure, self.shown, self.styles = (
            {},
            set(),
            set(),
            {},
            [],
        )
        # Of what is counted or said once, what was before goes on: a template's text depends on it.
        self.met, self.lives, self.anchored = list(self.met), list(self.lives), set(self.anchored)
        return outside

    def end(self, outside: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was noted since `begin`, and join it to what had been noted before."""
        inside = {name: getattr(self, name) for name in NOTED}
        for name in ("met", "lives"):
            inside[name] = inside[name][len(outside[name]) :]
        inside["anchored"] = inside["anchored"] - outside["anchored"]
        for name in NOTED:
            setattr(self, name, outside[name])
        self.add(inside)
        return inside

    def add(self, noted: Mapping[str, Any]) -> None:
        """Note what was noted once before."""
        self.met += noted["met"]
        self.lives += noted["lives"]
        self.figures |= noted["figures"]
        self.pending |= noted["pending"]
        self.wants_figure |= noted["wants_figure"]
        self.anchored |= noted["anchored"]
        for style in noted["styles"]:
            self._style(style)
        for variant, lines in noted["shown"].items():
            self.shown.setdefault(variant, set()).update(lines)

    def demo(self, name: str, /, **values: Any) -> Any:
        """Give the facts of a variant: `{% set f = … %}` of it, then `{{ f.weights_gb | qty }}`."""
        variant, place = self._variant(name, values)
        result = self.results.get(variant)
        if result is None:
            return Pending()
        return FactsView(
            self._view(variant),
            f"demo {name}",
            on_read=lambda fact: self._read(variant, place, fact),
        )

    def claim(self, key: str) -> Any:
        """A claim of the ledger as it is said, with the mark of its verdict."""
        claim = self._claim(key)
        if not self._use_of(claim):
            return Pending()
        return self._said(claim, self._text(claim))

    def _use_of(self, claim: Claim) -> bool:
        """Note a use of a claim; False where its facts are not there yet."""
        if claim.variant:
            self.use(claim.variant, self._here(), claim=claim.id)
        return claim.variant is None or claim.variant in self.results

    def _said(self, claim: Claim, says: str) -> Markdown:
        key = claim.id
        label = str(getattr(self.config.words, claim.verdict.value))
        kind = claim.verdict.value
        verdict = markdown.later(
            f"row {key}", f'<span class="verdict {kind}">{markdown.text(label)}</span>'
        )
        marked = markdown.mark(f"claim {key}")
        identity = "" if key in self.anchored else f' id="claim-{markdown.references(key)}"'
        self.anchored.add(key)
        return Markdown(f'{marked}<span class="claim"{identity}>{says}</span> {verdict}')

    def often(self, key: str) -> Markdown:
        """What is usually said instead of a corrected claim."""
        claim = self._claim(key)
        if claim.verdict is not Verdict.CORRECTED or claim.often is None:
            raise ValueError(f"claim {key} is {claim.verdict}: only a corrected one has an `often`")
        return Markdown(f'<span class="often">{markdown.text(claim.often)}</span>')

    def cited(self, literal: str, /, *, source: str) -> Markdown:
        """Show a literal that no demo computes, `literal` as Markdown, with a mark that leads to its source.

        Raises:
            ValueError: where the source is empty.
        """
        if not source.strip():
            raise ValueError(f"cited({literal!r}): `source` is empty; say who said it, and where")
        word, told = self.config.words.source, " ".join(source.split())
        address = ADDRESS.search(told)
        about = f'title="{markdown.references(told)}" aria-label="{markdown.references(f"{word}: {told}")}"'
        opening = (
            f'a class="source" href="{markdown.references(address[0])}"'
            if address
            else 'span class="source" role="note"'
        )
        mark = f"<{opening} {about}>{markdown.text(word)}</{opening.split()[0]}>"
        return Markdown(f'<span class="cited">{literal}</span> {mark}')

    def quiz(self, key: str) -> Any:
        """The question of a claim, and behind it the claim, which a click or a key shows."""
        claim = self._claim(key)
        if claim.asks is None:
            raise ValueError(f"claim {key} has no question (`asks`)")
        if not self._use_of(claim):
            return Pending()
        self._style(markdown.REVEAL)
        return markdown.reveal(
            markdown.inline(self._text(claim, "asks")), self._said(claim, self._text(claim))
        )

    def register(self, width: int = 1120, height: int = 530) -> list[Markdown]:
        """The ledger as pages of at most `width` × `height` slide pixels, to loop over."""
        rows = []
        for claim in self.claims.values():
            use = len(self.met) if claim.variant else -1  # none
            if self._use_of(claim):
                mark = markdown.mark(f"row {use} {claim.id}")
                rows.append(register.row(claim, self._text(claim), self.config.words, mark))
        self._style(register.STYLE)
        return register.pages(rows, width, height)

    def table(self, rows: Any, columns: Sequence[str] = (), headers: Sequence[str] = ()) -> Any:
        """Rows of facts as a table; `columns` picks and orders them, `headers` names them."""
        if isinstance(rows, Pending):
            return rows
        columns = tuple(columns) or (tuple(rows[0]) if rows and isinstance(rows[0], dict) else ())
        columns = columns or tuple(map(str, range(len(rows[0]) if rows else 0)))
        return markdown.table(
            rows, columns, tuple(headers) or columns, partial(cell, self.numbers, self.config)
        )

    def figure(self, name: str, /, **values: Any) -> Any:
        """The figure of a demo, with its alternative text."""
        variant, _ = self._variant(name, values)
        self.wants_figure.add(variant)
        result = self.results.get(variant)
        if result is None or result.figure is None or result.alt is None:
            self.pending.add(variant)
            return Pending()
        source = f"figures/{name}-{variant.slug}.svg"
        self.figures[source] = result.figure
        return markdown.figure(source, result.alt, *markdown.svg_size(result.figure))

    def live(self, name: str, /, *parameters: str, **values: Any) -> Any:
        """Controls for some parameters of a demo, and what its partial shows for each combination of them.

        `values` fixes other parameters, or lists what a control offers: `live("next_token", "text",
        text=[…])`.
        """
        listed = [
            key
            for key, value in values.items()
            if isinstance(value, list) and key not in parameters
        ]
        if not (parameters or listed):
            raise ValueError(f"live: name a parameter of {name} that the controls set")
        variant, place = Variant.of(name, values, (*parameters, *listed)), self._here()
        self.use(variant, place)
        result = self.results.get(variant)
        if result is None:
            return Pending()
        live = make_live(variant, result, place, len(self.lives) + 1, partial(self.fragment, name))
        self.lives.append(live)
        return controls.markup(live, self.numbers, self.config)

    def fragment(self, demo: str, facts: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
        """What a demo's partial makes of one point."""
        source = f"{controls.PARTIALS}/{demo}.html.j2"
        if not (self.config.folder / source).is_file():
            raise TemplateError(
                f"live: there is no deck/{source}, which shows what {demo} gives",
                place=self._here(),
            )
        try:
            seen = view(facts, "", f"demo {demo}")
            return self.env.get_template(source).render(seen, parameters=parameters)
        except MISTAKES as error:
            raise mistake(error, source, self.config) from None

    def output(self, name: str, /, first: int = 1, last: int | None = None, **values: Any) -> Any:
        """What a demo prints, or its lines `first` to `last`."""
        variant, _ = self._variant(name, values)
        result = self.results.get(variant)
        if result is None:
            return Pending()
        lines = result.output.split("\n")
        self.shown.setdefault(variant, set()).update(range(first, (last or len(lines)) + 1))
        return markdown.output("\n".join(lines[first - 1 : last]))

    def code(self, name: str, function: str) -> Markdown:
        """The source of a function of the demos' package, without its docstring: `code("vram", "kv_bytes")`."""
        path = self.config.demos_folder / (name.replace(".", "/") + ".py")
        if not path.is_file():
            raise ValueError(f"code: there is no {self.config.relative(path)}")
        return markdown.fence(excerpt(path.read_text(encoding="utf-8"), function), "python")

    def notes(self, value: str = "", caller: Callable[[], str] | None = None) -> Markdown:
        """Put speaker notes on a slide, in a `{% call %}` block; nothing where notes are left out."""
        body = value + (caller() if caller else "")
        return markdown.note(body) if self.with_notes else Markdown("")

    def _here(self) -> Place:
        return template_place() or Place(file="deck/slides")

    def use(self, variant: Variant, place: Place, *, fact: str = "", claim: str = "") -> None:
        """Note that a place uses a variant, and that it has no result, if that is so.

        Raises:
            TemplateError: where there is no such demo.
        """
        if variant.demo not in self.demos:
            near = get_close_matches(variant.demo, self.demos, 1)
            guess = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(self.demos)}"
            raise TemplateError(f"no demo `{variant.demo}`", place=place, hint=guess)
        self.met.append(Use(variant=variant, place=place, fact=fact, claim=claim))
        if variant not in self.results:
            self.pending.add(variant)

    def _read(self, variant: Variant, place: Place, fact: str) -> None:
        self.use(variant, self._here() if template_place() else place, fact=fact)

    def _variant(self, name: str, values: Mapping[str, Any]) -> tuple[Variant, Place]:
        variant, place = Variant.of(name, values), self._here()
        self.use(variant, place)
        return variant, place

    def _claim(self, key: str) -> Claim:
        if key in self.claims:
            return self.claims[key]
        near = get_close_matches(key, self.claims, 1)
        guess = f"; did you mean `{near[0]}`?" if near else ""
        raise ValueError(f"no claim `{key}` in deck/{ledger.FILE}{guess}")

    def _view(self, variant: Variant) -> dict[str, Any]:
        """A variant's facts as templates see them; made once, since claims share variants."""
        if variant not in self.views:
            self.views[variant] = view(self.results[variant].facts, "", f"demo {variant.demo}")
        return self.views[variant]

    def _style(self, style: str) -> None:
        if style not in self.styles:
            self.styles.append(style)

    def _text(self, claim: Claim, part: ledger.Part = "says") -> str:
        facts = self._view(claim.variant) if claim.variant else {}
        try:
            return self.env.get_template(ledger.source_name(claim, part)).render(facts)
        except MISTAKES as error:
            known = f"facts of {claim.variant}: {', '.join(facts)}" if facts else ""
            raise ClaimError(f"claim {claim.id}: {error}", place=claim.place, hint=known) from None
