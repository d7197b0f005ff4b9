"""`deck/deck.toml` as typed data. An unknown key is an error that names the known ones."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from llmdeck.errors import ConfigError

if TYPE_CHECKING:
    from llmdeck.model import Place
    from llmdeck.results.compare import Tolerance

FILE = "deck.toml"


@dataclass(frozen=True, kw_only=True)
class Deck:
    """The table `[deck]`: what the whole deck is."""

    title: str
    author: str = ""
    lang: str = "en"
    """The language of the slides, for `<html lang>` and screen readers."""
    locale: str = ""
    """How numbers are written (`it_IT`); the language's own way where it is left out."""
    theme: str = "default"
    """A theme of `deck/theme/*.css` by its `@theme` name, or one of Marp's own."""
    size: str = "16:9"
    paginate: bool = True
    math: str = "katex"
    """`katex` or `mathjax`."""
    demos: str = "demos"
    """The demos' package: a folder beside `deck/`."""
    output: str = "build"
    """Where the deck is built: a folder beside `deck/`."""

    @property
    def number_locale(self) -> str:
        """The locale that numbers are written in: `locale`, or the language where it is left out."""
        return self.locale or self.lang


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The table `[limits]`, and `[demos.NAME]` for one demo."""

    time_s: float = 60.0
    """How long one demo may take, all its variants together."""
    memory_gib: float = 4.0
    """How much address space one demo may have, where the system can limit it (Linux)."""
    tolerance: float = 2e-5
    """How far a float may move, relative to itself, before it is drift (facts have 6 significant digits)."""
    tolerance_abs: float = 1e-12
    """How far any float may move before it is drift: for facts that a demo rounds, one step of the rounding."""

    @property
    def allowed(self) -> Tolerance:
        """How far facts may move."""
        from llmdeck.results.compare import Tolerance

        return Tolerance(relative=self.tolerance, absolute=self.tolerance_abs)


@dataclass(frozen=True, kw_only=True)
class Words:
    """The table `[words]`: what the toolkit itself writes on slides, in the deck's language."""

    verified: str = "verified"
    corrected: str = "corrected"
    cited: str = "cited"
    source: str = "source"
    """The mark beside a number that `cited(…)` shows."""
    not_updated: str = "not updated"
    slide: str = "slide"
    """What stands before a slide's number in the register."""
    right: str = "right"
    wrong: str = "wrong"
    not_a_number: str = "that is no number"
    """What `llmdeck quiz` says of a guess."""
    true: str = "yes"
    false: str = "no"
    lost: str = "the server has stopped: waiting for it"
    """What a served page says meanwhile."""
    free: str = "any text"
    """The name of the field for a text that is none of a list, where the deck is served."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """A table `[controls.NAME]`: what a demo's parameter is called where a slide has a control for it."""

    label: str = ""
    """The parameter in the deck's language; its own name where it is left out."""
    unit: str = ""
    """What stands behind its values: `token`."""
    values: dict = field(default_factory=dict)  # type: ignore[type-arg]  # read as it is written
    """What single values are called, by the value as text."""


@dataclass(frozen=True, kw_only=True)
class Lint:
    """The table `[lint]`: what `llmdeck lint` is told about this deck."""

    names: list[str] = field(default_factory=list)
    """Text in which digits are part of a name, no number; `#` stands for one digit (`Llama #`, `in 20##`)."""
    smallest_text_px: float = 18.0
    """The smallest text that a slide may show, in slide pixels."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """A project: where it is and what its `deck.toml` says."""

    root: Path
    """The folder that holds `deck/` and the demos' package, absolute."""
    deck: Deck
    limits: Limits = field(default_factory=Limits)
    words: Words = field(default_factory=Words)
    lint: Lint = field(default_factory=Lint)
    demos: Mapping[str, Limits] = field(default_factory=dict)
    """Limits of single demos."""
    controls: Mapping[str, Control] = field(default_factory=dict)
    """What parameters are called on controls, by their name."""

    @property
    def folder(self) -> Path:
        """The folder of the deck's sources."""
        return self.root / "deck"

    @property
    def output(self) -> Path:
        """The folder that the deck is built in."""
        return self.root / self.deck.output

    @property
    def demos_folder(self) -> Path:
        """The demos' package."""
        return self.root / self.deck.demos

    def limits_of(self, demo: str) -> Limits:
        """The limits of one demo, by name."""
        return self.demos.get(demo, self.limits)

    def relative(self, path: Path) -> str:
        """`path` as it is stored and printed: POSIX, relative to the root where it lies below it."""
        return (
            path.relative_to(self.root).as_posix()
            if path.is_relative_to(self.root)
            else path.as_posix()
        )


