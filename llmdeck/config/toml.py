"""A TOML file with the line of each key, which Python's `tomllib` does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmdeck.errors import ConfigError

if TYPE_CHECKING:
    from llmdeck.model import Place

TEXT = r'"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'"
LONG_TEXT = r'"""(?:[^\\]|\\.)*?"{3,5}' + r"|'''.*?'{3,5}"
TOKEN = rf"{LONG_TEXT}|{TEXT}|#[^\n]*|[\[\]{{}}\n]"
"""What decides where a statement ends; brackets and line ends inside a text or a comment do not."""
NAME = rf"(?:{TEXT}|[\w-]+)"
PATH = rf"{NAME}(?:[ \t]*\.[ \t]*{NAME})*"
HEADER = rf"\s*\[\[?\s*({PATH})\s*\]"
KEY = rf"\s*({PATH})\s*="
"""As text: to compile them takes longer than all else that a build with nothing to do does here."""


@dataclass(frozen=True, kw_only=True)
class TomlFile:
    """A TOML file as it was read."""

    file: str
    """Its path as messages show it, relative to the project's root."""
    text: str
    tables: dict[str, Any]

    @classmethod
    def read(cls, path: Path, file: str) -> TomlFile:
        """Read the file at `path`, which messages call `file`.

        Raises:
            ConfigError: where it isn't TOML, or no UTF-8.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
            tables = tomllib.loads(text)
        except UnicodeDecodeError as error:
            raise ConfigError(f"no UTF-8 text: {error}", place=_place(file)) from None
        except (ValueError, RecursionError) as error:
            at = re.search(r" \(at line (\d+), column \d+\)$", str(error))
            place = _place(file, int(at[1]) if at else 0)
            raise ConfigError(f"not TOML: {error}", place=place) from None
        return cls(file=file, text=text, tables=tables)

    def place(self, *path: str) -> Place:
        """Return where a key stands: `place("controls", "layer", "label")`.

        A key without a line of its own (in an inline table) stands where its table does; the whole
        file is meant where not even its table is there.
        """
        known = self.lines
        while path and path not in known:
            path = path[:-1]
        return _place(self.file, known.get(path, 0))

    @cached_property
    def lines(self) -> dict[tuple[str, ...], int]:
        r"""The line, counted from 1, of each table and key, by its whole path.

        >>> text = "[a]\nb = 1\n['c d']\nb.e = '''\nf = 2'''"
        >>> TomlFile(file="a.toml", text=text, tables={}).lines
        {('a',): 1, ('a', 'b'): 2, ('c d',): 3, ('c d', 'b'): 4, ('c d', 'b', 'e'): 4}
        """
        header, key = re.compile(HEADER), re.compile(KEY)
        found: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for line, statement in _statements(self.text):
            if match := header.match(statement):
                path = table = _names(match[1])
            elif match := key.match(statement):
                path = (*table, *_names(match[1]))
            else:
                continue
            for end in range(1, len(path) + 1):  # a table that is only a part of a path, too
                found.setdefault(path[:end], line)
        return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header, or key with its whole value, with the line on which it begins."""
    line, begins, depth = 1, 0, 0
    for token in re.finditer(TOKEN, f"{text}\n", re.DOTALL):
        what = token[0]
        if what in "[{":
            depth += 1
        elif what in "]}":
            depth -= 1
        elif what == "\n" and depth == 0:
            statement = text[begins : token.start()]
            yield line, statement
            line += statement.count("\n") + 1
            begins = token.end()


def _names(path: str) -> tuple[str, ...]:
    """The names of a path as it is written: `controls."a b"`."""
    return tuple(name.strip("\"'") for name in re.findall(NAME, path))


def _place(file: str, line: int = 0) -> Place:
    """A place in a file; the model is imported for a mistake only: see this folder's docstring."""
    from llmdeck.model import Place

    return Place(file=file, line=line)
