"""Jinja as our templates have it: strict names, facts before methods, escaping for Markdown, and marks.

A mark is what each `{{ … }}` leaves behind of the line that it stands on (see `markdown.mark`);
`marks` reads them.
"""

from __future__ import annotations

import hashlib
import json
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

from llmdeck import __version__, ledger
from llmdeck.config import Config
from llmdeck.errors import TemplateError
from llmdeck.marp.install import cache_folder
from llmdeck.model import Claim, Place
from llmdeck.render import markdown
from llmdeck.render.markdown import Markdown
from llmdeck.render.numbers import Numbers, unit_of, with_unit

MISTAKES = (
    jinja2.TemplateError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
)
"""What a mistake in a template raises."""


class Pending:
    """The facts of a variant that has no result yet: any question has an empty answer."""

    def _same(self, *_args: object, **_kwargs: object) -> Pending:
        return self

    def _empty(self) -> str:
        return ""

    __getattr__ = __getitem__ = __call__ = _same
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
        __neg__
    ) = _same
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

    def __init__(
        self, viewed: Mapping[str, Any], owner: str, on_read: Callable[[str], None] | None = None
    ) -> None:
        super().__init__(viewed)
        self.owner, self.on_read = owner, on_read

    def __missing__(self, name: str) -> NoReturn:
        near = get_close_matches(name, self, 1)
        guess = f"; did you mean `{near[0]}`?" if near else ""
        raise jinja2.UndefinedError(
            f"{self.owner} has no fact `{name}`{guess} It has: {', '.join(self)}"
        )

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
        return (
            obj.read(attribute) if isinstance(obj, FactsView) else super().getattr(obj, attribute)
        )

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
    filters: dict[str, Callable[..., str]] = {
        "num": numbers.num,
        "qty": numbers.qty,
        "pct": numbers.pct,
    }
    filters |= {
        unit: numbers.scaled(unit) for unit in ("kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib")
    }
    filters["compact"] = numbers.compact
    env.filters |= {name: _number_filter(function) for name, function in filters.items()}
    env.filters |= {"e": Markdown.escape, "escape": Markdown.escape, "forceescape": markdown.text}
    env.filters |= {"safe": Markdown, "join": _join, "tojson": _json}
    env.filters["css"] = _css
    env.filters["code"] = lambda value: (
        value if isinstance(value, Pending) else markdown.inline_code(value)
    )
    env.tests["close_to"] = ledger.close_to
    return env


def _css(value: Any) -> Any:
    """A number as CSS reads it, whatever the deck's locale: `style="width: {{ (100 * share) | css }}%"`."""
    return value if isinstance(value, Pending) else Markdown(f"{value:.4g}")


@jinja2.pass_environment
def _join(
    env: DeckEnvironment, value: Iterable[Any], separator: str = "", attribute: str | None = None
) -> Any:
    """Jinja's `join`, which escapes for HTML where Markdown is among the parts; ours escapes for Markdown."""
    parts = list(value if attribute is None else map(make_attrgetter(env, attribute), value))
    return env.concatenate([part for item in parts for part in (separator, item)][1:])


def _json(value: Any, indent: int | None = None) -> str:
    """Jinja's `tojson` escapes for HTML; ours is plain text, escaped where it is written."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _compiled(config: Config) -> jinja2.FileSystemBytecodeCache:
    """Where compiled templates are kept, by all that they are made with: constants are folded in words and locale."""
    key = f"{__version__} {jinja2.__version__} {config.root} {config.deck} {config.words}"
    ours = [
        Path(__file__).with_name(name).read_bytes()
        for name in ("environment.py", "markdown.py", "numbers.py")
    ]
    folder = (
        cache_folder()
        / "templates"
        / hashlib.sha256(b"".join([key.encode(), *ours])).hexdigest()[:16]
    )
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
    place = None if env.compiling else template_place()
    shown = value if isinstance(value, Markup) else show(numbers, config, value)
    return (
        Markdown(shown + Markdown(markdown.mark(f"line {env.count()} {place}"))) if place else shown
    )


def show(numbers: Numbers, config: Config, value: Any) -> Markdown:
    """A bare value on a slide: numbers in the deck's locale, truth in its words, text as itself, nothing for none."""
    if isinstance(value, Pending):
        return Markdown("")
    if isinstance(value, bool):
        return markdown.text(config.words.true if value else config.words.false)
    if isinstance(value, int | float):
        return Markdown(numbers.num(value))
    return markdown.text(value)


def template_place() -> Place | None:
    """The line of the template that is being rendered now, from the frames of its compiled code."""
    frame = sys._getframe(1)
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if (
            template is not None
            and template.name is not None
            and not template.name.startswith(ledger.FILE)
        ):
            codes, lines = _lines(template)
            return Place(
                file=f"deck/{template.name}", line=lines[bisect_right(codes, frame.f_lineno) - 1]
            )
        frame = frame.f_back  # type: ignore[assignment]
    return None


@lru_cache(maxsize=256)
def _lines(template: jinja2.Template) -> tuple[list[int], list[int]]:
    """The lines of a template's compiled code and its own, in order: Jinja would read them anew at each question."""
    pairs = [(1, 0), *template.debug_info]
    return [code for _, code in pairs], [line for line, _ in pairs]


def cell(numbers: Numbers, config: Config, value: Any) -> Markdown:
    """A table's cell: a number with a unit shows it."""
    if getattr(value, "unit", ""):
        return Markdown(numbers.qty(value))
    return value if isinstance(value, Markdown) else show(numbers, config, value)


def mistake(error: Exception, name: str, config: Config) -> TemplateError:
    """What a mistake in the template `name` (relative to `deck/`) is told as: with the line that it stands on."""
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
                file = Path(trace.tb_frame.f_code.co_filename).relative_to(config.folder).as_posix()
                line = trace.tb_lineno
            trace = trace.tb_next
    if Path(file).is_absolute():  # Jinja's lexer names the file, its parser the template
        file = Path(file).relative_to(config.folder).as_posix()
    message = str(error.message if isinstance(error, jinja2.TemplateError) else error)
    hint = ""
    if "comment" in message:
        hint = "`{#` starts a comment in Jinja: write {{ '{#' }} where it is meant as text"
    return TemplateError(
        message or type(error).__name__, place=Place(file=f"deck/{file}", line=line), hint=hint
    )
