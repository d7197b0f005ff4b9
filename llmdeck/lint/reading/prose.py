"""The prose in Markdown and HTML: no code, no addresses, no comments, no tags; formulas apart.

Markdown is read by markdown-it, as Marp does, and HTML by Python's parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

from llmdeck.lint.reading.source import VALUE

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(?!\s)((?:[^$\\\n]|\\.)+?)(?<!\s)\$(?!\d)", re.DOTALL)
"""A formula as Marp reads it: the dollars stand next to it, and no digit follows."""
CODE_TAGS = {"code", "pre", "kbd", "samp", "script", "style", "svg", "math"}
VOID = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
}
"""The elements that have no end."""
PICTURE_WORD = re.compile(
    r"^(?:bg|fit|contain|cover|auto|left|right|top|bottom|center|vertical|horizontal|\d+(?:%|px)"
    r"|(?:left|right|w|h|width|height|blur|brightness|contrast|drop-shadow|grayscale|hue-rotate"
    r"|invert|opacity|saturate|sepia|position)(?::\S+)?)$"
)
"""A word in a picture's brackets for Marp alone (https://marpit.marp.app/image-syntax)."""


@dataclass(frozen=True)
class Piece:
    """Prose on one line."""

    text: str
    line: int
    """Counted from 1."""
    kind: str = "text"
    """`text`, `formula`, `alt` (the words of a picture), or where else it stands."""
    lang: str = ""
    """The language that an element around it names (`<span lang="en">`)."""


def prose(markdown: str) -> Iterator[Piece]:
    r"""Find the prose of a page, line by line.

    >>> page = "# Uno\n\nDue `3` [quattro](5.html) <b id='6'>sette</b>\n<!-- 8 -->\n"
    >>> [(piece.line, piece.text) for piece in prose(page)]
    [(1, 'Uno'), (3, 'Due \ufffc quattro sette')]
    """
    elements = _Elements()
    for token in _parser().parse(markdown):
        first = token.map[0] + 1 if token.map else 1
        if token.type == "inline":
            yield from _inline(token.children or [], first, elements)
        elif token.type == "html_block":
            yield from elements.read(token.content, first)


@lru_cache(maxsize=1)
def _parser() -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.inline.ruler.before("escape", "formula", _formula)
    return parser


def _formula(state: Any, silent: bool) -> bool:
    match = FORMULA.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("formula", "", 0).content = match[1] or match[2]
    state.pos = match.end()
    return True


def _inline(children: list[Any], line: int, elements: _Elements) -> Iterator[Piece]:
    """The prose of a paragraph, heading or cell: a piece for each line and language.

    What is no prose in it becomes pieces of its own.
    """
    here = Piece("", line, lang=elements.lang)
    for child in children:
        yield from _apart(child, here.line, elements)
        next_line = here.line + _line_ends(child)
        if next_line != here.line or elements.lang != here.lang:
            if here.text.strip():
                yield here
            here = Piece("", next_line, lang=elements.lang)
        here = replace(here, text=here.text + _text(child, code=elements.code))
    if here.text.strip():
        yield here


def _line_ends(child: Any) -> int:
    """How many lines end in a part of a paragraph."""
    if child.type in ("softbreak", "hardbreak"):
        return 1
    return child.content.count("\n") if child.type in ("html_inline", "formula") else 0


def _apart(child: Any, line: int, elements: _Elements) -> list[Piece]:
    """What is no prose in a line of it: a picture's words, a formula. Tags open and close here."""
    if child.type == "html_inline":
        return elements.read(child.content, line)
    if child.type == "formula":
        return [Piece(child.content, line, "formula")]
    if child.type == "image":
        words = "".join(word.content for word in child.children or [])
        return _alt(words, line, elements.lang)
    return []


def _text(child: Any, *, code: bool) -> str:
    """What a part of a line adds to its prose."""
    if code or child.type in ("code_inline", "formula"):
        return VALUE
    if child.type in ("text", "text_special"):
        return str(child.content)
    return " " if child.type == "image" or child.content.startswith("<br") else ""


def _alt(brackets: str, line: int, lang: str) -> list[Piece]:
    """A picture's words, without those for Marp alone; a background is shown without words."""
    words = brackets.split()
    text = " ".join(word for word in words if not PICTURE_WORD.match(word))
    return [Piece(text, line, "alt", lang)] if text and "bg" not in words else []


class _Elements:
    """Which HTML elements are open, across the pieces that Markdown cuts a page into."""

    def __init__(self) -> None:
        self.open: list[tuple[str, str | None]] = []

    @property
    def lang(self) -> str:
        """The language that the innermost element with one names."""
        named = [lang for _, lang in self.open if lang is not None]
        return named[-1] if named else ""

    @property
    def code(self) -> bool:
        """Whether an element that holds no prose is open."""
        return any(tag in CODE_TAGS for tag, _ in self.open)

    def read(self, html: str, line: int) -> list[Piece]:
        """Return the prose of HTML that begins on a line, and the words of its pictures."""
        reader = _Reader(self, line)
        reader.feed(html)
        reader.close()
        return reader.pieces


class _Reader(HTMLParser):
    """Reads a piece of HTML; which elements it leaves open is noted in `elements`."""

    def __init__(self, elements: _Elements, line: int) -> None:
        super().__init__(convert_charrefs=True)
        self.elements, self.first = elements, line
        self.pieces: list[Piece] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        lang = values.get("lang")
        for name in ("alt", "title", "aria-label"):
            if words := values.get(name):
                self.pieces.append(Piece(words, self._line(), "alt", lang or self.elements.lang))
        if tag not in VOID:
            self.elements.open.append((tag, lang))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.elements.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if any(tag == name for name, _ in self.elements.open):
            while self.elements.open.pop()[0] != tag:  # what was left open inside it ends with it
                pass

    def handle_data(self, data: str) -> None:
        if self.elements.code:
            return
        for line, text in enumerate(data.split("\n"), self._line()):
            if text.strip():
                self.pieces.append(Piece(text, line, lang=self.elements.lang))

    def _line(self) -> int:
        return self.first + self.getpos()[0] - 1
