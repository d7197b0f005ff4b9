"""What does not fit a slide: each is opened in a browser at its own size.

What sticks out or is cut, text too small, pictures that don't load. `overflow.js` measures in the
page; here a browser is started, and what was measured becomes findings. A figure is a picture: its
text is measured as the slide shows it, letters and matplotlib's outlines of letters.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmdeck.config import Config
from llmdeck.errors import DeckError, MissingToolError
from llmdeck.lint import INSTALL
from llmdeck.lint.reading.deck import ReadDeck
from llmdeck.lint.reading.outline import Outline
from llmdeck.marp import browser
from llmdeck.model import Finding
from llmdeck.output.formats import HTML
from llmdeck.results import fingerprint
from llmdeck.run.batch import Progress

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

NAME = "overflow"
MEASURE = Path(__file__).with_suffix(".js")
MOST_TEXT = 40
"""How many characters of an element's text a message has."""
SIDES = {"X": "wide", "Y": "high"}
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)
Item = dict[str, Any]
"""What `overflow.js` says of one element."""


def need(_config: Config) -> str:
    """Return the browser that it starts.

    Raises:
        MissingToolError: where Playwright or a browser is not there.
    """
    if importlib.util.find_spec("playwright") is None:
        message = "the overflow lint needs Playwright, which is not installed"
        raise MissingToolError(message, hint=INSTALL)
    return f"Playwright with {browser.find_browser()}"


def look(deck: ReadDeck, progress: Progress) -> Iterator[Finding]:
    """Find what the slides show wrong; build the deck first where something has changed.

    Raises:
        MissingToolError: where the browser is not there, or does not start.
    """
    smallest = deck.config.lint.smallest_text_px
    page = _built(deck.config, progress)
    slides = measure(page, browser.find_browser(), smallest)
    for number, slide in enumerate(slides, 1):
        for message, item, hint in problems(slide, smallest):
            yield _finding(message, item, hint, number, deck.outline)


def _built(config: Config, progress: Progress) -> Path:
    """The deck as HTML, built anew where it is not what a build would write."""
    from llmdeck.build import Options, build
    from llmdeck.marp.process import Marp

    before = fingerprint.inputs(config)
    names = {fingerprint.name_of(HTML.file, notes=notes) for notes in (True, False)}
    if not fingerprint.current(config, names, before):
        with Marp() as marp:
            build(config, Options(), marp, progress, before=before)
    return config.output / HTML.file


def measure(page: Path, program: Path, smallest: float) -> list[dict[str, list[Item]]]:
    """Return what `overflow.js` finds on each slide of a built page.

    `smallest` is the size that text may have, in slide pixels; `program` is the browser.

    Raises:
        MissingToolError: where the browser does not start.
        DeckError: where it can't measure.
    """
    # In a thread of its own: the caller's may drive a browser already, and can drive only one.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_measure, page, program, smallest).result()


def _measure(page: Path, program: Path, smallest: float) -> list[dict[str, list[Item]]]:
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        started = _start(playwright, program)
        try:
            view = started.new_page()
            view.goto(page.resolve().as_uri())
            box = view.locator("svg[data-marpit-svg]").first.get_attribute("viewBox")
            width, height = (box or "0 0 1280 720").split()[2:]
            # One pixel of a slide is one of the screen.
            view.set_viewport_size({"width": round(float(width)), "height": round(float(height))})
            script = MEASURE.read_text(encoding="utf-8")
            slides: list[dict[str, list[Item]]] = view.evaluate(script, smallest)
            return slides
        except Error as error:
            raise DeckError("the slides can't be measured", printed=error.message) from None
        finally:
            started.close()


def _start(playwright: Playwright, program: Path) -> Browser:
    from playwright.sync_api import Error

    try:
        return playwright.chromium.launch(
            executable_path=program, args=QUIET, chromium_sandbox=False
        )
    except Error as error:
        message = f"the browser {program} does not start"
        raise MissingToolError(message, printed=error.message) from None


def problems(slide: dict[str, list[Item]], smallest: float) -> Iterator[tuple[str, Item, str]]:
    """Say what was measured on one slide: a message, the element that it is about, a hint."""
    for item in slide["over"]:
        side = SIDES[item["axis"]]
        yield f"{item['pixels']} px too {side}", item, "cut words, or split the slide"
    for item in slide["cut"]:
        hint = "make the box larger, or its content smaller"
        yield f"a box cuts {_pixels(item)}", item, hint
    for (path, size), items in _by_kind(slide["small"]).items():
        several = f" ({len(items)} times)" if len(items) > 1 else ""
        hint = f"at least {smallest:g} px, as [lint] smallest_text_px says"
        yield f"text of {size:g} px{several}", {**items[0], "path": path}, hint
    for item in slide["unloaded"]:
        yield f"a picture does not load ({item['address']})", item, "is the file whole?"


def _pixels(item: Item) -> str:
    """How much a box cuts: `60 px in x`."""
    return " and ".join(f"{item[axis]} px in {axis}" for axis in "xy" if item[axis] > 1)


def _by_kind(items: list[Item]) -> dict[tuple[str, float], list[Item]]:
    """Text too small, by the kind of its element and its size: a table's cells are one finding."""
    groups: dict[tuple[str, float], list[Item]] = {}
    for item in items:
        parts = item["path"].split(" > ")
        kind = " > ".join(part.split(":")[0] for part in parts)
        groups.setdefault((kind, item["size"]), []).append(item)
    return groups


def _finding(message: str, item: Item, hint: str, slide: int, outline: Outline) -> Finding:
    text = item["text"][:MOST_TEXT]
    more = "…" if len(item["text"]) > MOST_TEXT else ""
    quoted = f" “{text}{more}”" if text else ""
    return Finding(
        lint=NAME,
        message=f"{message}: {item['path']}{quoted}",
        place=outline.place_of(slide, text.strip()),
        slide=slide,
        hint=hint,
    )
