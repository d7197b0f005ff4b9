"""A piece of the page with everything inlined that it would load: pictures, fonts, emoji.

Only attributes that load something and style sheets are rewritten; all other bytes stay.
"""

from __future__ import annotations

import base64
import html
import mimetypes
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from llmdeck.errors import DeckError, MarpError, TemplateError
from llmdeck.output import framed
from llmdeck.output.sources import Sources, path_in

LOADING = {"src", "poster", "data", "style", "href", "xlink:href", "srcset"}
"""Attributes that make a browser load something; `href` does so except on `<a>`."""
ATTRIBUTE = re.compile(r"""([^\s=>"'/]+)(?:(\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+))?""")
URL = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]+))\s*\)""")
IMPORT = re.compile(r"""@import\s+(?:url\(\s*)?["']?([^"')\s;]+)[^;]*;?""")
FONT_SOURCES = re.compile(
    r"src:\s*(url\([^)]*\)\s*format\([\"']?woff2[\"']?\))\s*"
    r"(?:,\s*url\([^)]*\)\s*format\([^)]*\)\s*)+"
)
FILE = "put the file into deck/ and name it relative to it"
FRAME = "a deck needs no network: show a picture that links there, or a page of deck/ in one file"
"""What to do for a page from elsewhere."""
ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z+.-]*:|//")
"""How an address begins that is not relative."""

KATEX_ERROR = re.compile(
    r'<span[^>]* class="katex-error"[^>]* title="([^"]*)"[^>]*>(.*?)</span>', re.DOTALL
)
"""What Marp makes of a formula that KaTeX can't read: the reason, and the formula in red."""
KATEX_UNKNOWN = re.compile(
    r'<mstyle mathcolor="#cc0000"><mtext>(\\[^<]+)</mtext></mstyle>'
    r'(?:(?!</math>).)*?<annotation encoding="application/x-tex">([^<]*)</annotation>',
    re.DOTALL,
)
"""What it makes of a command that it does not know, and the formula."""
MATHJAX_ERROR = re.compile(r'data-mjx-error="([^"]*)"')
AS_ITSELF = r"what is meant as itself in a formula is written \&, \%, \#, \_, \{, \}, \backslash"
LOADING_WORDS = ("<style", "url(", "@import", "src", "poster")
LOADING_PATTERNS = (
    re.compile(r"data\s*="),
    re.compile(r"""href\s*=\s*(?!["']?#)"""),
    re.compile(r"""style\s*=\s*(?:"[^"]*&|'[^']*&|[^\s>]*&)"""),  # `&#117;rl(` is `url(` as well
)
TYPES = {
    ".woff2": "font/woff2",
    ".woff": "font/woff",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".svg": "image/svg+xml",
}


class Piece(NamedTuple):
    """A piece of a page with everything inlined."""

    html: str
    errors: Sequence[DeckError]
    assets: Mapping[str, Path]
    """The files that were inlined, by their relative path."""


def inline(source: str, slide: int, sources: Sources) -> Piece:
    """Inline what a piece of the page loads.

    The piece is the `slide`-th slide, with what follows the last one, or for 0 what comes before
    them all.
    """
    unread = list(unread_formulas(source, slide, sources))
    if not may_load(source):
        return Piece(source, unread, {})
    parser = Inliner(source, slide, sources)
    parser.feed(source)
    parser.close()
    return Piece(parser.result(), [*unread, *parser.errors], parser.assets)


def unread_formulas(source: str, slide: int, sources: Sources) -> Iterator[TemplateError]:
    """Give an error for each formula that KaTeX or MathJax could not read, and so shows in red."""
    for formula, reason in _unread_by_katex(source):
        first = next(iter(formula.splitlines()), "")
        place = sources.formulas.get(formula) or sources.place(first, slide)
        message = f"slide {slide}: the formula `{formula}` can't be read: {reason}"
        yield TemplateError(message, place=place, hint=AS_ITSELF)
    for mathjax in MATHJAX_ERROR.finditer(source):
        message = f"slide {slide}: a formula can't be read: {html.unescape(mathjax[1])}"
        yield TemplateError(message, place=sources.template(slide), hint=AS_ITSELF)


def _unread_by_katex(source: str) -> Iterator[tuple[str, str]]:
    """Give each formula that KaTeX shows in red, as a whole or a command in it, and why."""
    for whole in KATEX_ERROR.finditer(source):
        reason = html.unescape(whole[1]).removeprefix("ParseError: KaTeX parse error: ")
        yield html.unescape(whole[2]).strip(), reason.strip()
    for command in KATEX_UNKNOWN.finditer(source):
        formula = html.unescape(command[2]).strip()
        yield formula, f"there is no command {html.unescape(command[1])}"


def may_load(source: str) -> bool:
    """Return whether a piece might load something: most don't, and need not be parsed.

    >>> may_load('<p style="color:red"><a href="#1">'), may_load('<p style="background:url(a)">')
    (False, True)
    """
    lower = source.lower()
    if any(word in lower for word in LOADING_WORDS):
        return True
    return any(pattern.search(lower) for pattern in LOADING_PATTERNS)


@dataclass(frozen=True)
class Edit:
    """What replaces a part of the source."""

    start: int
    end: int
    text: str


class Inliner(HTMLParser):
    """Reads a piece of the page once and notes what to replace, never text between tags."""

    def __init__(self, source: str, slide: int, sources: Sources) -> None:
        super().__init__(convert_charrefs=False)
        self.source, self.slide, self.sources = source, slide, sources
        self.edits: list[Edit] = []
        self.errors: list[DeckError] = []
        self.assets: dict[str, Path] = {}
        self.line_starts = [0, *(found.end() for found in re.finditer("\n", source))]
        self.in_style = False
        self.tag = ""
        """The tag that is being read."""

    def result(self) -> str:
        """Return the piece with the edits made."""
        parts, at = [], 0
        for edit in self.edits:
            parts += [self.source[at : edit.start], edit.text]
            at = edit.end
        return "".join([*parts, self.source[at:]])

    def _offset(self) -> int:
        line, column = self.getpos()
        return self.line_starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Rewrite the attributes that load something."""
        self.in_style, self.tag = tag == "style", tag
        if tag in ("object", "embed"):
            self._error(f"no deck shows <{tag}>", f"<{tag}", "use <img>, <video> or <iframe>")
            return
        if tag == "a" or LOADING.isdisjoint(name for name, _ in attrs):
            return
        raw, start = self.get_starttag_text() or "", self._offset()
        name_end = len(tag) + 1
        new = raw[:name_end] + ATTRIBUTE.sub(self._attribute, raw[name_end:])
        if new != raw:
            self.edits.append(Edit(start, start + len(raw), new))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Treat `<img … />` as a start tag."""
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        """Inline what a style sheet loads."""
        if self.in_style:
            start = self._offset()
            self.edits.append(Edit(start, start + len(data), self._css(data)))
        self.in_style = False

    def _attribute(self, match: re.Match[str]) -> str:
        name, value = match[1].lower(), match[3]
        if value is None or name not in LOADING:
            return match[0]
        plain = html.unescape(value.strip("\"'"))
        if name == "srcset":
            self._error("srcset is not supported: use src", plain)
            return match[0]
        new = self._css(plain) if name == "style" else self._data(plain)
        return match[0] if new == plain else f'{match[1]}="{html.escape(new, quote=True)}"'

    def _css(self, css: str) -> str:
        for address in IMPORT.findall(css):
            hint = "put the rules into a theme of deck/theme, and the fonts into deck/theme/fonts"
            self._error(f"the style sheet loads {address}", address, hint)
        css = IMPORT.sub("", css)
        css = FONT_SOURCES.sub(r"src:\1", css)  # every browser that runs Marp's page reads WOFF2
        return URL.sub(self._url, css)

    def _url(self, match: re.Match[str]) -> str:
        address = match[1] or match[2] or match[3] or ""
        return f'url("{self._data(address)}")'

    def _data(self, address: str) -> str:
        """Return an address as a `data:` URL, or as it is where it loads nothing."""
        if not address or address.startswith(("data:", "#")):
            return address
        if ELSEWHERE.match(address):
            message = f"{address} would be loaded from the network"
            hint = FRAME if self.tag == "iframe" else FILE
            self._error(message, address, hint)
            return address
        path = path_in(address)
        content = self._content(path)
        if content is not None and path.lower().endswith(framed.SUFFIXES):
            for fault in framed.faults(content.decode("utf-8", "replace")):
                self._error(f"{address} in an <iframe>: {fault}", address)
        if content is None:
            hint = "addresses are relative to deck/ and stay below it"
            self._error(f"there is no {address}", address, hint)
            return address
        return f"data:{media_type(path)};base64,{base64.b64encode(content).decode()}"

    def _content(self, path: str) -> bytes | None:
        """Return what a relative path means: a figure, or a file, which is noted; else None."""
        figure = self.sources.figures.get(path)
        if figure is not None:
            return figure.encode("utf-8")
        file = self.sources.find(path)
        if file is None:
            return None
        self.assets[path] = file
        return file.read_bytes()

    def _error(self, message: str, address: str, hint: str = "") -> None:
        on = f"slide {self.slide}: " if self.slide else ""
        place = self.sources.place(address, self.slide)
        self.errors.append(MarpError(on + message, place=place, hint=hint))


def media_type(path: str) -> str:
    """Return the media type of a file, by its name.

    >>> media_type("fonts/a.woff2"), media_type("a.PNG"), media_type("a")
    ('font/woff2', 'image/png', 'application/octet-stream')
    """
    suffix = Path(path).suffix.lower()
    return TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
