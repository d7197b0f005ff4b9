"""Controls of a served deck: any value shows on the slide as the real demo computes it.

Oracle: the API's own answer for the same parameters (see `test_live_api`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.conftest import Project
from tests.served import Served, served
from tests.test_live_api import make

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

SCRIPT = "<script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"
SCRIPT += '"><svg onload=window.broken=1>'
PLAIN = '''
"""Shows text, and does not stream."""


def run(*, text: str = "ciao", other: str = "sera") -> dict:
    if not text:
        raise ValueError("Il testo è vuoto: <b>scrivi</b>.")
    return {"text": text, "other": other}


def show(facts: dict) -> None:
    print(facts["text"])
'''
PARTIAL = (
    '<p title="{{ text }}" class="first">{{ text }}</p><p class="second">{{ other | code }}</p>\n'
)
LIVE = '{{ live("plain", "text", "other", text=["ciao"], other=["sera", "notte"]) }}'
SLIDE = f"\n---\n\n# Tre\n\n{LIVE}\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server; slide 2 has a demo that streams, slide 3 one that does not."""
    from tests import conftest

    project = Project(tmp_path_factory.mktemp("controls"))
    project.write("deck/deck.toml", conftest.DECK)
    project.write("deck/claims.toml", conftest.LEDGER)
    project.write("deck/slides/01-uno.md.j2", conftest.SLIDE)
    project.write("demos/twice.py", conftest.DEMO)
    project.write("demos/plain.py", PLAIN)
    project.write("deck/partials/plain.html.j2", PARTIAL)
    make(project)
    path = project.root / "deck/slides/01-uno.md.j2"
    path.write_text(path.read_text(encoding="utf-8") + SLIDE, encoding="utf-8")
    with served(project) as started:
        yield started


@pytest.fixture
def page(browser_of_each_kind: Browser) -> Iterator[Page]:
    """A page; what fails in it, a broken policy included, fails the test."""
    opened = browser_of_each_kind.new_context().new_page()
    failed: list[str] = []
    opened.on("pageerror", lambda error: failed.append(str(error)))
    opened.on(
        "console", lambda message: failed.append(message.text) if message.type == "error" else None
    )
    opened.set_default_timeout(20_000)
    yield opened
    assert [text for text in failed if "422" not in text] == []
    assert opened.evaluate("window.broken") is None
    opened.context.close()


def open_slide(page: Page, server: Served, number: int) -> None:
    """Open a slide and wait until its controls are the server's."""
    page.goto(f"{server.url}#{number}")
    expect(page.locator(f"#live-{number - 1}")).to_have_attribute("data-served", "yes")


def shown(page: Page, number: int) -> str:
    """The text below the controls."""
    return page.locator(f"#live-{number} .live-shown").inner_text()


def test_a_typed_text_shows_as_itself(page: Page, server: Served) -> None:
    """Script in every string parameter is text, in paragraphs, in attributes, in the code face."""
    open_slide(page, server, 3)
    page.get_by_label("text: any text").fill(SCRIPT)
    expect(page.locator("#live-2 .first")).to_have_text(SCRIPT)
    assert page.locator("#live-2 .first").get_attribute("title") == SCRIPT
    page.get_by_label("other: any text").fill(SCRIPT)
    expect(page.locator("#live-2 .second")).to_have_text(SCRIPT)
    assert page.locator("#live-2 script, #live-2 img, #live-2 .live-shown svg").count() == 0
    said = page.locator("#live-2 [role=status]")
    expect(said).to_contain_text(SCRIPT)


def test_a_value_of_the_list_is_still_there(page: Page, server: Served) -> None:
    """The list beside the field sets it, and what the grid has needs no request."""
    open_slide(page, server, 3)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.locator("#live-2-other").select_option("notte")
    expect(page.locator("#live-2 .second")).to_have_text("notte")
    expect(page.get_by_label("other: any text")).to_have_value("notte")
    assert "POST" not in asked
    page.get_by_label("other: any text").fill("mattina")
    expect(page.locator("#live-2 .second")).to_have_text("mattina")
    assert page.locator("#live-2-other").evaluate("e => e.selectedOptions[0].text") == "any text"


