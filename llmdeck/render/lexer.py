"""Which line ends of a template are written: all but those of lines that hold block tags alone.

Jinja's `trim_blocks` drops the line end behind every block tag, and so joins `closed{% endif %}` to
the line below it. Here a line end goes only where its line wrote nothing: where it has tags and
comments, and what stands in a macro or in a `{% set %}` block.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2.lexer import Lexer

ENDS = ("block_end", "comment_end", "raw_end")
"""The tokens that take the line end behind them with them."""
APART = {"endmacro": "macro", "endset": "set"}
"""The tags between which text is written elsewhere, by the one that ends it."""


class LineLexer(Lexer):
    """Jinja's lexer, but a line with more than tags keeps its end."""

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        """Give the tokens of a source, with the line ends that Jinja left out by mistake."""
        line = _Line()
        for number, kind, value in super().tokeniter(source, name, filename, state):
            keeps = _takes_line_end(kind, value) and not line.is_empty
            yield number, kind, value[:-1] if keeps else value
            if keeps:
                yield number, "data", "\n"
            line.read(kind, value)


def _takes_line_end(kind: str, value: str) -> bool:
    """Return whether a tag's end has taken a line end that no `-%}` asked it to take."""
    return kind in ENDS and value.endswith(("%}\n", "#}\n")) and value[-4:-3] != "-"


class _Line:
    """What is known of the line that is being read."""

    def __init__(self) -> None:
        self.is_empty = True
        """Whether it has written nothing so far."""
        self._begun: list[tuple[str, bool]] = []
        """The tags that may write apart, and whether their line was empty before them."""
        self._is_tag = False
        """Whether the next name is that of a tag."""

    def read(self, kind: str, value: str) -> None:
        """Take in the next piece."""
        if kind == "block_begin":
            self._is_tag = True
        elif kind == "name" and self._is_tag:
            self._is_tag = False
            self._read_tag(value)
        elif kind == "variable_begin":
            self.is_empty = False
        elif kind == "data":
            self._read_text(value)
        elif kind in ENDS and value.endswith("\n"):
            self.is_empty = True

    def _read_tag(self, name: str) -> None:
        if name in APART.values():
            self._begun.append((name, self.is_empty))
        while name in APART and self._begun:
            begun, was_empty = self._begun.pop()
            if begun == APART[name]:
                self.is_empty = was_empty
                return

    def _read_text(self, text: str) -> None:
        *before, last = text.split("\n")
        self.is_empty = (self.is_empty or bool(before)) and not last.strip()
