"""Jinja as our templates have it: strict names, facts before methods, escaping for Markdown."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.filters import make_attrgetter
from markupsafe import Markup

from llmdeck import __version__, ledger
from llmdeck.config import Config
from llmdeck.errors import did_you_mean
from llmdeck.marp.install import cache_folder
from llmdeck.model import Claim, Place
from llmdeck.render import markdown, marks
from llmdeck.render.compiler import Generator
from llmdeck.render.lexer import LineLexer
from llmdeck.render.markdown import Markdown
from llmdeck.render.numbers import Numbers, Written, exact, with_unit
from llmdeck.render.places import note_places
from llmdeck.render.units import Units

COMPILES = (
    "environment.py",
    "compiler.py",
    "lexer.py",
    "places.py",
    "markdown.py",
    "marks.py",
    "numbers.py",
    "units.py",
)
"""The modules that a compiled template depends on: constants are folded with them."""
KEPT_S = 30 * 24 * 3600.0
"""How long compiled templates are kept after the last one was added."""


class Pending:
    """The facts of a variant that has no result yet: any question has an empty answer."""

    def _same(self, *_args: object, **_kwargs: object) -> Pending:
        return self

    def _empty(self) -> str:
        return ""

    __getattr__ = __getitem__ = __call__ = _same
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _same
    __truediv__ = __rtruediv__ = __neg__ = _same
    __str__ = __html__ = _empty

    def _false(self, _other: object) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _false

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0


class FactsView(dict[str, Any]):
    """Facts in a template: a misspelt name is an error that names the known ones."""

    def __init__(
        self, viewed: Mapping[str, Any], owner: str, on_read: Callable[[str], None] | None = None
    ) -> None:
        super().__init__(viewed)
        self.owner, self.on_read = owner, on_read

    def __missing__(self, name: str) -> NoReturn:
        hint = did_you_mean(name, self)
        known = "" if hint.startswith("there are") else f" It has: {', '.join(self)}"
        raise jinja2.UndefinedError(f"{self.owner} has no fact `{name}`; {hint}{known}")

    def read(self, name: str) -> Any:
        """Return one fact, and note that it is read."""
        value = self[name]
        if self.on_read:
            self.on_read(name)
        return value


def view(value: Any, name: str, owner: str, units: Units) -> Any:
    """Return a fact as templates see it; numbers remember the unit that the fact's name ends in."""
    if isinstance(value, dict):
        items = {key: view(item, key, owner, units) for key, item in value.items()}
        return FactsView(items, owner)
    if isinstance(value, list):
        return [view(item, name, owner, units) for item in value]
    return with_unit(value, units.of(name))


class Number(Markdown):
    """A number as a filter writes it: characters that are no syntax, so Markdown everywhere."""

    written = Written()

    @classmethod
    def of(cls, text: str) -> Number:
        """Return what a filter wrote."""
        number = cls(text)
        number.written = text if isinstance(text, Written) else Written.of(text)
        return number

    @property
    def value(self) -> Markdown:
        """The number as the page is told of it: where it stands, it is not known yet.

        What another filter made of it (`replace`) is Markdown, and nothing more.
        """
        if str(self) != str(self.written):
            return Markdown(self)
        return Markdown(marks.value(self.written, self.written.exact, self.written.spoken))


class DeckEnvironment(jinja2.Environment):
    """Jinja with strict names, facts before methods, escaping for Markdown, and known places."""

    code_generator_class = Generator
    place: Place | None = None
    """The template line that is being rendered; none while no template has begun."""
    on_mark: Callable[[Place], str] | None = None
    """Makes the mark that is written behind each value; without it there are no marks."""
    on_load: Callable[[str], None] | None = None
    """Called with the name of each template that is used."""

    def at(self, file: str, line: int) -> bool:
        """Note which line is being rendered; compiled templates call it (see `places`)."""
        self.place = Place(file=file, line=line)
        return True

    def mark(self, file: str, line: int) -> Markdown:
        """Return the mark of what was just written; compiled templates call it (see `places`)."""
        self.at(file, line)
        if self.on_mark is None or self.place is None:
            return Markdown("")
        return Markdown(self.on_mark(self.place))

    @cached_property
    def lexer(self) -> LineLexer:
        """What reads templates."""
        return LineLexer(self)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for written in tree.find_all(nodes.TemplateData):
            written.data = marks.spelt_out(written.data)
        if name and name.endswith(".j2"):
            note_places(tree, f"deck/{name}")
            tree.set_environment(self)
        return tree

    def _load_template(
        self,
        name: str,
        globals: MutableMapping[str, Any] | None,  # noqa: A002  Jinja's name
    ) -> jinja2.Template:
        if self.on_load:
            self.on_load(name)
        return super()._load_template(name, globals)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return `facts.name`: a fact, never a method of dict."""
        if isinstance(obj, FactsView):
            return obj.read(attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return `facts["name"]`, the same."""
        if isinstance(obj, FactsView) and isinstance(argument, str):
            return obj.read(argument)
        return super().getitem(obj, argument)

    @staticmethod
    def concatenate(parts: Sequence[Any]) -> Any:
        """Join plain values to a plain string; with Markdown among them, escape the others."""
        if any(hasattr(part, "__html__") for part in parts):
            return Markdown("").join(map(_piece, parts))
        return "".join(map(str, parts))


def _piece(part: Any) -> Markdown:
    """Return a part of what is joined to Markdown; text and numbers still know where they stand."""
    if isinstance(part, Number):
        return part.value
    return (
        Markdown(part) if hasattr(part, "__html__") else Markdown(marks.value(markdown.text(part)))
    )


