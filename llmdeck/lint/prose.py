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

from llmdeck.lint.source import VALUE

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
PICTURE_WORD = re.compile(
    r"^(?:bg|fit|contain|cover|auto|left|right|top|bottom|center|vertical|horizontal|\d+(?:%|px)"
    r"|(?:left|right|w|h|width|height|blur|brightness|contrast|drop-shadow|grayscale|hue-rotate|invert|opacity"
    r"|saturate|sepia|position)(?::\S+)?)$"
)
"""A word in a picture's brackets that tells Marp how to show it (https://marpit.marp.app/image-syntax)."""


@dataclass(frozen=True)
class Piece:
    """Prose on one line."""

    text: str
    line: int
    """Counted from 1."""
    kind: str = "text"
    """`text`, `formula`, or `alt`: the words of a picture."""
    lang: str = ""
    """The language that an element around it names (`<span lang="en">`)."""


def prose(markdown: str) -> Iterator[Piece]:
    r"""The prose of a page, line by line.

    >>> [(p.line, p.text) for p in prose("# Uno\n\nDue `3` [quattro](5.html) <b id='6'>sette</b>\n<!-- 8 -->\n")]
    [(1, 'Uno'), (3, 'Due \ufffc quattro sette')]
    """
    elements = _Elements()
    for token in _parser().parse(markdown):
        first = (token.map or [0])[0] + 1
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
    """The prose of a paragraph, heading or cell; what is no prose in it comes apart, and its place is kept."""
    here = Piece("", line, lang=elements.lang)
    for child in children:
        yield from _apart(child, here.line, elements)
        end = here.line + (child.type in ("softbreak", "hardbreak"))
        end += child.content.count("\n") * (child.type in ("html_inline", "formula"))
        if end != here.line or elements.lang != here.lang:
            if here.text.strip():
                yield here
            here = Piece("", end, lang=elements.lang)
        here = replace(here, text=here.text + _text(child, code=elements.code))
    if here.text.strip():
        yield here


def _apart(child: Any, line: int, elements: _Elements) -> list[Piece]:
    """What stands in a line of prose and is none: the words of a picture, a formula; tags open and close here."""
    if child.type == "html_inline":
        return elements.read(child.content, line)
    if child.type == "formula":
        return [Piece(child.content, line, "formula")]
    if child.type == "image":
        return list(
            _alt("".join(word.content for word in child.children or []), line, elements.lang)
        )
    return []


def _text(child: Any, *, code: bool) -> str:
    """What a part of a line adds to its prose."""
    if code or child.type in ("code_inline", "formula"):
        return VALUE
    if child.type in ("text", "text_special"):
        return str(child.content)
    return " " if child.type == "image" or child.content.startswith("<br") else ""


def _alt(words: str, line: int, lang: str) -> Iterator[Piece]:
    """A picture's words, without those that tell Marp how to show it; a background is shown without words."""
    kept = words.split()
    if "bg" not in kept:
        text = " ".join(word for word in kept if not PICTURE_WORD.match(word))
        if text:
            yield Piece(text, line, "alt", lang)


class _Elements:
    """Which HTML elements are open, across the pieces that Markdown cuts a page into."""

    def __init__(self) -> None:
        self.open: list[tuple[str, str | None]] = []

    @property
    def lang(self) -> str:
        """The language that the innermost element with one names."""
        return next((lang for _, lang in reversed(self.open) if lang is not None), "")

    @property
    def code(self) -> bool:
        """Whether an element that holds no prose is open."""
        return any(tag in CODE_TAGS for tag, _ in self.open)

    def read(self, html: str, line: int) -> list[Piece]:
        """The prose of a piece of HTML that begins on a line, and the words of its pictures."""
        reader = _Reader(self, line)
        reader.feed(html)
        reader.close()
        return reader.pieces


class _Reader(HTMLParser):
    def __init__(self, elements: _Elements, line: int) -> None:
        super().__init__(convert_charrefs=True)
        self.elements, self.first = elements, line
        self.pieces: list[Piece] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        line = self.first + self.getpos()[0] - 1
        for name in ("alt", "title", "aria-label"):
            if values.get(name):
                self.pieces.append(
                    Piece(values[name] or "", line, "alt", values.get("lang") or self.elements.lang)
                )
        if tag not in VOID:
            self.elements.open.append((tag, values.get("lang")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.elements.open.pop()

    def handle_endtag(self, tag: str) -> None:
        tags = [name for name, _ in self.elements.open]
        if tag in tags:  # what was left open inside it ends with it
            del self.elements.open[len(tags) - 1 - tags[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if self.elements.code:
            return
        line = self.first + self.getpos()[0] - 1
        for number, text in enumerate(data.split("\n"), line):
            if text.strip():
                self.pieces.append(Piece(text, number, lang=self.elements.lang))
