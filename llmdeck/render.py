"""Strict Jinja: templates → Markdown, which variants they use, and which template line made which slide.

A variant that has no result yet does not stop the rendering: its facts are `Pending`, which swallows every question, so
that one pass finds as many missing variants as it can. The build runs them and renders again.

Where things came from is found with marks: each `{{ … }}` leaves the line that it stands on in the text (see
`markdown.mark`), and the slides are then told apart by the parser that Marp's is a port of.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.filters import make_attrgetter
from jinja2.nodes import Concat
from markupsafe import Markup

from llmdeck import __version__, markdown
from llmdeck import claims as ledger
from llmdeck.config import Config
from llmdeck.errors import ClaimError, ConfigError, DeckError, TemplateError
from llmdeck.markdown import MARK, Markdown
from llmdeck.marp.install import cache_folder
from llmdeck.model import Claim, Demo, Place, Result, Slide, Use, Variant, Verdict
from llmdeck.units import Numbers, unit_of, with_unit

SUFFIX = ".md.j2"
VERBATIM = ".verbatim { white-space: pre-wrap }"
"""The one style that values need with any theme: runs of spaces and line breaks show (see `markdown.text`)."""
CODE = ("code_inline", "code_block", "fence")
REFERENCE = re.compile(r"&#\d+;")
MISTAKES = (jinja2.TemplateError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError)
"""What a mistake in a template raises."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A deck as Markdown, and where it came from."""

    markdown: str
    """What Marp reads, front matter included."""
    slides: tuple[Slide, ...]
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


class Pending:
    """The facts of a variant that has no result yet: any question has an empty answer."""

    def _same(self, *_args: object, **_kwargs: object) -> Pending:
        return self

    def _empty(self) -> str:
        return ""

    __getattr__ = __getitem__ = __call__ = _same
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __neg__ = _same
    __str__ = __html__ = _empty

    def _false(self, _other: object) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _false

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0


class FactsView(dict[str, Any]):
    """Facts in a template: a misspelt name is an error that names the known ones; numbers remember their unit."""

    def __init__(self, viewed: Mapping[str, Any], owner: str, on_read: Callable[[str], None] | None = None) -> None:
        super().__init__(viewed)
        self.owner, self.on_read = owner, on_read

    def __missing__(self, name: str) -> NoReturn:
        near = get_close_matches(name, self, 1)
        guess = f"; did you mean `{near[0]}`?" if near else ""
        raise jinja2.UndefinedError(f"{self.owner} has no fact `{name}`{guess} It has: {', '.join(self)}")

    def read(self, name: str) -> Any:
        """One fact; who reads it is noted."""
        value = self[name]
        if self.on_read:
            self.on_read(name)
        return value


def view(value: Any, name: str, owner: str) -> Any:
    """A fact as templates see it."""
    if isinstance(value, dict):
        return FactsView({key: view(item, key, owner) for key, item in value.items()}, owner)
    if isinstance(value, list):
        return [view(item, name, owner) for item in value]
    return with_unit(value, unit_of(name))


class _Generator(CodeGenerator):
    """Jinja's code generator, but `a ~ b` escapes what is no Markdown, as `{{ a }}{{ b }}` would."""

    def visit_Concat(self, node: Concat, frame: Frame) -> None:  # noqa: N802  Jinja's name
        self.write("environment.concatenate((")
        for arg in node.nodes:
            self.visit(arg, frame)
            self.write(", ")
        self.write("))")