class _Files(jinja2.FileSystemLoader):
    """The files of a deck; each ends its last line, so that what includes one goes on below it."""

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Return the text of a file, its path, and whether that is what it still says."""
        source, path, is_current = super().get_source(environment, template)
        return source if source.endswith("\n") else f"{source}\n", path, is_current


def environment(config: Config, numbers: Numbers, claims: Mapping[str, Claim]) -> DeckEnvironment:
    """Return the templates' environment: a loader for `deck/` and the ledger, filters, tests.

    Compiling is most of what rendering costs, so compiled templates are kept in the user's cache.
    """
    files = _Files(config.folder, encoding="utf-8-sig")
    sentences = jinja2.DictLoader(ledger.sources(claims))
    env = DeckEnvironment(
        loader=jinja2.ChoiceLoader([sentences, files]),
        bytecode_cache=_compiled(config),
        undefined=jinja2.StrictUndefined,
        autoescape=True,  # what finalize returns is Markup, so that nothing is escaped twice
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.finalize = partial(_finalize, numbers, config)
    numeric = {name: _number_filter(write) for name, write in numbers.filters.items()}
    env.filters |= numeric | _text_filters()
    env.tests["close_to"] = ledger.close_to
    return env


def _number_filter(function: Callable[..., str]) -> Callable[..., Any]:
    """Make a filter of what writes a number."""

    def apply(value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, jinja2.Undefined):
            str(value)  # raises the error that names it
        return value if isinstance(value, Pending) else Number.of(function(value, *args, **kwargs))

    return apply


def _text_filters() -> dict[str, Callable[..., Any]]:
    """Return the filters that write text: Jinja's own escape for HTML, these for Markdown."""
    return {
        "e": Markdown.escape,
        "escape": Markdown.escape,
        "forceescape": markdown.text,
        "safe": _safe,
        "join": _join,
        "tojson": _json,
        "css": _css,
        "code": _code,
    }


def _code(value: Any) -> Any:
    """Write a value in the code face."""
    return value if isinstance(value, Pending) else markdown.inline_code(value)


def _safe(value: Any) -> Any:
    """Take text for Markdown."""
    if isinstance(value, Pending | Markup):
        return value
    return Markdown(marks.spelt_out(str(value)))


def _css(value: Any) -> Any:
    """Write a number as CSS reads it: `style="width: {{ (100 * share) | css }}%"`."""
    return value if isinstance(value, Pending) else Markdown(f"{value:.4g}")


@jinja2.pass_environment
def _join(
    env: DeckEnvironment, value: Iterable[Any], separator: str = "", attribute: str | None = None
) -> Any:
    """Join as Jinja does, but escape for Markdown where Markdown is among the parts."""
    items = value if attribute is None else map(make_attrgetter(env, attribute), value)
    parts: list[Any] = []
    for item in items:
        parts += [separator, item] if parts else [item]
    return env.concatenate(parts)


def _json(value: Any, indent: int | None = None) -> str:
    """Write JSON as plain text, which is escaped where it is shown."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _compiled(config: Config) -> jinja2.FileSystemBytecodeCache:
    """Return where compiled templates are kept, by all that they are made with."""
    made_with = f"{__version__} {jinja2.__version__} {config.root} {config.deck} {config.words}"
    key = hashlib.sha256(made_with.encode())
    for name in COMPILES:
        key.update(Path(__file__).with_name(name).read_bytes())
    folder = cache_folder() / "templates" / key.hexdigest()[:16]
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        _forget_old(folder.parent)
    return jinja2.FileSystemBytecodeCache(str(folder))


def _forget_old(compiled: Path) -> None:
    """Remove what was compiled long ago: each setting and each version has a folder of its own."""
    for folder in compiled.iterdir():
        if time.time() - folder.stat().st_mtime > KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)


def _finalize(numbers: Numbers, config: Config, value: Any) -> Any:
    """Return what `{{ value }}` writes: the value as itself."""
    if isinstance(value, Number):
        return value.value
    if isinstance(value, jinja2.Undefined | Markup):
        return value
    _refuse_unshowable(value)
    return show(numbers, config, value)


SHOWABLE = (str, int, float, type(None), list, tuple, dict, Pending)
"""What a slide can show as itself."""


def _refuse_unshowable(value: Any) -> None:
    """See that a value is data.

    Raises:
        TypeError: a function without its parentheses, or an object of Jinja's or Python's.
    """
    if isinstance(value, SHOWABLE):
        return
    name = getattr(value, "__name__", None) or getattr(value, "name", None)
    if callable(value) and isinstance(name, str):
        raise TypeError(f"`{name}` is a function, and a slide shows what it returns: {name}(…)")
    kind = type(value).__name__
    raise TypeError(
        f"a slide can't show a {kind}: {{{{ value | join(', ') }}}} shows several values"
    )


def show(numbers: Numbers, config: Config, value: Any) -> Markdown:
    """Return a bare value as a slide shows it.

    Numbers are in the deck's locale, truth in its words, text is as itself; nothing for `Pending`.
    Where machines read it, in a tag, a number has all its digits.
    """
    if isinstance(value, Pending):
        return Markdown("")
    if isinstance(value, bool):
        word = markdown.text(config.words.true if value else config.words.false)
        return Markdown(marks.value(word, exact(value)))
    if isinstance(value, int | float):
        written = numbers.num(value)
        return Markdown(marks.value(written, exact(value), written.spoken))
    return Markdown(marks.value(markdown.text(value)))


def cell(numbers: Numbers, config: Config, value: Any) -> Markdown:
    """Return a table's cell: a number with a unit shows it."""
    if getattr(value, "unit", ""):
        return Number.of(numbers.qty(value)).value
    if isinstance(value, Number):
        return value.value
    return value if isinstance(value, Markdown) else show(numbers, config, value)
