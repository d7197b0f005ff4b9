"""Find a project and read its `deck/deck.toml`; a mistake is told with its line and a hint."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from llmdeck.config.tables import FOLDER, SETTINGS, Config, Control, Deck, Limits, Lint, Words
from llmdeck.config.toml import TomlFile
from llmdeck.errors import ConfigError, did_you_mean

TABLES = ("deck", "limits", "words", "lint", "demos", "controls", "units")
CHOICES = {"math": ("katex", "mathjax")}
"""The keys that take only some words."""
POSITIVE = ("time_s", "memory_gib", "output_mb", "facts_mb", "figure_mb", "page_mb")
"""The limits that leave nothing to do where they are 0 or less."""
TYPES = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "a table",
}
"""What messages call the types of values."""
LONGEST = 40
PAGE = "page_mb"
"""The one limit that is the deck's, and no demo's."""
T = TypeVar("T")


def find_root(start: Path) -> Path:
    """Return the nearest folder, from `start` upwards, that holds `deck/deck.toml`.

    Raises:
        ConfigError: where there is none.
    """
    for folder in (start, *start.parents):
        if (folder / FOLDER / SETTINGS).is_file():
            return folder
    raise ConfigError(
        f"no {FOLDER}/{SETTINGS} in {start} or above it",
        hint="run llmdeck in a project, or give --root FOLDER",
    )


def load(root: Path) -> Config:
    """Read `deck/deck.toml` under `root`.

    Raises:
        ConfigError: where it isn't TOML, has an unknown key or a value of the wrong type.
    """
    file = f"{FOLDER}/{SETTINGS}"
    if not (root / file).is_file():
        raise ConfigError(f"no {file} in {root}")
    reader = _Reader(TomlFile.read(root / file, file))
    reader.reject_unknown(reader.toml.tables, TABLES)
    deck = reader.read(Deck, "deck")
    limits = reader.read(Limits, "limits")
    demos = reader.read_demos(limits)
    return Config(
        root=root,
        deck=replace(deck, lang=deck.lang or deck.locale.replace("_", "-") or "en"),
        limits=limits,
        words=reader.read(Words, "words"),
        lint=reader.read(Lint, "lint"),
        demos=demos,
        controls=reader.read_each(Control, "controls"),
        units=reader.read_texts("units"),
    )


@dataclass(frozen=True)
class _Reader:
    """Makes typed data from the tables of a file. A path is a table's name, part by part."""

    toml: TomlFile

    def read_each(
        self, kind: type[T], name: str, defaults: Mapping[str, Any] | None = None
    ) -> dict[str, T]:
        """Return the tables `[name.…]` by the last part of their names."""
        return {key: self.read(kind, name, key, defaults=defaults) for key in self._table(name)}

    def read_demos(self, limits: Limits) -> dict[str, Limits]:
        """Return the limits of demos that have their own; `limits` are those of all others."""
        demos = self.read_each(Limits, "demos", defaults=vars(limits))
        for name, own in demos.items():
            if own.page_mb != limits.page_mb:
                self.reject_unknown({PAGE: own.page_mb}, (), "demos", name)
        return demos

    def read_texts(self, name: str) -> dict[str, str]:
        """Return a table whose keys the author chooses, and whose values are texts."""
        table = self._table(name)
        for key, value in table.items():
            if not isinstance(value, str):
                raise self._mistake(f"`{key}` in [{name}] must be text", name, key)
        return table

    def read(self, kind: type[T], *path: str, defaults: Mapping[str, Any] | None = None) -> T:
        """Return one table; what it leaves out comes from `defaults`, else from `kind`'s own."""
        table = self._table(*path)
        types = get_type_hints(kind)
        self.reject_unknown(table, tuple(types), *path)
        for key, value in table.items():
            fault, hint = _fault(key, value, types[key])
            if fault:
                message = f"`{key}` in {_header(path)} {fault}, not {_shown(value)}"
                raise self._mistake(message, *path, key, hint=hint)
        values = {**(defaults or {}), **table}
        for key in _needed(kind):
            if key not in values:
                raise self._mistake(f"{_header(path)} needs `{key}`", *path)
        return kind(**values)

    def reject_unknown(self, table: Mapping[str, Any], known: tuple[str, ...], *path: str) -> None:
        """Raise for a key of a table that is none of the known ones."""
        for key in table:
            if key in known:
                continue
            where = f" in {_header(path)}" if path else ""
            message = f"unknown key `{key}`{where}; known: {', '.join(known)}"
            raise self._mistake(message, *path, key, hint=did_you_mean(key, known))

    def _table(self, *path: str) -> dict[str, Any]:
        """Return the table of this path as it is written; an empty one where it is left out."""
        found: Any = self.toml.tables
        for name in path:
            found = found.get(name, {})
            if not isinstance(found, dict):
                raise self._mistake(f"{_header(path)} must be a table", *path)
        table: dict[str, Any] = found
        return table

    def _mistake(self, message: str, *path: str, hint: str = "") -> ConfigError:
        return ConfigError(message, place=self.toml.place(*path), hint=hint)


def _header(path: tuple[str, ...]) -> str:
    return f"[{'.'.join(path)}]"


def _fault(key: str, value: Any, kind: Any) -> tuple[str, str]:
    """Return what is wrong with a value, and what to write; nothing where it is right."""
    if not _is(value, kind):
        return f"must be {_called(kind)}", ""
    if key in POSITIVE and value <= 0:
        return "must be more than 0", f"write {key} = 30"
    if key in CHOICES and value not in CHOICES[key]:
        allowed = " or ".join(f'"{choice}"' for choice in CHOICES[key])
        return f"must be {allowed}", ""
    return "", ""


def _shown(value: Any) -> str:
    """Return a value as a message has it."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    shown = repr(value) if isinstance(value, str | bool | int | float) else str(value)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def _called(kind: Any) -> str:
    """What a message calls a type."""
    if kind == list[str]:
        return "a list of texts"
    return TYPES.get(kind, str(kind.__name__))


def _needed(kind: Any) -> Iterator[str]:
    """The keys of a table that have no default."""
    for field in fields(kind):
        if field.default is MISSING and field.default_factory is MISSING:
            yield field.name


def _is(value: Any, kind: Any) -> bool:
    """Whether a value of TOML has a field's type; a whole number is a float, too."""
    if kind == list[str]:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if isinstance(value, bool):  # which Python counts among the numbers
        return kind is bool
    if kind is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, kind)