class DeckEnvironment(jinja2.Environment):
    """Jinja with strict names, facts before methods, and escaping for Markdown."""

    code_generator_class = _Generator
    nothing = Markdown("")
    """What shows nothing, but for the mark of its line."""
    count: Callable[[], int] = staticmethod(lambda: 0)
    """How many uses the rendering has met so far."""
    compiling = False
    """True while constants are folded: what stands in a compiled template has no place in a rendering."""

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        if name and name.endswith(".j2"):
            _mark_statements(tree)
            tree.set_environment(self)
        return tree

    def _generate(self, *args: Any, **kwargs: Any) -> str:
        self.compiling = True
        try:
            return super()._generate(*args, **kwargs)
        finally:
            self.compiling = False

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`facts.name`: a fact, never a method of dict."""
        return obj.read(attribute) if isinstance(obj, FactsView) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`facts["name"]`, the same."""
        if isinstance(obj, FactsView) and isinstance(argument, str):
            return obj.read(argument)
        return super().getitem(obj, argument)

    @staticmethod
    def concatenate(parts: Sequence[Any]) -> Any:
        """Join plain values to a plain string; with Markdown among them, escape the others."""
        if any(hasattr(part, "__html__") for part in parts):
            return Markdown("").join(parts)
        return "".join(map(str, parts))


def _mark_statements(node: nodes.Node) -> None:
    """Before each `{% if %}` and `{% for %}` put an output of nothing: its mark tells where facts are read, not shown.

    What a macro or a block of `{% set %}` gives may be compared, so there nothing is put.
    """
    if isinstance(node, nodes.Macro | nodes.AssignBlock):
        return
    for child in node.iter_child_nodes():
        _mark_statements(child)
    for name, value in node.iter_fields():
        if isinstance(value, list) and name != "elif_":
            marked = []
            for item in value:
                if isinstance(item, nodes.If | nodes.For):
                    lines = [item.lineno, *(branch.lineno for branch in getattr(item, "elif_", ()))]
                    marked += [_nothing(line) for line in lines]
                marked.append(item)
            setattr(node, name, marked)


def _nothing(line: int) -> nodes.Output:
    return nodes.Output([nodes.EnvironmentAttribute("nothing", lineno=line)], lineno=line)


