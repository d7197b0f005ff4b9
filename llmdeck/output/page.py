"""The HTML after Marp: one self-contained file.

Pictures, fonts and emoji are inlined (see `inline`); a content security policy allows nothing from
anywhere else, so that the page makes no request at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmdeck.errors import TemplateError, raise_all
from llmdeck.model import Place, Slide
from llmdeck.output import framed
from llmdeck.output.inline import Piece, inline
from llmdeck.output.sources import Sources

SLIDE_START = re.compile(r"(?=<svg data-marpit-svg[ =>])")
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
RUNTIME = Path(__file__).parents[1] / "runtime"
REGISTER = '<ul class="register">'
"""How a page of the register begins."""
NO_SCRIPTS = "<noscript><style>body { overflow: auto !important }</style></noscript>"
"""Marp shows one slide by a script; without it they stand one below the other."""
LAST_SLIDE_END = "</foreignObject></svg></div>"
CHARSET = '<meta charset="UTF-8">'
NO_ICON = '<link rel="icon" href="data:,">'
"""Without it a browser asks whatever server the page lies on for `/favicon.ico`."""
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; "
    "font-src data:; media-src data:; frame-src 'self' file: data:; base-uri 'none'; "
    "form-action 'none'"
)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A self-contained page, and what went into it."""

    pieces: Sequence[str]
    """The page, cut before each slide."""
    assets: Mapping[str, Path]
    """The files that were inlined, by relative path: a PDF of the same Markdown needs them."""
    policy: str
    """Its content security policy."""

    @property
    def html(self) -> str:
        """The whole page."""
        return "".join(self.pieces)


def make_self_contained(
    source: str,
    sources: Sources,
    fragments: Mapping[str, str] | None = None,
    *,
    served: str = "",
    pieces: dict[tuple[str, int], Piece] | None = None,
) -> Page:
    """Inline everything that the page would load, and forbid the rest.

    `fragments` is what the page's controls step through, by their id (see `controls.packed`).
    `served` is what a server adds at the end of the page, which may then ask that server.
    `pieces` are those made before, by text and number: they are used again and new ones are added;
    whoever gives it empties it when a picture, a figure or a font has changed.

    Raises:
        MarpError: a picture that isn't there, an address outside the deck, something from the
            network; all of them.
    """
    inlined = _inlined(source, sources, {} if pieces is None else pieces)
    raise_all([error for piece in inlined for error in piece.errors])
    html = [piece.html for piece in inlined]
    _add_after_slides(html, _register(html) + _reading())
    _add_at_end(html, _runtime(fragments or {}) + _summaries(html) + served)
    assets = _assets_of(inlined)
    policy = policy_of(html, served=bool(served), framed_pages=_framed_pages(assets))
    _add_policy(html, policy)
    return Page(pieces=html, assets=assets, policy=policy)


def _assets_of(pieces: Sequence[Piece]) -> dict[str, Path]:
    """Return the files that were inlined into pieces, by relative path."""
    assets: dict[str, Path] = {}
    for piece in pieces:
        assets.update(piece.assets)
    return assets


def _framed_pages(assets: Mapping[str, Path]) -> list[str]:
    """Return the text of the pages that the deck shows in frames."""
    paths = [path for path in assets.values() if path.suffix.lower() in framed.SUFFIXES]
    return [path.read_text(encoding="utf-8", errors="replace") for path in paths]


def check_size(parts: Sequence[tuple[str, Place]], limit_mb: float) -> None:
    """See that a deck is not larger than its limit, before a browser is made to load it.

    `parts` are its texts, each with what made it: slides of the page, or templates' Markdown.

    Raises:
        TemplateError: it is larger; with the part that is the largest.
    """
    sizes = [len(text.encode()) / 1e6 for text, _ in parts]
    if sum(sizes) <= limit_mb:
        return
    largest = max(sizes)
    raise TemplateError(
        f"the deck is {sum(sizes):.0f} MB large, its limit is {limit_mb:g} MB; "
        f"the largest part has {largest:.0f} MB",
        place=parts[sizes.index(largest)][1],
        hint="show less there, or smaller pictures, or set page_mb in [limits] of deck.toml",
    )


