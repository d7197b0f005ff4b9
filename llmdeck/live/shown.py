"""The page that browsers show: its pieces, what a server adds to it, and what changes one page into another."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmdeck.config import Config
from llmdeck.errors import DeckError, Failures
from llmdeck.live.quick import LAST_SLIDE_END
from llmdeck.output.page import CHARSET, NO_ICON, RUNTIME, Page, policy_of
from llmdeck.render.controls import Controls
from llmdeck.report import describe

BUILD = "the-build-of-this-page"
"""What stands for the page's own digest in the page."""
KNOWN = '"build": "{}"'
"""Where it stands: in what the page's script is told (see `served`)."""
NOTE = re.compile(r'<div class="bespoke-marp-note" data-index="(\d+)"[^>]*>(.*?)</div>', re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A deck as browsers show it: the page is `before`, the slides and `after`."""

    build: str
    """A digest of all that a browser gets."""
    policy: str
    before: str = ""
    slides: Sequence[str] = ()
    after: str = ""

    @property
    def html(self) -> str:
        """The whole page, which knows its build."""
        before, known, after = self.after.rpartition(
            KNOWN.format(BUILD)
        )  # notes stand before it, and may say the same
        known = known and KNOWN.format(self.build)
        return "".join([self.before, *self.slides, before, known, after])


@dataclass(frozen=True, kw_only=True)
class Update:
    """What browsers are told after a save."""

    build: str
    errors: Sequence[Mapping[str, Any]] = ()
    """Why the deck could not be built; the last good one stays."""
    since: str = ""
    """The build that `slides` and `notes` change; with any other one, the page is loaded again."""
    slides: Mapping[int, str] = field(default_factory=dict)
    notes: Mapping[int, str] = field(default_factory=dict)


def told(error: DeckError) -> Sequence[Mapping[str, Any]]:
    """Errors as the page shows them."""
    found = error.errors if isinstance(error, Failures) else (error,)
    return [
        {
            "message": one.message,
            "file": one.place.file if one.place else None,
            "line": one.place.line if one.place else None,
            "hint": one.hint or None,
            "text": describe(one),
        }
        for one in found
    ]


def served(config: Config, lives: Sequence[Controls]) -> str:
    """What a served page has and a built one has not: the script that follows the server, and what that must know."""
    known = {
        "build": BUILD,
        "lives": {live.id: control_data(live) for live in lives},
        "words": {"lost": config.words.lost, "free": config.words.free},
    }
    data = json.dumps(known, ensure_ascii=False).replace("<", "\\u003c")
    style = (RUNTIME / "live.css").read_text(encoding="utf-8")
    script = (RUNTIME / "live.js").read_text(encoding="utf-8")
    return f'<script type="application/json" id="llmdeck">{data}</script><style>{style}</style><script>{script}</script>'


def control_data(live: Controls) -> dict[str, Any]:
    """What a page must know of a `live` to ask for other values than those of its grid."""
    fixed = {
        name: value
        for name, value in live.variant.parameters.items()
        if name not in live.variant.grid
    }
    axes = [{"name": a.name, "values": list(a.values), "default": a.default} for a in live.axes]
    return {"demo": live.variant.demo, "fixed": fixed, "axes": axes}


def as_shown(page: Page) -> Shown:
    """A page in the pieces that are compared, named by its digest."""
    before, *slides = page.pieces
    last, end, after = slides[-1].partition(LAST_SLIDE_END)
    slides[-1] = last + end.removesuffix("</div>")
    after = end[-len("</div>") :] + after
    whole = hashlib.sha256(page.html.encode("utf-8")).hexdigest()[:16]
    return Shown(
        build=whole, policy=html.unescape(page.policy), before=before, slides=slides, after=after
    )


def difference(old: Shown, new: Shown) -> Update:
    """What changes `old` into `new` in a page that is open: slides and notes, or all of it."""
    whole = Update(build=new.build)
    if len(old.slides) != len(new.slides) or old.before != new.before:
        return whole
    if NOTE.sub(r"\1", old.after) != NOTE.sub(r"\1", new.after):
        return whole
    slides = {n: b for n, (a, b) in enumerate(zip(old.slides, new.slides, strict=True)) if a != b}
    if any("data-marpit-fragment" in old.slides[n] + new.slides[n] for n in slides):
        return whole  # bespoke counts a slide's steps when it starts
    before, after = dict(NOTE.findall(old.after)), dict(NOTE.findall(new.after))
    notes = {int(n): text for n, text in after.items() if before.get(n) != text}
    inside = {
        n: slide[slide.index(">") + 1 : slide.rindex("</svg>")] for n, slide in slides.items()
    }
    return Update(build=new.build, since=old.build, slides=inside, notes=notes)


def empty_page(config: Config) -> Shown:
    """What is shown while there is no deck yet: the errors, and the deck as soon as it can be built."""
    head = f"<head>{CHARSET}{NO_ICON}<title>{html.escape(config.deck.title)}</title></head>"
    whole = f'<!DOCTYPE html><html lang="en">{head}<body>{served(config, ())}</body></html>'
    return Shown(build="", policy=policy_of([whole], served=True), after=whole)