def environment(config: Config, numbers: Numbers, claims: Mapping[str, Claim]) -> DeckEnvironment:
    """The templates' environment: filters, tests, and a loader for `deck/` and for the ledger's sentences and checks.

    Compiling is most of what rendering costs, so compiled templates are kept in the user's cache.
    """
    files = jinja2.FileSystemLoader(config.folder, encoding="utf-8")
    env = DeckEnvironment(
        loader=jinja2.ChoiceLoader([jinja2.DictLoader(ledger.sources(claims)), files]),
        bytecode_cache=_compiled(config),
        undefined=jinja2.StrictUndefined,
        autoescape=True,  # what finalize returns is Markup, so that nothing is escaped a second time
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.finalize = partial(_finalize, env, numbers, config)
    filters: dict[str, Callable[..., str]] = {"num": numbers.num, "qty": numbers.qty, "pct": numbers.pct}
    filters |= {unit: numbers.scaled(unit) for unit in ("kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib")}
    filters["compact"] = numbers.compact
    env.filters |= {name: _number_filter(function) for name, function in filters.items()}
    env.filters |= {"e": Markdown.escape, "escape": Markdown.escape, "forceescape": markdown.text}
    env.filters |= {"safe": Markdown, "join": _join, "tojson": _json}
    env.filters["code"] = lambda value: value if isinstance(value, Pending) else markdown.inline_code(value)
    env.tests["close_to"] = ledger.close_to
    return env


@jinja2.pass_environment
def _join(env: DeckEnvironment, value: Iterable[Any], separator: str = "", attribute: str | None = None) -> Any:
    """Jinja's `join`, which escapes for HTML where Markdown is among the parts; ours escapes for Markdown."""
    parts = list(value if attribute is None else map(make_attrgetter(env, attribute), value))
    return env.concatenate([part for item in parts for part in (separator, item)][1:])


def _json(value: Any, indent: int | None = None) -> str:
    """Jinja's `tojson` escapes for HTML; ours is plain text, escaped where it is written."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _compiled(config: Config) -> jinja2.FileSystemBytecodeCache:
    """Where compiled templates are kept, by all that they are made with: constants are folded in words and locale."""
    key = f"{__version__} {jinja2.__version__} {config.root} {config.deck} {config.words}"
    ours = [Path(__file__).with_name(name).read_bytes() for name in ("render.py", "markdown.py", "units.py")]
    folder = cache_folder() / "templates" / hashlib.sha256(b"".join([key.encode(), *ours])).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return jinja2.FileSystemBytecodeCache(str(folder))


def _number_filter(function: Callable[..., str]) -> Callable[..., Any]:
    """Numbers are written in characters that are no syntax, so they are Markdown, in formulas and code too."""

    def apply(value: Any, *args: Any, **kwargs: Any) -> Any:
        return value if isinstance(value, Pending) else Markdown(function(value, *args, **kwargs))

    return apply


def _finalize(env: DeckEnvironment, numbers: Numbers, config: Config, value: Any) -> Any:
    """What `{{ value }}` writes: the value as itself, and a mark of its line and of the uses met so far."""
    if isinstance(value, jinja2.Undefined):
        return value
    place = None if env.compiling else _template_place()
    shown = value if isinstance(value, Markup) else show(numbers, config, value)
    return Markdown(shown + Markdown(markdown.mark(f"line {env.count()} {place}"))) if place else shown


def show(numbers: Numbers, config: Config, value: Any) -> Markdown:
    """A bare value on a slide: numbers in the deck's locale, truth in its words, text as itself, nothing for none."""
    if isinstance(value, Pending):
        return Markdown("")
    if isinstance(value, bool):
        return markdown.text(config.words.true if value else config.words.false)
    if isinstance(value, int | float):
        return Markdown(numbers.num(value))
    return markdown.text(value)


def _template_place() -> Place | None:
    """The line of the template that is being rendered now, from the frames of its compiled code."""
    frame = sys._getframe(1)
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if template is not None and template.name is not None and not template.name.startswith(ledger.FILE):
            codes, lines = _lines(template)
            return Place(file=f"deck/{template.name}", line=lines[bisect_right(codes, frame.f_lineno) - 1])
        frame = frame.f_back  # type: ignore[assignment]
    return None


@lru_cache(maxsize=256)
def _lines(template: jinja2.Template) -> tuple[list[int], list[int]]:
    """The lines of a template's compiled code and its own, in order: Jinja would read them anew at each question."""
    pairs = [(1, 0), *template.debug_info]
    return [code for _, code in pairs], [line for line, _ in pairs]


@dataclass
class Renderer:
    """One rendering of all templates with the results that there are."""

    config: Config
    demos: Mapping[str, Demo]
    claims: Mapping[str, Claim]
    results: Mapping[Variant, Result]
    notes: bool = True
    met: list[Use] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)
    pending: set[Variant] = field(default_factory=set)
    wants_figure: set[Variant] = field(default_factory=set)
    shown: dict[Variant, set[int]] = field(default_factory=dict)
    errors: list[DeckError] = field(default_factory=list)

    def __post_init__(self) -> None:
        deck = self.config.deck
        try:
            self.numbers = Numbers(deck.locale or deck.lang)
        except ValueError as error:
            raise ConfigError(str(error), place=Place(file="deck/deck.toml")) from None
        self.env = environment(self.config, self.numbers, self.claims)
        self.views: dict[Variant, dict[str, Any]] = {}
        self.env.count = lambda: len(self.met)
        self.env.globals |= {
            "claim": self.claim,
            "often": self.often,
            "demo": self.demo,
            "table": self.table,
            "figure": self.figure,
            "output": self.output,
            "code": self.code,
            "notes": self.note,
            "deck": deck,
        }

    def render(self) -> Rendered:
        """Render every template in the order of its name."""
        paths = sorted((self.config.folder / "slides").glob(f"*{SUFFIX}"))
        if not paths:
            raise TemplateError("the deck has no slides", place=Place(file=f"deck/slides/*{SUFFIX}"))
        for claim in self.claims.values():
            if claim.variant:
                with self._collecting():
                    self._use(claim.variant, claim.place, claim=claim.id)
        slides: list[Slide] = []
        marks = _Marks()
        pages = [self._finish(path, self._render_file(path), slides, marks) for path in paths]
        found = [replace(use, slide=marks.slide_of(use, n)) for n, use in enumerate(self.met)]
        kept = [use for use in found if use.variant in self.results and self.results[use.variant].kept]
        old = {use.slide for use in kept if use.fact or use.claim or use.place in marks.lines}
        chunks = [self._flag(plain, first, ends, old) for plain, first, ends in pages]
        rendered = Rendered(
            markdown=front_matter(self.config) + "\n---\n\n".join(chunks),
            slides=tuple(slides),
            uses=tuple(sorted(set(found), key=lambda u: (u.slide, u.place, u.variant.values, u.fact, u.claim))),
            figures=self.figures,
            errors=tuple(self.errors),
            pending=frozenset(self.pending),
            wants_figure=frozenset(self.wants_figure),
            shown=self.shown,
            claim_slides=tuple(marks.claims),
        )
        return replace(rendered, errors=rendered.errors + tuple(self._check_claims(rendered)))

    def _finish(self, path: Path, text: str, slides: list[Slide], marks: _Marks) -> tuple[str, int, list[int]]:
        """Number a page's slides, note where its marks are; return its Markdown, first slide and where each ends."""
        plain = markdown.plain_attributes(MARK.sub("", text))
        ends, titles, codes = split(plain)
        first = len(slides) + 1
        slides += [
            Slide(number=n, file=self.config.relative(path), title=title) for n, title in enumerate(titles, first)
        ]
        for number, line in enumerate(text.split("\n")):
            index = sum(end <= number for end in ends)
            for content in MARK.findall(line):
                place = marks.add(content, first + index)
                if number in codes and place:
                    hint = "write {{ value | code }}, or output(…), which escape for the code face"
                    self.errors.append(TemplateError("a value in backticks or a fence", place=place, hint=hint))
        return plain, first, ends

    def _flag(self, text: str, first: int, ends: list[int], old: set[int]) -> str:
        """Put a visible mark on the `old` slides, whose facts could not be recomputed; `first` is the page's first."""
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

    def _check_claims(self, rendered: Rendered) -> list[DeckError]:
        """Whether each claim of the ledger holds, also one that no slide shows yet."""
        errors: list[DeckError] = []
        for claim in self.claims.values():
            if claim.variant is None or claim.variant not in self.results:
                continue
            facts = self.results[claim.variant].facts
            try:
                if not ledger.holds(self.env, claim, facts):
                    used = [str(use) for use in rendered.uses if use.claim == claim.id and use.slide]
                    errors.append(ledger.broken(self.env, claim, facts, used))
            except ClaimError as error:
                errors.append(error)
        return errors

    def _render_file(self, path: Path) -> str:
        name = path.relative_to(self.config.folder).as_posix()
        met = len(self.met)
        try:
            return self.env.get_template(name).render()
        except (DeckError, *MISTAKES) as error:
            if not any(use.variant in self.pending for use in self.met[met:]):  # else the mistake may be the gap's own
                self.errors.append(error if isinstance(error, DeckError) else self._mistake(error, name))
        return ""

    def _mistake(self, error: Exception, name: str) -> TemplateError:
        file, line = name, 0
        if isinstance(error, jinja2.TemplateSyntaxError):
            file, line = error.name or name, error.lineno
        else:
            trace = error.__traceback__
            while trace is not None:
                template = trace.tb_frame.f_globals.get("__jinja_template__")
                if template is not None and template.name:
                    file, line = template.name, template.get_corresponding_lineno(trace.tb_lineno)
                elif Path(trace.tb_frame.f_code.co_filename).suffix == ".j2":
                    file = Path(trace.tb_frame.f_code.co_filename).relative_to(self.config.folder).as_posix()
                    line = trace.tb_lineno
                trace = trace.tb_next
        if Path(file).is_absolute():  # Jinja's lexer names the file, its parser the template
            file = Path(file).relative_to(self.config.folder).as_posix()
        message = str(error.message if isinstance(error, jinja2.TemplateError) else error)
        hint = ""
        if "comment" in message:
            hint = "`{#` starts a comment in Jinja: write {{ '{#' }} where it is meant as text"
        return TemplateError(message or type(error).__name__, place=Place(file=f"deck/{file}", line=line), hint=hint)

    # What templates call. Each notes where it was called from.

    def demo(self, name: str, /, **values: Any) -> Any:
        """Give the facts of a variant: `{% set f = … %}` of it, then `{{ f.weights_gb | qty }}`."""
        variant, place = self._variant(name, values)
        result = self.results.get(variant)
        if result is None:
            return Pending()
        return FactsView(self._view(variant), f"demo {name}", on_read=lambda fact: self._read(variant, place, fact))

    def claim(self, key: str) -> Any:
        """A claim of the ledger as it is said, with the mark of its verdict."""
        claim, place = self._claim(key), self._here()
        if claim.variant:
            self._use(claim.variant, place, claim=key)
        if claim.variant and claim.variant not in self.results:
            self.pending.add(claim.variant)
            return Pending()
        says = self._says(claim)
        label = str(getattr(self.config.words, claim.verdict.value))
        kind = claim.verdict.value
        verdict = f'<span class="verdict {kind}">{markdown.text(label)}</span>'
        marked = markdown.mark(f"claim {key}")
        return Markdown(f'{marked}<span class="claim" id="claim-{markdown.references(key)}">{says}</span> {verdict}')

    def often(self, key: str) -> Markdown:
        """What is usually said instead of a corrected claim."""
        claim = self._claim(key)
        if claim.verdict is not Verdict.CORRECTED or claim.often is None:
            raise ValueError(f"claim {key} is {claim.verdict}: only a corrected one has an `often`")
        return Markdown(f'<span class="often">{markdown.text(claim.often)}</span>')

    def table(self, rows: Any, columns: Sequence[str] = (), headers: Sequence[str] = ()) -> Any:
        """Rows of facts as a table; `columns` picks and orders them, `headers` names them."""
        if isinstance(rows, Pending):
            return rows
        columns = tuple(columns) or (tuple(rows[0]) if rows and isinstance(rows[0], dict) else ())
        columns = columns or tuple(map(str, range(len(rows[0]) if rows else 0)))
        return markdown.table(rows, columns, tuple(headers) or columns, partial(_cell, self.numbers, self.config))

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
        width, height = svg_size(result.figure)
        return markdown.figure(source, result.alt, width, height)

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

    def note(self, value: str = "", caller: Callable[[], str] | None = None) -> Markdown:
        """Speaker notes: `{% call notes() %}…{% endcall %}`."""
        body = value + (caller() if caller else "")
        return markdown.note(body) if self.notes else Markdown("")

    def _here(self) -> Place:
        return _template_place() or Place(file="deck/slides")

    def _use(self, variant: Variant, place: Place, *, fact: str = "", claim: str = "") -> None:
        if variant.demo not in self.demos:
            near = get_close_matches(variant.demo, self.demos, 1)
            guess = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(self.demos)}"
            raise TemplateError(f"no demo `{variant.demo}`", place=place, hint=guess)
        self.met.append(Use(variant=variant, place=place, fact=fact, claim=claim))
        if variant not in self.results:
            self.pending.add(variant)

    def _read(self, variant: Variant, place: Place, fact: str) -> None:
        self._use(variant, self._here() if _template_place() else place, fact=fact)

    def _variant(self, name: str, values: Mapping[str, Any]) -> tuple[Variant, Place]:
        variant, place = Variant.of(name, values), self._here()
        self._use(variant, place)
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

    def _says(self, claim: Claim) -> str:
        facts = self._view(claim.variant) if claim.variant else {}
        try:
            return self.env.get_template(ledger.source_name(claim)).render(facts)
        except MISTAKES as error:
            known = f"facts of {claim.variant}: {', '.join(facts)}" if facts else ""
            raise ClaimError(f"claim {claim.id}: {error}", place=claim.place, hint=known) from None