def page_parts(page: Page, slides: Sequence[Slide]) -> list[tuple[str, Place]]:
    """Return a page's slides, each with the template that made it; what is around them first."""
    head, *shown = page.pieces
    places = [Place(file=slide.file) for slide in slides]
    return [(head, places[0]), *zip(shown, places, strict=True)]


def _add_after_slides(pieces: list[str], added: str) -> None:
    """Put scripts and styles behind the last slide, before Marp's own script counts the slides."""
    slides, end, rest = pieces[-1].partition(LAST_SLIDE_END)
    if end:
        pieces[-1] = f"{slides}{end}{added}{rest}"


def _add_at_end(pieces: list[str], added: str) -> None:
    """Put scripts and what they need at the end of the page's body."""
    if added:
        body, end = pieces[-1].rsplit("</body>", 1)
        pieces[-1] = f"{body}{added}</body>{end}"


def _add_policy(pieces: list[str], policy: str) -> None:
    """Put the policy at the beginning of the page's head."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    pieces[0] = pieces[0].replace(CHARSET, CHARSET + meta + NO_ICON, 1)


def _inlined(source: str, sources: Sources, known: dict[tuple[str, int], Piece]) -> list[Piece]:
    """Return the page in pieces, cut before each slide, with everything inlined."""
    made = []
    for number, piece in enumerate(SLIDE_START.split(source)):
        key = (piece, number)
        if key not in known:
            known[key] = inline(piece, number, sources)
        made.append(known[key])
    return made


def _register(pieces: Sequence[str]) -> str:
    """Return what opens a claim's row where it is said, where the deck has a register."""
    if not any(REGISTER in piece for piece in pieces):
        return ""
    return _styled_script("register")


def _reading() -> str:
    """Return what shows the pages in a column on a narrow screen; without scripts, on any."""
    return NO_SCRIPTS + _styled_script("reading")


def _styled_script(name: str) -> str:
    """Return a part of the page that has a style and a script."""
    style = (RUNTIME / f"{name}.css").read_text(encoding="utf-8")
    script = (RUNTIME / f"{name}.js").read_text(encoding="utf-8")
    return f"<style>{style}</style><script>{script}</script>"


def _summaries(pieces: Sequence[str]) -> str:
    """Return the script of questions that open, where the page has any."""
    if not any("<summary" in piece for piece in pieces):
        return ""
    script = (RUNTIME / "questions.js").read_text(encoding="utf-8")
    return f"<script>{script}</script>"


def _runtime(fragments: Mapping[str, str]) -> str:
    """Return the script and the style of the controls, and the data that they step through."""
    if not fragments:
        return ""
    data = [
        f'<script type="text/plain" id="{key}-data">{value}</script>'
        for key, value in fragments.items()
    ]
    return "".join(data) + _styled_script("controls")


def policy_of(pieces: Sequence[str], *, served: bool, framed_pages: Sequence[str] = ()) -> str:
    """Return the content security policy, with the digest of each script in the page.

    Those of pages in its frames, where the policy holds too, are among them.
    """
    digests = [*_digests(pieces), *_digests_of_framed(framed_pages)]
    scripts = " ".join(dict.fromkeys(digests)) or "'none'"
    return POLICY.format(scripts=scripts) + ("; connect-src 'self'" if served else "")


def _digests(pieces: Sequence[str]) -> Iterator[str]:
    for piece in pieces:
        yield from map(_digest, SCRIPT.findall(piece))


def _digests_of_framed(pages: Sequence[str]) -> Iterator[str]:
    for page in pages:
        yield from map(_digest, framed.scripts(page))


def _digest(script: str) -> str:
    """Return how a policy names a script."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