def test_what_the_demo_refuses_is_said_beside_the_field(page: Page, server: Served) -> None:
    """The demo's own ValueError shows as text over the last good answer, until a good value."""
    open_slide(page, server, 3)
    wrong = page.locator("#live-2 .live-wrong")
    page.get_by_label("text: any text").fill("")
    expect(wrong).to_have_text("Il testo è vuoto: <b>scrivi</b>.")
    assert "ciao" in shown(page, 2)
    page.get_by_label("text: any text").fill("di nuovo")
    expect(page.locator("#live-2 .first")).to_have_text("di nuovo")
    expect(wrong).to_be_hidden()


def test_a_slider_has_all_values_of_the_demo(page: Page, server: Served) -> None:
    """The grid has two values of n, the slider all 21; keys in it do not change the slide."""
    open_slide(page, server, 2)
    slider = page.locator("#live-1-n")
    assert slider.get_attribute("max") == "20"
    slider.focus()
    for _ in range(7):
        slider.press("ArrowRight")
    expect(page.locator("#live-1 .said")).to_have_text("ciao 35")
    assert slider.get_attribute("aria-valuetext") == "35"
    assert page.url.endswith("#2")


def test_streamed_text_shows_while_it_comes(page: Page, server: Served) -> None:
    """Parts show one behind the other where the partial has a place for them, then the result."""
    open_slide(page, server, 2)
    page.evaluate("""() => {
        window.seen = []
        const note = () => seen.push(document.querySelector('#live-1 [data-stream]')?.textContent)
        const all = { childList: true, characterData: true, subtree: true }
        new MutationObserver(note).observe(document.querySelector('#live-1 .live-shown'), all)
    }""")
    field = page.get_by_label("text: any text").first
    field.fill("uno due tre")
    field.press("Enter")
    expect(page.locator("#live-1 .said")).to_have_text("uno due tre 0")
    seen = page.evaluate("seen")
    assert "uno due tre " in seen
    expect(page.locator("#live-1 [data-stream]")).to_have_text("")


def test_a_hung_demo_says_so_on_the_slide(page: Page, server: Served) -> None:
    """After its time the demo is ended and the slide names its limit; the next value works."""
    open_slide(page, server, 2)
    field = page.get_by_label("text: any text").first
    field.fill("hang")
    field.press("Enter")
    expect(page.locator(".live-wrong").first).to_have_text(
        "demo says took longer than its limit of 2 s", timeout=30_000
    )
    field.fill("dopo")
    field.press("Enter")
    expect(page.locator("#live-1 .said")).to_have_text("dopo 0", timeout=30_000)


def test_a_saved_slide_keeps_its_controls(server: Served, page: Page) -> None:
    """A slide with controls that is changed in the open page has controls that work."""
    open_slide(page, server, 3)
    server.project.edit("deck/slides/01-uno.md.j2", "# Tre\n", "# Tre e mezzo\n")
    expect(page.locator(".bespoke-marp-active h1")).to_have_text("Tre e mezzo")
    expect(page.locator("#live-2")).to_have_attribute("data-served", "yes")
    page.get_by_label("text: any text").fill("ancora")
    expect(page.locator("#live-2 .first")).to_have_text("ancora")
    server.project.edit("deck/slides/01-uno.md.j2", "# Tre e mezzo\n", "# Tre\n")


def test_a_server_that_was_too_busy_is_asked_again(
    browser_of_each_kind: Browser, server: Served
) -> None:
    """The first question about a demo is refused, the next is not: the server's controls come."""
    page = (
        browser_of_each_kind.new_context().new_page()
    )  # not the fixture's: its console tells of the refusal
    refused: list[str] = []

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.fulfill(
                status=503, headers={"retry-after": "1"}, json={"error": {"message": "busy"}}
            )

    page.route("**/api/demos/plain", refuse_once)
    page.goto(f"{server.url}#3")
    expect(page.locator("#live-2")).to_have_attribute("data-served", "yes", timeout=10_000)
    assert refused
    page.context.close()