def find_root(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that holds `deck/deck.toml`.

    Raises:
        ConfigError: where there is none.
    """
    for folder in (start, *start.parents):
        if (folder / "deck" / FILE).is_file():
            return folder
    raise ConfigError(
        f"no deck/{FILE} in {start} or above it",
        hint="run llmdeck in a project, or give --root FOLDER",
    )


def load(root: Path) -> Config:
    """Read `deck/deck.toml` under `root`.

    Raises:
        ConfigError: where it isn't TOML, has an unknown key or a value of the wrong type.
    """
    path = root / "deck" / FILE
    file = path.relative_to(root).as_posix()
    if not path.is_file():
        raise ConfigError(f"no {file} in {root}")
    try:
        text = path.read_text(encoding="utf-8-sig")
        tables = tomllib.loads(text)
    except ValueError as error:  # also where it isn't UTF-8
        raise ConfigError(f"not TOML: {error}", place=_place(file)) from None
    source = _Source(file, text)
    source.reject_unknown(tables, ("deck", "limits", "words", "lint", "demos", "controls"), "")
    limits = source.read(Limits, tables.get("limits", {}), "limits")
    base = {item.name: getattr(limits, item.name) for item in fields(Limits)}
    single = {
        name: source.read(Limits, base | table, f"demos.{name}")
        for name, table in tables.get("demos", {}).items()
    }
    return Config(
        root=root,
        deck=source.read(Deck, tables.get("deck", {}), "deck"),
        limits=limits,
        words=source.read(Words, tables.get("words", {}), "words"),
        lint=source.read(Lint, tables.get("lint", {}), "lint"),
        demos=single,
        controls={
            name: source.read(Control, table, f"controls.{name}")
            for name, table in tables.get("controls", {}).items()
        },
    )


T = TypeVar("T")


def _place(file: str, line: int = 0) -> Place:
    """Where a mistake stands. The model is imported for a mistake only: a build with nothing to do needs none of it."""
    from llmdeck.model import Place

    return Place(file=file, line=line)


@dataclass(frozen=True)
class _Source:
    """The text of the file, to say at which line a key stands."""

    file: str
    text: str

    def place(self, key: str) -> Place:
        lines = self.text.splitlines()
        found = (n for n, line in enumerate(lines, 1) if line.split("=")[0].strip(' "[]') == key)
        return _place(self.file, next(found, 0))

    def reject_unknown(self, table: Mapping[str, Any], known: tuple[str, ...], name: str) -> None:
        for key in table:
            if key not in known:
                from difflib import get_close_matches

                near = get_close_matches(key, known, 1)
                hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
                where = f" in [{name}]" if name else ""
                raise ConfigError(
                    f"unknown key `{key}`{where}; known: {', '.join(known)}",
                    place=self.place(key),
                    hint=hint,
                )

    def read(self, kind: type[T], table: Any, name: str) -> T:
        if not isinstance(table, dict):
            raise ConfigError(f"[{name}] must be a table", place=self.place(name))
        hints = get_type_hints(kind)
        self.reject_unknown(table, tuple(hints), name)
        for key, value in table.items():
            if not _is(value, hints[key]):
                wanted = "a list of texts" if hints[key] == list[str] else hints[key].__name__
                raise ConfigError(f"`{key}` in [{name}] must be {wanted}", place=self.place(key))
        try:
            return kind(**table)
        except TypeError as error:
            raise ConfigError(
                f"[{name}]: {error}".replace(f"{kind.__name__}.__init__() ", ""),
                place=self.place(name),
            ) from None


def _is(value: Any, kind: Any) -> bool:
    """Whether a value of TOML is of a field's type; a whole number is a float too, truth is no number."""
    if kind == list[str]:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    wanted = (int, float) if kind is float else kind
    return isinstance(value, wanted) and (kind is bool or not isinstance(value, bool))
