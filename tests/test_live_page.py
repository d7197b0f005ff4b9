"""A served deck in a real browser: what is saved shows, on the same slide; errors come and go.

Oracle for the page: the deck that `llmdeck build` makes of the same sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.conftest import Project
from tests.served import Served, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MORE = """
# Due

Prima.

{% call notes() %}
Nota prima.
{% endcall %}

---

# Tre

{{ figure("twice") }}
"""
PLOT = """
def plot(facts):
    from matplotlib.figure import Figure
    figure = Figure()
    figure.add_subplot().set_title(str(facts["double"]))
    return figure


def alt(facts):
    return "doppio " + str(facts["double"])
"""


@pytest.fixture
def deck(project: Project) -> Project:
    """Three slides in two templates, with a figure."""
    project.write("deck/slides/02-due.md.j2", MORE)
    demo = project.root / "demos/twice.py"
    demo.write_text(demo.read_text(encoding="utf-8") + PLOT, encoding="utf-8")
    return project


@pytest.fixture
def server(deck: Project) -> Iterator[Served]:
    """The deck, served."""
    with served(deck) as started:
        yield started


@pytest.fixture
def page(server: Served, browser_of_each_kind: Browser) -> Iterator[Page]:
    """The page on slide 2, marked so that loading it again shows."""
    opened = browser_of_each_kind.new_context().new_page()
    yield go(opened, server)
    opened.context.close()


def go(page: Page, server: Served) -> Page:
    """Open slide 2."""
    page.goto(f"{server.url}#2")
    page.evaluate("window.mark = 'here'")
    return page


def slide(page: Page) -> str:
    """The text of the slide that is shown."""
    return page.locator(".bespoke-marp-active section").inner_text()


def was_loaded_again(page: Page) -> bool:
    """Whether the page is another one than `go` opened."""
    return page.evaluate("window.mark") != "here"


def test_the_page_is_what_a_build_makes(server: Served, page: Page) -> None:
    """Without what a server adds, the served page is the built one, byte for byte."""
    html = server.ask("GET", "/").body.decode()
    assert server.project.run("build").returncode == 0
    ours = re.compile(
        r'<script type="application/json" id="llmdeck">.*?</script>(?=</body>)', re.DOTALL
    )
    policy = re.compile(r" ?\'sha256-[^\']*\'|; connect-src \'self\'")
    built = server.project.html.read_text(encoding="utf-8")
    assert policy.sub("", ours.sub("", html)) == policy.sub("", built)
    assert built.count("'sha256-") + 1 == html.count("'sha256-")
    assert slide(page).startswith("Due")


def test_a_saved_slide_shows_where_it_is_without_loading(server: Served, page: Page) -> None:
    """Text and notes of a slide change in the page that is open; it stays on its slide."""
    server.project.edit("deck/slides/02-due.md.j2", "Prima.", "Dopo.")
    expect(page.locator(".bespoke-marp-active")).to_contain_text("Dopo.")
    server.project.edit("deck/slides/02-due.md.j2", "Nota prima.", "Nota dopo.")
    expect(page.locator(".bespoke-marp-note[data-index='1']")).to_contain_text("Nota dopo.")
    assert not was_loaded_again(page)
    assert page.url.endswith("#2")
    html = server.ask("GET", "/").body.decode()
    assert page.evaluate("JSON.parse(document.getElementById('llmdeck').textContent).build") != ""
    assert "Dopo." in html


def test_a_new_slide_before_it_loads_the_page_on_its_number(server: Served, page: Page) -> None:
    """Where the number of slides changes the page is loaded, and the slide's number stays."""
    server.project.edit("deck/slides/02-due.md.j2", "# Due\n", "# Nuova\n\n---\n\n# Due\n")
    expect(page.locator(".bespoke-marp-active")).to_contain_text("Nuova")
    assert was_loaded_again(page)
    assert page.url.endswith("#2")


def test_ledger_theme_demo_and_partials_are_followed(server: Served, page: Page) -> None:
    """A saved claim, a saved demo with its figure, a new theme: each shows."""
    page.goto(f"{server.url}#1")
    active = page.locator(".bespoke-marp-active")
    server.project.edit("deck/claims.toml", "la metà pesa", "metà fa")
    expect(active).to_contain_text("metà fa 52,5 GB")
    server.project.edit("demos/twice.py", "n: int = 21", "n: int = 22")
    expect(active).to_contain_text("Il doppio è 44")
    expect(page.locator("img[alt='doppio 44']")).to_have_count(1)
    server.project.write(
        "deck/theme/mia.css", "/* @theme mia */ @import 'default'; section { color: rgb(1, 2, 3); }"
    )
    server.project.edit("deck/deck.toml", 'lang = "it"', 'lang = "it"\ntheme = "mia"')
    expect(page.locator(".bespoke-marp-active section")).to_have_css("color", "rgb(1, 2, 3)")
    server.project.edit("deck/theme/mia.css", "rgb(1, 2, 3)", "rgb(4, 5, 6)")
    expect(page.locator(".bespoke-marp-active section")).to_have_css("color", "rgb(4, 5, 6)")