def _cell(numbers: Numbers, config: Config, value: Any) -> Markdown:
    """A table's cell: a number with a unit shows it."""
    if getattr(value, "unit", ""):
        return Markdown(numbers.qty(value))
    return value if isinstance(value, Markdown) else show(numbers, config, value)


def svg_size(svg: str) -> tuple[float, float]:
    """Width and height of an SVG from its `viewBox`, in its own units."""
    box = svg.split('viewBox="', 1)[1].split('"', 1)[0].split()
    return float(box[2]), float(box[3])


def excerpt(source: str, function: str) -> str:
    """The source of one function or class, without its docstring.

    Raises:
        ValueError: where the module has no such function; the message names those it has.
    """
    nodes = {n.name: n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    if function not in nodes:
        raise ValueError(f"code: no function `{function}`; there are: {', '.join(nodes)}")
    node, lines = nodes[function], source.splitlines()
    start = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
    kept = lines[start : node.end_lineno]
    first = node.body[0]
    if ast.get_docstring(node) is not None and len(node.body) > 1:
        del kept[first.lineno - 1 - start : (first.end_lineno or first.lineno) - start]
    return "\n".join(kept)


def front_matter(config: Config) -> str:
    """Marp's front matter, from `deck.toml`; strings are quoted, since YAML is a superset of JSON."""
    deck = config.deck
    items = {"marp": True, "title": deck.title, "author": deck.author, "lang": deck.lang, "theme": deck.theme}
    items |= {"size": deck.size, "paginate": deck.paginate, "math": deck.math, "style": VERBATIM}
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in items.items() if value != ""]
    return "\n".join(["---", *lines, "---", "", ""])


