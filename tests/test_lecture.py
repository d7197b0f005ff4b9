"""The lecture as it is built: each control gives what the demo gives, with no server and no network.

Oracle: the demos' own `run`, called here with the parameters of a point.
"""

from __future__ import annotations

import importlib
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from llmdeck.controls import Live, one_line
from llmdeck.resolve import resolve
from llmdeck.worker import normalise
from tests.conftest import ROOT, Project

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the lecture, built from the committed store."""
    project = Project(tmp_path_factory.mktemp("lecture"))
    for name in ("deck", "demos"):
        shutil.copytree(ROOT / name, project.root / name, ignore=shutil.ignore_patterns("__pycache__"))
    done = project.run("build")
    assert done.returncode == 0, done.stderr
    assert "0 variants computed" in done.stdout
    return project


@pytest.fixture(scope="module")
def lives(lecture: Project) -> list[Live]:
    """Everything that has controls, in the order of the slides."""
    return list(resolve(lecture.config, lambda *_: None).rendered.lives)


def places(number: int, live: Live) -> list[int]:
    """The place of each control at a point."""
    found = []
    for axis in reversed(live.axes):
        number, place = divmod(number, len(axis.values))
        found.append(place)
    return found[::-1]


def by_keyboard(control: Locator, place: int) -> None:
    """Set a control with keys alone."""
    control.focus()
    kind = control.get_attribute("type")
    if kind == "checkbox":
        if control.is_checked() != bool(place):
            control.press("Space")
        return
    control.press("Home")
    for _ in range(place):
        control.press("ArrowRight" if kind == "range" else "ArrowDown")


def by_mouse(control: Locator, place: int) -> None:
    """Set a control with the mouse: a click where the value lies, or on the option."""
    kind = control.get_attribute("type")
    if kind == "checkbox":
        control.set_checked(bool(place))
    elif kind == "range":
        box, last = control.bounding_box(), int(control.get_attribute("max") or 0)
        assert box
        thumb = min(16 * box["height"] / 16, 20)  # the thumb's middle moves between its own half widths
        control.page.mouse.click(
            box["x"] + thumb / 2 + (box["width"] - thumb) * place / max(last, 1), box["y"] + box["height"] / 2
        )
        if int(control.input_value()) != place:  # a click is as exact as a pixel
            control.evaluate("(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})) }", place)
    else:
        control.select_option(index=place)


def compute(live: Live, number: int) -> str:
    """The fragment that the demo's own answer makes, computed now."""
    parameters = live.parameters()[number]
    facts = normalise(importlib.import_module(f"demos.{live.variant.demo}").run(**parameters))
    return one_line(live.render(facts, parameters))


def parsed(page: Page, fragment: str) -> str:
    """A fragment as the browser writes it."""
    found: str = page.evaluate("html => new DOMParser().parseFromString(html, 'text/html').body.innerHTML", fragment)
    return found


def test_each_control_gives_what_the_demo_gives(lecture: Project, lives: list[Live], chromium: Browser) -> None:
    """By mouse and by keyboard alone, at points of each grid, off line: the same HTML, no request, the same slide."""
    page = chromium.new_context(offline=True, viewport={"width": 1280, "height": 720}).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lecture.html.as_uri())
    address = page.url
    assert lives, "the lecture has no controls"
    for live in lives:
        block = page.locator(f"#{live.id}")
        slide = block.evaluate("e => e.closest('svg[data-marpit-svg]').parentElement.querySelectorAll"
                               "('svg[data-marpit-svg]') && [...document.querySelectorAll('svg[data-marpit-svg]')]"
                               ".indexOf(e.closest('svg[data-marpit-svg]')) + 1")  # fmt: skip
        page.goto(f"{address.split('#')[0]}#{slide}")
        controls = block.locator(".live-control :is(select, input)")
        n_points = len(live.facts)
        for number, set_to in ((0, by_mouse), (n_points // 3, by_keyboard), (n_points - 1, by_mouse)):
            for control, place in zip(controls.all(), places(number, live), strict=True):
                set_to(control, place)
            expect(block).to_have_attribute("data-point", str(number))
            wanted = parsed(page, compute(live, number))
            assert block.locator(".live-shown").inner_html() == wanted, (live.variant, live.parameters()[number])
        assert page.url.endswith(f"#{slide}")
    assert {url for url in asked if not url.startswith("data:")} == {address}
    page.context.close()