def test_pictures_and_data_files_are_followed(deck: Project, browser_of_each_kind: Browser) -> None:
    """A saved picture shows; a saved data file runs the demo that reads it; the slide stays."""
    square = '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}">'
    square += '<rect width="9" height="9"/></svg>'
    deck.write("deck/quadro.svg", square.format(30))
    deck.write("demos/data/n.txt", "20")
    deck.edit(
        "demos/twice.py",
        '"double": 2 * n',
        '"double": 2 * n, "read": int(open("demos/data/n.txt").read())',
    )
    deck.edit(
        "deck/slides/02-due.md.j2",
        "Prima.",
        '![quadro](quadro.svg) Letto: {{ demo("twice").read }}.',
    )
    page = browser_of_each_kind.new_context().new_page()
    with served(deck) as server:
        go(page, server)
        picture = page.locator("img[alt='quadro']")
        expect(picture).to_have_js_property("naturalWidth", 30)
        expect(page.locator(".bespoke-marp-active")).to_contain_text("Letto: 20.")
        deck.write("deck/quadro.svg", square.format(40))
        expect(picture).to_have_js_property("naturalWidth", 40)
        deck.write("demos/data/n.txt", "30")
        expect(page.locator(".bespoke-marp-active")).to_contain_text("Letto: 30.")
        assert page.url.endswith("#2")
        expect(page.locator(".llmdeck-wrong")).to_be_hidden()
    page.context.close()


def test_an_error_shows_with_its_line_and_goes_when_mended(server: Served, page: Page) -> None:
    """A misspelt fact shows with file and line over the last good slide; mended, it is gone."""
    wrong = page.locator(".llmdeck-wrong")
    expect(wrong).to_be_hidden()
    server.project.edit("deck/slides/01-uno.md.j2", "f.double", "f.duble")
    expect(wrong).to_contain_text("deck/slides/01-uno.md.j2:4: ")
    expect(wrong).to_contain_text("did you mean `double`?")
    assert "Prima." in slide(page)
    page.reload()
    expect(wrong).to_contain_text("deck/slides/01-uno.md.j2:4: ")
    server.project.edit("deck/slides/01-uno.md.j2", "f.duble", "f.double")
    expect(wrong).to_be_hidden()


def test_a_demo_that_fails_is_told_with_its_own_line(server: Served, page: Page) -> None:
    """A demo's exception shows with the demo's line, a claim that does not hold with its own."""
    wrong = page.locator(".llmdeck-wrong")
    server.project.edit("demos/twice.py", '"double": 2 * n', '"double": 2 * n / 0')
    expect(wrong).to_contain_text("demos/twice.py:5: ")
    expect(wrong).to_contain_text("ZeroDivisionError")
    server.project.edit("demos/twice.py", '"double": 2 * n / 0', '"double": 3 * n')
    expect(wrong).to_contain_text("claim half does not hold")
    server.project.edit("demos/twice.py", '"double": 3 * n', '"double": 2 * n')
    expect(wrong).to_be_hidden()


def test_a_deck_that_never_was_good_shows_its_error_first(deck: Project, chromium: Browser) -> None:
    """With a mistake from the start the page has the error, and the deck once it is mended."""
    deck.edit("deck/slides/01-uno.md.j2", "f.double", "f.duble")
    page = chromium.new_context().new_page()
    with served(deck) as server:
        page.goto(server.url)
        expect(page.locator(".llmdeck-wrong")).to_contain_text("deck/slides/01-uno.md.j2:4: ")
        deck.edit("deck/slides/01-uno.md.j2", "f.duble", "f.double")
        expect(page.locator(".bespoke-marp-active")).to_contain_text("Il doppio è 42")
    page.context.close()


def test_two_browsers_and_the_presenter_view_follow(
    server: Served, page: Page, chromium: Browser
) -> None:
    """Two browsers show what is saved; so does the presenter view, with its notes."""
    other = go(chromium.new_context().new_page(), server)
    presenter = page.context.new_page()
    presenter.goto(f"{server.url}?view=presenter#2")
    server.project.edit("deck/slides/02-due.md.j2", "Prima.", "Dopo.")
    server.project.edit("deck/slides/02-due.md.j2", "Nota prima.", "Nota dopo.")
    for each in (page, other):
        expect(each.locator(".bespoke-marp-active")).to_contain_text("Dopo.")
    expect(presenter.locator(".bespoke-marp-note[data-index='1']")).to_contain_text("Nota dopo.")
    other.context.close()


def test_a_server_that_comes_back_is_found_again(
    deck: Project, browser_of_each_kind: Browser
) -> None:
    """The page says that its server was killed; started again, it shows what was saved since."""
    page = browser_of_each_kind.new_context().new_page()
    with served(deck) as server:
        go(page, server)
        port = server.port
    lost = page.locator(".llmdeck-lost")
    expect(lost).to_have_text("the server has stopped: waiting for it")
    with served(deck, port=port):
        expect(lost).to_be_hidden(timeout=20_000)
        assert not was_loaded_again(page)
    expect(lost).to_be_visible()
    deck.edit("deck/slides/02-due.md.j2", "Prima.", "Dopo.")
    with served(deck, port=port):
        expect(page.locator(".bespoke-marp-active")).to_contain_text("Dopo.", timeout=20_000)
    page.context.close()


def test_fragments_of_a_slide_are_counted_anew(server: Served, page: Page) -> None:
    """A list that appears item by item: after a save its steps are those of the new list."""
    server.project.edit("deck/slides/02-due.md.j2", "Prima.", "* uno\n* due")
    expect(page.locator(".bespoke-marp-active li")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "Due" in slide(page)