class _Marks:
    """Which slides the marks of the rendered text are on."""

    def __init__(self) -> None:
        self.lines: dict[Place, list[tuple[int, int]]] = {}
        """For each line the uses that had been met when it was written, and its slide: in a loop, once a round."""
        self.claims: list[tuple[str, int]] = []

    def add(self, content: str, slide: int) -> Place | None:
        """Note one mark, and return the place that it stands for, where it is not a claim's."""
        kind, _, rest = content.partition(" ")
        if kind == "claim":
            self.claims.append((rest, slide))
            return None
        met, _, where = rest.partition(" ")
        file, _, line = where.rpartition(":")
        place = Place(file=file, line=int(line))
        self.lines.setdefault(place, []).append((int(met), slide))
        return place

    def slide_of(self, use: Use, number: int) -> int:
        """Where a use, the `number`-th that was met, shows: where its line was written next, or else the next line."""
        here = self.lines.get(use.place, [])
        after = [mark for mark in here if mark[0] > number]
        if here:
            return min(after)[1] if after else max(here)[1]
        later = sorted((place.line, found[0][1]) for place, found in self.lines.items() if place.file == use.place.file)
        return next((slide for line, slide in later if line >= use.place.line), later[-1][1] if later else 0)


def split(text: str) -> tuple[list[int], list[str], set[int]]:
    r"""Where a page's slides end (the lines of its rulers), each slide's title, and the lines of code with references.

    A reference is how a value is escaped (see `markdown.references`); in code it would show as it is written.

    >>> split("# One\n\n---\n\n```\n---\n```\n\n`&#42;`\n")
    ([2], ['One', ''], {8})
    """
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    starts, titles, codes = [], [""], set[int]()
    for n, token in enumerate(tokens):
        inside = [token, *(token.children or [])]
        if token.map and any(t.type in CODE and REFERENCE.search(t.content) for t in inside):
            codes.update(range(*token.map))
        if token.type == "hr" and token.level == 0 and token.map:
            starts.append(token.map[0])
            titles.append("")
        elif token.type == "heading_open" and not titles[-1]:
            titles[-1] = _plain(tokens[n + 1].children or [])
    return starts, titles, codes


def _plain(children: Sequence[Any]) -> str:
    return "".join(child.content for child in children if child.type in ("text", "text_special", "code_inline")).strip()
