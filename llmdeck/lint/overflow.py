"""Each slide in a browser, at its own size: what sticks out or is cut, text too small, pictures that don't load.

`overflow.js` measures in the page; here a browser is started and what it measured becomes findings.
Figures are pictures: their text is measured as the slide shows it, text and matplotlib's outlines
of text.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from llmdeck.config import Config
from llmdeck.errors import DeckError, MissingToolError
from llmdeck.lint.deck import Outline, ReadDeck
from llmdeck.lint.spelling import INSTALL
from llmdeck.marp import browser
from llmdeck.model import Finding
from llmdeck.results import fingerprint
from llmdeck.run.batch import Progress

NAME = "overflow"
MEASURE = Path(__file__).with_suffix(".js")
SHOWN = 40
"""How much of an element's text a message has."""
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += [
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
]


def look(deck: ReadDeck, progress: Progress) -> list[Finding]:
    """What the slides show wrong; the deck is built first where something has changed.

    Raises:
        MissingToolError: where Playwright or a browser is not there.
    """
    need_playwright()
    program = browser.find_browser()
    slides = measure(_built(deck.config, progress), program, deck.config.lint.smallest_text_px)
    return [
        finding
        for number, slide in enumerate(slides, 1)
        for finding in findings(slide, number, deck.outline, deck.config.lint.smallest_text_px)
    ]


def need_playwright() -> None:
    """See that Playwright is installed.

    Raises:
        MissingToolError: where it isn't.
    """
    if importlib.util.find_spec("playwright") is None:
        raise MissingToolError(
            "the overflow lint needs Playwright, which is not installed", hint=INSTALL
        )


def _built(config: Config, progress: Progress) -> Path:
    """The deck as HTML, built anew where it is not what a build would write."""
    from llmdeck.build import Options, build
    from llmdeck.marp.process import Marp

    before = fingerprint.inputs(config)
    names = {fingerprint.name_of("deck.html", notes=notes) for notes in (True, False)}
    if not fingerprint.current(config, names, before):
        with Marp() as marp:
            build(config, Options(), marp, progress, before=before)
    return config.output / "deck.html"


def measure(page: Path, program: Path, smallest: float) -> list[dict[str, Any]]:
    """What `overflow.js` finds on each slide of a built page.

    Raises:
        MissingToolError: where the browser does not start.
    """
    with ThreadPoolExecutor(
        max_workers=1
    ) as thread:  # the caller's own may drive a browser already: one a thread
        return thread.submit(_measure, page, program, smallest).result()


def _measure(page: Path, program: Path, smallest: float) -> list[dict[str, Any]]:
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(
                executable_path=program, args=QUIET, chromium_sandbox=False
            )
        except Error as error:
            raise MissingToolError(
                f"the browser {program} does not start", printed=error.message
            ) from None
        try:
            view = started.new_page()
            view.goto(page.resolve().as_uri())
            box = (
                view.locator("svg[data-marpit-svg]").first.get_attribute("viewBox")
                or "0 0 1280 720"
            )
            width, height = (round(float(part)) for part in box.split()[2:])
            view.set_viewport_size(
                {"width": width, "height": height}
            )  # one pixel of a slide is one of the screen
            slides: list[dict[str, Any]] = view.evaluate(
                MEASURE.read_text(encoding="utf-8"), smallest
            )
            return slides
        except Error as error:
            raise DeckError("the slides can't be measured", printed=error.message) from None
        finally:
            started.close()


def findings(
    slide: dict[str, Any], number: int, outline: Outline, smallest: float
) -> Iterator[Finding]:
    """What was measured on one slide, as findings."""
    sides = {"X": "wide", "Y": "high"}

    def finding(message: str, item: dict[str, Any], hint: str) -> Finding:
        text = item["text"][:SHOWN] + ("…" if len(item["text"]) > SHOWN else "")
        shown = f"{message}: {item['path']}" + (f" “{text}”" if text else "")
        place = outline.place_of(number, item["text"][:SHOWN].strip())
        return Finding(lint=NAME, message=shown, place=place, slide=number, hint=hint)

    for item in slide["over"]:
        yield finding(
            f"{item['pixels']} px too {sides[item['axis']]}", item, "cut words, or split the slide"
        )
    for item in slide["cut"]:
        beyond = " and ".join(f"{item[axis]} px in {axis}" for axis in "xy" if item[axis] > 1)
        yield finding(f"a box cuts {beyond}", item, "make the box larger, or its content smaller")
    for (path, size), items in _grouped(slide["small"]).items():
        several = f" ({len(items)} times)" if len(items) > 1 else ""
        hint = f"at least {smallest:g} px, as [lint] smallest_text_px says"
        yield finding(f"text of {size:g} px{several}", items[0] | {"path": path}, hint)
    for item in slide["unloaded"]:
        yield finding(f"a picture does not load ({item['address']})", item, "is the file whole?")


def _grouped(items: list[dict[str, Any]]) -> dict[tuple[str, float], list[dict[str, Any]]]:
    """Text too small by its element's kind and size: a table's cells are one finding."""
    groups: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for item in items:
        kind = (
            ">".join(part.split(":")[0] for part in item["path"].split(">"))
            .replace(" >", " >")
            .replace(">", "> ")
        )
        groups.setdefault(
            (" > ".join(part.strip() for part in kind.split(">")), item["size"]), []
        ).append(item)
    return groups
