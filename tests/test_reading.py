"""The reading view: on a phone held upright the pages stand in a column, with letters to be read.

The oracle is Chromium with a phone's screen and fingers, 390 × 844 pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Project, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = """[...document.querySelectorAll('.bespoke-marp-slide section')].flatMap((section) => {
  const scale = section.getBoundingClientRect().width / section.offsetWidth
  const said = (e) => [...e.childNodes].some((n) => n.nodeType == 3 && n.data.trim())
  const seen = (e) => e.checkVisibility() && !e.closest('svg svg, .katex, option')
  const size = (e) => parseFloat(getComputedStyle(e).fontSize) * scale
  return [...section.querySelectorAll('*')].filter((e) => said(e) && seen(e)).map(size)
    .filter((px) => px > 0)
})"""
ON = "document.documentElement.classList.contains('llmdeck-reading')"
ACTIVE = "Number(document.querySelector('svg.bespoke-marp-active section').id)"


@pytest.fixture
def phone(chromium: Browser, lecture: Project) -> Iterator[Page]:
    """The lecture on a phone held upright."""
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(lecture.html.as_uri())
    until(page, ON)
    yield page
    context.close()


def test_letters_have_sixteen_pixels_or_more(phone: Page) -> None:
    """On every page; the toolkit makes 24 pixels of a slide 16 of the screen."""
    sizes = phone.evaluate(SIZES)
    assert len(sizes) > 500
    assert min(sizes) > 15.9


def test_pages_stand_one_below_the_other_and_nothing_is_wider_than_the_screen(phone: Page) -> None:
    """All are there, in their order, none over another; the page scrolls down alone."""
    boxes = phone.evaluate("""[...document.querySelectorAll('.bespoke-marp-slide')].map((slide) => {
      const { top, bottom, width } = slide.getBoundingClientRect()
      return [top, bottom, width]
    })""")
    assert len(boxes) > 40
    for (_, bottom, width), (top, *_) in pairwise(boxes):
        assert top >= bottom - 1
        assert width == 390
    assert phone.evaluate("document.documentElement.scrollWidth") == 390


def test_no_page_is_higher_than_it_shows(phone: Page) -> None:
    """Each slide has room for its text, also after a question was opened."""
    cut = """[...document.querySelectorAll('.bespoke-marp-slide section')].filter((section) =>
      section.offsetHeight > section.parentElement.height.baseVal.value + 2).length"""
    assert phone.evaluate(cut) == 0
    phone.evaluate("document.querySelector('details.reveal').open = true")
    until(phone, f"{cut} == 0")


def test_an_address_with_a_page_shows_that_page(phone: Page) -> None:
    """A link to a page scrolls to it, and a finger that moves turns none."""
    phone.goto(phone.url.split("#")[0] + "#7")
    top = (
        "Math.abs(document.querySelectorAll('.bespoke-marp-slide')[6].getBoundingClientRect().top)"
    )
    until(phone, f"{top} < 2")
    phone.evaluate("scrollBy(0, 300)")
    until(phone, f"{top} > 290")


def test_a_row_of_the_register_opens_on_a_phone(phone: Page) -> None:
    """A tap on a verdict shows its row, within the screen."""
    phone.locator("a.row").first.tap()
    box = phone.locator(".llmdeck-row").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_a_phone_that_is_turned_shows_slides_again(phone: Page) -> None:
    """On the page that was being read, in the size that it had."""
    phone.evaluate("document.querySelectorAll('.bespoke-marp-slide')[8].scrollIntoView()")
    phone.set_viewport_size({"width": 844, "height": 390})
    until(phone, f"!{ON} && {ACTIVE} == 9")
    box = phone.locator("svg.bespoke-marp-active").get_attribute("viewBox")
    assert box == "0 0 1280 720"


def test_without_scripts_all_pages_can_be_scrolled_to(chromium: Browser, lecture: Project) -> None:
    """The last page's end comes into view by scrolling."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 720}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(lecture.html.as_uri())
    page.mouse.move(640, 360)
    page.mouse.wheel(0, 1_000_000)
    last = page.locator("svg[data-marpit-svg]").last
    page.wait_for_timeout(300)
    box = last.bounding_box()
    assert box is not None
    assert box["y"] < 720
    context.close()
