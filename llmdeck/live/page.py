"""The page that browsers show: its pieces, what a server adds to it, and how it changes."""

from __future__ import annotations

import hashlib
import html
import json
import re
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from llmdeck.config import Config
from llmdeck.errors import DeckError, Failures
from llmdeck.output.page import CHARSET, LAST_SLIDE_END, NO_ICON, RUNTIME, Page, policy_of
from llmdeck.render.controls import Controls
from llmdeck.report import describe

BUILD = '"build": "{}"'
"""How the page's script is given the page's digest (see `live_part`)."""
FAILED = "llmdeck failed over what was saved"
"""How a mistake of its own begins: what authors get wrong has words of its own."""
UNKNOWN = "the-build-of-this-page"
"""What stands for the digest until it is known."""
NOTE = re.compile(r'<div class="bespoke-marp-note" data-index="(\d+)"[^>]*>(.*?)</div>', re.DOTALL)
WORDS = ("lost", "free", "working", "crowded")
"""The words of the deck's language that the page's script writes."""
END = "</div>"
FRAGMENT = "data-marpit-fragment"
"""Marks an item of a list that appears step by step."""


@dataclass(frozen=True, kw_only=True)
class LivePage:
    """A deck as browsers show it: `before`, the slides and `after`, one behind the other."""

    build: str
    """A digest of all that a browser gets."""
    policy: str
    before: str = ""
    slides: Sequence[str] = ()
    after: str = ""

    @property
    def html(self) -> str:
        """Return the whole page, with its own digest in it."""
        # Speaker notes stand before the script's data and may say the same, so the last one counts.
        head, found, tail = self.after.rpartition(BUILD.format(UNKNOWN))
        build = BUILD.format(self.build) if found else ""
        return "".join([self.before, *self.slides, head, build, tail])


@dataclass(frozen=True, kw_only=True)
class Update:
    """What browsers are told after a save."""

    build: str
    errors: Sequence[Mapping[str, Any]] = ()
    """Why the deck could not be built; the last good one stays."""
    since: str = ""
    """The build that `slides` and `notes` change; a page of any other build is loaded again."""
    slides: Mapping[int, str] = field(default_factory=dict)
    """The HTML inside of the slides that changed, by their place in the deck, from 0."""
    notes: Mapping[int, str] = field(default_factory=dict)
    """The speaker notes that changed, by their place in the deck, from 0."""


def errors_of(error: DeckError) -> Sequence[Mapping[str, Any]]:
    """Return an error, or each of several, as the page shows them."""
    errors = error.errors if isinstance(error, Failures) else (error,)
    return [
        {
            "message": one.message,
            "file": one.place.file if one.place else None,
            "line": one.place.line if one.place else None,
            "hint": one.hint or None,
            "text": describe(one),
        }
        for one in errors
    ]


def unexpected(error: Exception, page: LivePage | None) -> Update:
    """Return what browsers are told of a mistake of llmdeck's own, printed on the terminal."""
    traceback.print_exception(error)
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    told = DeckError(f"{FAILED}: {what}", hint="the terminal has all of it; please report it")
    return Update(build=page.build if page else "", errors=errors_of(told))


def live_part(config: Config, lives: Sequence[Controls]) -> str:
    """Return what only a served page has: the script that follows the server, and its data."""
    data = {
        "build": UNKNOWN,
        "lives": {live.id: control_data(live) for live in lives},
        "words": {name: getattr(config.words, name) for name in WORDS},
    }
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    style = (RUNTIME / "live.css").read_text(encoding="utf-8")
    script = (RUNTIME / "live.js").read_text(encoding="utf-8")
    return (
        f'<script type="application/json" id="llmdeck">{text}</script>'
        f"<style>{style}</style><script>{script}</script>"
    )


def control_data(live: Controls) -> dict[str, Any]:
    """Return what a page must know of controls to ask for values that their grid does not have."""
    variant = live.variant
    fixed = {name: value for name, value in variant.parameters.items() if name not in variant.grid}
    axes = [
        {"name": axis.name, "values": list(axis.values), "default": axis.default}
        for axis in live.axes
    ]
    return {"demo": variant.demo, "fixed": fixed, "axes": axes}


def in_pieces(page: Page, digests: Mapping[str, bytes]) -> tuple[LivePage, dict[str, bytes]]:
    """Return a page in the pieces that are compared, and the digest of each piece.

    `digests` are those of an earlier page: a piece that it had too is not read again.
    """
    before, *slides = page.pieces
    last, end, after = slides[-1].partition(LAST_SLIDE_END)
    slides[-1] = last + end.removesuffix(END)
    if end:
        after = END + after
    pieces = [before, *slides, after]
    known = {piece: digests.get(piece) or _digest(piece) for piece in pieces}
    live_page = LivePage(
        build=_build(known[piece] for piece in pieces),
        policy=html.unescape(page.policy),
        before=before,
        slides=slides,
        after=after,
    )
    return live_page, known


def _digest(piece: str) -> bytes:
    return hashlib.sha256(piece.encode("utf-8")).digest()


def _build(digests: Iterable[bytes]) -> str:
    """Return one digest of many, in 16 characters."""
    return hashlib.sha256(b"".join(digests)).hexdigest()[:16]


def with_slides(page: LivePage, slides: Mapping[int, str]) -> LivePage:
    """Return a page with other slides in some places, counted from 0."""
    changed = "".join(f"{place} {slides[place]}" for place in sorted(slides))
    return replace(
        page,
        build=_build([page.build.encode(), _digest(changed)]),
        slides=[slides.get(place, slide) for place, slide in enumerate(page.slides)],
    )


def difference(old: LivePage, new: LivePage) -> Update:
    """Return what changes `old` into `new` in an open page: slides and notes, or all of it."""
    if not _same_frame(old, new):
        return Update(build=new.build)
    pairs = enumerate(zip(old.slides, new.slides, strict=True))
    changed = {place: pair for place, pair in pairs if pair[0] != pair[1]}
    if any(FRAGMENT in before + after for before, after in changed.values()):
        return Update(build=new.build)  # bespoke counts a slide's steps only when it starts
    slides = {place: _inside(after) for place, (_, after) in changed.items()}
    return Update(build=new.build, since=old.build, slides=slides, notes=_changed_notes(old, new))


def _same_frame(old: LivePage, new: LivePage) -> bool:
    """Return whether two pages are the same but for what is in their slides and notes."""
    if len(old.slides) != len(new.slides) or old.before != new.before:
        return False
    return NOTE.sub(r"\1", old.after) == NOTE.sub(r"\1", new.after)


def _inside(slide: str) -> str:
    """Return what is in a slide's `<svg>`."""
    return slide[slide.index(">") + 1 : slide.rindex("</svg>")]


def _changed_notes(old: LivePage, new: LivePage) -> dict[int, str]:
    before = dict(NOTE.findall(old.after))
    after = dict(NOTE.findall(new.after))
    return {int(place): text for place, text in after.items() if before.get(place) != text}


def empty_page(config: Config) -> LivePage:
    """Return the page of a deck that could not be built yet: it shows why, and then the deck."""
    head = f"<head>{CHARSET}{NO_ICON}<title>{html.escape(config.deck.title)}</title></head>"
    body = f"<body>{live_part(config, ())}</body>"
    page = f'<!DOCTYPE html><html lang="en">{head}{body}</html>'
    return LivePage(build="", policy=policy_of([page], served=True), after=page)
