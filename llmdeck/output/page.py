"""The HTML after Marp: one self-contained file.

Pictures, fonts and emoji are inlined; a content security policy allows nothing from anywhere else,
so that the page makes no request at all.

Marp writes relative addresses. They are looked for in the output folder (`figures/`), in the
installed npm packages (`twemoji/`, `katex/`), in `deck/` and in `deck/theme/`, and nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import html
import mimetypes
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from llmdeck.errors import DeckError, MarpError, raise_all
from llmdeck.model import Place, Slide

LOADS = {"src", "poster", "data", "style", "href", "xlink:href", "srcset"}
"""Attributes that make a browser load something; `href` does so on links and SVG images, not on `<a>`."""
ATTRIBUTE = re.compile(r"""([^\s=>"'/]+)(?:(\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+))?""")
URL = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]+))\s*\)""")
IMPORT = re.compile(r"""@import\s+(?:url\(\s*)?["']?([^"')\s;]+)[^;]*;?""")
FONT_SOURCES = re.compile(
    r"src:\s*(url\([^)]*\)\s*format\([\"']?woff2[\"']?\))\s*(?:,\s*url\([^)]*\)\s*format\([^)]*\)\s*)+"
)
SLIDE_START = re.compile(r"(?=<svg data-marpit-svg[ =>])")
RUNTIME = Path(__file__).parents[1] / "runtime"
CHARSET = '<meta charset="UTF-8">'
NO_ICON = '<link rel="icon" href="data:,">'
"""Without it a browser asks whatever server the page lies on for `/favicon.ico`."""
TYPES = {
    ".woff2": "font/woff2",
    ".woff": "font/woff",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where a page's relative addresses lead."""

    folder: Path
    """The deck's folder; an address must stay below it."""
    themes: Path
    """The themes' folder: addresses in a theme's CSS are relative to it."""
    packages: Path
    """The folder of the installed npm packages."""
    figures: Mapping[str, str]
    """The figures by address, as SVG."""
    slides: Sequence[Slide]
    """The slides, to say where an address stands."""

    def read(self, address: str) -> bytes | None:
        """The bytes that a relative address means, or None where there is no such file."""
        path = unquote(urlsplit(address).path)
        if path in self.figures:
            return self.figures[path].encode("utf-8")
        found = self.find(path)
        return found.read_bytes() if found else None

    def find(self, path: str) -> Path | None:
        """The file that a relative path means."""
        if path.startswith("twemoji/"):
            candidates = [
                (self.packages / "@discordapp/twemoji/dist", path.removeprefix("twemoji/"))
            ]
        elif path.startswith("katex/"):
            candidates = [(self.packages / "katex/dist/fonts", path.removeprefix("katex/"))]
        else:
            candidates = [(self.folder, path), (self.themes, path)]
        for base, rest in candidates:
            file = (base / rest).resolve()
            if file.is_relative_to(base.resolve()) and file.is_file():
                return file
        return None

    def place(self, address: str, number: int) -> Place:
        """The line that names an address, as near as it can be said: of the slide's template, of any, or of a theme."""
        files = list(
            dict.fromkeys(slide.file for slide in self.slides if number in (0, slide.number))
        )
        styles = [
            self.themes.relative_to(self.folder.parent) / css.name
            for css in sorted(self.themes.glob("*.css"))
        ]
        for file in [*files, *(style.as_posix() for style in styles)]:
            text = (self.folder.parent / file).read_text(encoding="utf-8")
            for line, content in enumerate(text.splitlines(), 1):
                if address in content:
                    return Place(file=file, line=line)
        return Place(file=files[0] if number and files else self.folder.name)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A self-contained page, and what went into it."""

    pieces: Sequence[str]
    """The page, cut before each slide."""
    assets: Mapping[str, Path]
    """The files that were inlined, by their relative path: what a PDF of the same Markdown needs beside it."""
    policy: str
    """Its content security policy."""

    @property
    def html(self) -> str:
        """The whole page."""
        return "".join(self.pieces)


class Piece(NamedTuple):
    """A piece of a page with everything inlined."""

    html: str
    errors: Sequence[DeckError]
    assets: Mapping[str, Path]


def make_self_contained(
    source: str,
    sources: Sources,
    fragments: Mapping[str, str] | None = None,
    *,
    served: str = "",
    kept: dict[tuple[str, int], Piece] | None = None,
) -> Page:
    """Inline everything that the page would load, and forbid the rest.

    `fragments` is what the page's controls step through, by their id (see `controls.packed`).
    `served` is what a server adds at the end of the page, which may then ask that server. Pieces
    made before are taken from `kept`, which whoever gives it empties when a picture, a figure or a
    font has changed.

    Raises: MarpError: a picture that isn't there, an address outside the deck, something from the
        network; all of them.
    """
    known = {} if kept is None else kept
    keys = [(piece, number) for number, piece in enumerate(SLIDE_START.split(source))]
    for key in keys:
        if key not in known:
            known[key] = inline(*key, sources)
    made = [known[key] for key in keys]
    raise_all([error for piece in made for error in piece.errors])
    pieces = [piece.html for piece in made]
    added = (_runtime(fragments) if fragments else "") + _summaries(pieces) + served
    if added:
        body, end = pieces[-1].rsplit("</body>", 1)
        pieces[-1] = f"{body}{added}</body>{end}"
    policy = policy_of(pieces, served=bool(served))
    pieces[0] = pieces[0].replace(
        CHARSET,
        f'{CHARSET}<meta http-equiv="Content-Security-Policy" content="{policy}">{NO_ICON}',
        1,
    )
    return Page(
        pieces=pieces,
        assets={k: v for piece in made for k, v in piece.assets.items()},
        policy=policy,
    )


def inline(source: str, slide: int, sources: Sources) -> Piece:
    """One piece of the page: the `slide`-th slide (and what follows the last one), or what comes before them, 0."""
    parser = _Inliner(source, slide, sources)
    parser.feed(source)
    parser.close()
    return Piece("".join(parser.pieces()), parser.errors, parser.assets)


def _summaries(pieces: Sequence[str]) -> str:
    """The script of questions that open, where the page has any."""
    if not any("<summary" in piece for piece in pieces):
        return ""
    script = (RUNTIME / "questions.js").read_text(encoding="utf-8")
    return f"<script>{script}</script>"


def _runtime(fragments: Mapping[str, str]) -> str:
    """The script and the style of the controls, and the data that they step through."""
    data = "".join(
        f'<script type="text/plain" id="{key}-data">{value}</script>'
        for key, value in fragments.items()
    )
    style = (RUNTIME / "controls.css").read_text(encoding="utf-8")
    script = (RUNTIME / "controls.js").read_text(encoding="utf-8")
    return f"{data}<style>{style}</style><script>{script}</script>"


def policy_of(pieces: Sequence[str], *, served: bool) -> str:
    """The content security policy, with the digest of each script in the page."""
    scripts = [
        script
        for piece in pieces
        for script in re.findall(r"<script>(.*?)</script>", piece, re.DOTALL)
    ]
    digests = [
        base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode()
        for script in scripts
    ]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; font-src data:; "
        "media-src data:; frame-src 'self' file:; base-uri 'none'; form-action 'none'"
        + ("; connect-src 'self'" if served else "")
    )


@dataclass
class _Edit:
    start: int
    end: int
    text: str


class _Inliner(HTMLParser):
    """Reads a piece of the page once and notes what to replace; text between tags is never touched."""

    def __init__(self, source: str, slide: int, sources: Sources) -> None:
        super().__init__(convert_charrefs=False)
        self.source, self.slide, self.sources = source, slide, sources
        self.edits: list[_Edit] = []
        self.errors: list[DeckError] = []
        self.assets: dict[str, Path] = {}
        self.starts = [0, *(m.end() for m in re.finditer("\n", source))]
        self.in_style = False

    def pieces(self) -> Iterator[str]:
        """The page with the edits made."""
        at = 0
        for edit in self.edits:
            yield self.source[at : edit.start]
            yield edit.text
            at = edit.end
        yield self.source[at:]

    def _offset(self) -> int:
        line, column = self.getpos()
        return self.starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Rewrite the attributes that load something."""
        values = dict(attrs)
        self.in_style = tag == "style"
        if not LOADS.intersection(values) or tag == "a":
            return
        raw, start = self.get_starttag_text() or "", self._offset()
        new = raw[: len(tag) + 1] + ATTRIBUTE.sub(self._attribute, raw[len(tag) + 1 :])
        if new != raw:
            self.edits.append(_Edit(start, start + len(raw), new))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<img … />` is a start tag."""
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        """Inline what a style sheet loads."""
        if self.in_style:
            start = self._offset()
            self.edits.append(_Edit(start, start + len(data), self._css(data)))
        self.in_style = False

    def _attribute(self, match: re.Match[str]) -> str:
        name, value = match[1].lower(), match[3]
        if value is None or name not in LOADS:
            return match[0]
        plain = html.unescape(value.strip("\"'"))
        if name == "style":
            new = self._css(plain)
        elif name == "srcset":
            self._error("srcset is not supported: use src", plain)
            return match[0]
        else:
            new = self._data(plain)
        return match[0] if new == plain else f'{match[1]}="{html.escape(new, quote=True)}"'

    def _css(self, css: str) -> str:
        for address in IMPORT.findall(css):
            hint = "put the rules into a theme of deck/theme, and the fonts into deck/theme/fonts"
            self._error(f"the style sheet loads {address}", address, hint)
        css = IMPORT.sub("", css)
        css = FONT_SOURCES.sub(r"src:\1", css)  # every browser that runs Marp's page reads WOFF2
        return URL.sub(lambda m: f'url("{self._data(m[1] or m[2] or m[3] or "")}")', css)

    def _data(self, address: str) -> str:
        """An address as a `data:` URL, or as it is where it loads nothing."""
        if not address or address.startswith(("data:", "#")):
            return address
        if re.match(r"(?:[a-zA-Z][a-zA-Z+.-]*:|//)", address):
            self._error(
                f"{address} would be loaded from the network",
                address,
                "put the file into deck/ and name it relative to it",
            )
            return address
        content = self.sources.read(address)
        if content is None:
            self._error(
                f"there is no {address}",
                address,
                "addresses are relative to deck/ and stay below it",
            )
            return address
        path = unquote(urlsplit(address).path)
        found = self.sources.find(path)
        if found is not None:
            self.assets[path] = found
        suffix = Path(path).suffix.lower()
        kind = TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"

    def _error(self, message: str, address: str, hint: str = "") -> None:
        on = f"slide {self.slide}: " if self.slide else ""
        self.errors.append(
            MarpError(on + message, place=self.sources.place(address, self.slide), hint=hint)
        )
