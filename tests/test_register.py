"""The register: each claim has its row, no page is too high, links lead to rows and back.

The oracle for what fits and where a link leads is Chromium.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from llmdeck.config import load
from llmdeck.ledger import load_ledger
from tests.conftest import ROOT, Project, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = """
{% for page in register(rows=4) %}
# Registro {{ loop.index }}

{{ page }}

{% call notes() %}Anche qui {{ claim("half") }}.{% endcall %}
{% if not loop.last %}

---

{% endif %}
{% endfor %}
"""
ACTIVE = "Number(document.querySelector('svg.bespoke-marp-active section').id)"


@pytest.fixture
def page(chromium: Browser, lecture: Project) -> Iterator[Page]:
    """The lecture in a browser."""
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    page.goto(lecture.html.as_uri())
    page.evaluate("document.fonts.ready")
    yield page
    page.close()


@pytest.fixture
def paper(chromium: Browser, lecture: Project) -> Iterator[Page]:
    """The lecture without scripts, where the register's pages are pages, as on paper."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 720}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(lecture.html.as_uri())
    yield page
    context.close()


def pages(page: Page) -> list[dict[str, Any]]:
    """Return what each page of the register measures: beyond its padding, smallest text, rows."""
    found: list[dict[str, Any]] = (
        page.evaluate("""[...document.querySelectorAll('.register')].map((list) => {
      const section = list.closest('section'), style = getComputedStyle(section)
      const bottom = section.clientHeight - parseFloat(style.paddingBottom)
      const right = section.clientWidth - parseFloat(style.paddingRight)
      const said = (e) => [...e.childNodes].some((n) => n.nodeType == 3 && n.data.trim())
      const all = [...list.querySelectorAll('*')].filter(said)
      return {
        down: list.offsetTop + list.offsetHeight - bottom,
        high: list.offsetHeight,
        wide: Math.floor(list.offsetLeft + list.scrollWidth - right),
        px: Math.min(...all.map((e) => parseFloat(getComputedStyle(e).fontSize))),
        rows: [...list.children].map((row) => row.id),
      }
    })""")
    )
    return found


def test_no_page_of_the_lectures_register_overflows(paper: Page) -> None:
    """Rows stay within the slide's padding, and nothing is under 18 px."""
    found = pages(paper)
    assert len(found) > 10
    for each in found:
        assert each["down"] <= 0, each
        assert each["wide"] <= 0, each
        assert each["px"] >= 18, each


def test_no_slide_of_the_lecture_overflows_when_its_questions_are_open(page: Page) -> None:
    """As in the PDF: question and answer of each are within the slide's padding."""
    ends = page.evaluate("""[...document.querySelectorAll('details.reveal')].map((details) => {
      for (const each of details.parentElement.querySelectorAll('details')) each.open = true
      return details.offsetTop + details.offsetHeight
    })""")
    assert len(ends) >= 9
    assert max(ends) <= 666


def test_every_claim_of_the_lecture_has_one_row_in_the_ledgers_order(page: Page) -> None:
    """And no element's id is there twice, so that a link leads to one place."""
    ids = [row for each in pages(page) for row in each["rows"]]
    assert ids == [f"row-{key}" for key in load_ledger(load(ROOT))]
    assert page.evaluate("(() => { const i = [...document.querySelectorAll('[id]')].map(e => e.id);"
                         " return i.filter((id, n) => i.indexOf(id) != n) })()") == []  # fmt: skip


ROWS = "document.querySelectorAll('.llmdeck-row').length"


def go_to_claim(page: Page, claim: str) -> int:
    """Show the slide that says a claim first; return its number."""
    said = int(page.locator(f"#claim-{claim}").evaluate("(a) => a.closest('section').id"))
    page.goto(page.url.split("#")[0] + f"#{said}")
    until(page, f"{ACTIVE} == {said}")
    return said


def test_the_registers_pages_are_not_projected(page: Page, lecture: Project) -> None:
    """The last page that is shown says no row of the register; Marp counts none of them."""
    counted = page.locator("[data-bespoke-marp-osc=page]").text_content() or ""
    n_shown = page.locator(".bespoke-marp-slide").count()
    assert counted.endswith(f" {n_shown}")
    page.keyboard.press("End")
    until(page, f"{ACTIVE} == {n_shown}")
    assert page.locator(".bespoke-marp-slide .register").count() == 0
    html = lecture.html.read_text(encoding="utf-8")
    assert html.count('<ul class="register">') == html.count("<svg data-marpit-svg") - n_shown


def test_a_verdict_opens_its_row_in_place(page: Page) -> None:
    """A click on the mark shows the row on its own slide, within it; a second click closes it."""
    for claim in ("llm-probabilistic-model", "gpt3-350gb", "bias-regularization-guarantees"):
        said = go_to_claim(page, claim)
        mark = page.locator(f"#claim-{claim} + a.row")
        mark.click()
        row = page.locator(".bespoke-marp-active .llmdeck-row")
        words = " ".join((row.text_content() or "").split())
        stored = " ".join((page.locator(f"#row-{claim}").text_content() or "").split())
        assert words == stored
        assert page.evaluate(ACTIVE) == said
        inside = row.evaluate(
            "(row) => [row.offsetTop, row.closest('section').clientHeight"
            " - row.offsetTop - row.offsetHeight]"
        )
        assert min(inside) >= 0
        mark.click()
        assert page.evaluate(ROWS) == 0


def test_a_row_opens_and_closes_by_the_keyboard(page: Page) -> None:
    """Enter opens it and gives it the focus; Escape gives the focus back and opens no overview."""
    go_to_claim(page, "gpt3-350gb")
    page.locator("#claim-gpt3-350gb + a.row").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.className") == "llmdeck-row"
    page.keyboard.press("Escape")
    assert page.evaluate(ROWS) == 0
    assert page.evaluate("document.activeElement.className") == "row"
    assert page.locator(".bespoke-marp-overview").count() == 0


def test_a_row_closes_where_the_page_is_turned_or_something_else_is_clicked(page: Page) -> None:
    """It belongs to its page; and its first number leads to a page that says the claim."""
    said = go_to_claim(page, "gpt3-350gb")
    mark = page.locator("#claim-gpt3-350gb + a.row")
    mark.click()
    page.keyboard.press("ArrowRight")
    until(page, f"{ACTIVE} == {said + 1} && {ROWS} == 0")
    go_to_claim(page, "gpt3-350gb")
    mark.click()
    page.locator(".bespoke-marp-active h1").click()
    assert page.evaluate(ROWS) == 0
    mark.click()
    page.locator(".llmdeck-row p + p a").nth(1).click()
    until(page, f"{ACTIVE} != {said} && {ROWS} == 0")


def test_without_scripts_a_verdict_leads_to_its_row(paper: Page) -> None:
    """The mark is a link, and its row is further down the same page."""
    before = paper.evaluate("scrollY")
    paper.locator("#claim-gpt3-350gb + a.row").click()
    assert paper.evaluate("document.querySelector(':target').id") == "row-gpt3-350gb"
    assert paper.evaluate("scrollY") > before


def test_a_row_tells_verdict_source_command_and_what_is_often_said(page: Page) -> None:
    """The sentence is the slide's; the source is a link; the command is what a student types."""
    row = page.locator("#row-gpt3-437gb")
    words = " ".join((row.text_content() or "").split())
    assert "corretto" in words
    assert "richiede 437.5GB di VRAM" in words  # as the draft wrote it
    assert "llmdeck demo vram --dtype fp16 --model gpt3-175b" in words
    sentence = " ".join((page.locator("#claim-gpt3-437gb").text_content() or "").split())
    assert sentence in words
    assert row.locator("a[href='https://arxiv.org/abs/2005.14165']").count() == 1


def test_the_register_counts_as_no_slide_that_says_a_claim(lecture: Project) -> None:
    """`claims --json` names the slides of the prose, and never a page of the register."""
    rows = json.loads(lecture.run("claims", "--json").stdout)
    text = (lecture.root / "build/deck.md").read_text(encoding="utf-8")
    first = (
        1
        + text.split("\n---\n").index(
            next(s for s in text.split("\n---\n") if 'class="register"' in s)
        )
        - 1
    )
    assert all(slide < first for row in rows for slide in row["slides"])
    assert {tuple(row["slides"]) for row in rows} != {()}


def test_no_row_overflows_whatever_the_ledger_holds(project: Project, chromium: Browser) -> None:
    """Long sentences, wide letters, endless words, many sources, markup: a row fits on a page."""
    nasty = [
        "m" * 400,
        "WWWW " * 60,
        "漢字" * 150,
        "parola " * 90,
        "*a* `b` <i>c</i> & $x$",
        "x",
        "😀 " * 50,
    ]
    nasty = [
        text
        for text in [*nasty, "buona parola " * 90, "senza onde o gonne " * 90]
        for _ in range(4)
    ]
    for n, text in enumerate(nasty):
        sources = [f"Autore {n} {text[:200]}, 2020: https://example.com/{'a' * 90}"] * (
            1 + n % 5
        ) + ["senza indirizzo"]
        table = {
            "says": text,
            "often": text,
            "sources": sources,
            "demo": "twice",
            "holds": "n >= 0",
        }
        lines = "\n".join(
            f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()
        )
        with (project.root / "deck/claims.toml").open("a", encoding="utf-8") as ledger:
            ledger.write(f'\n[c{n}]\nwith = {{ n = {n} }}\nverdict = "corrected"\n{lines}\n')
    project.write(
        "deck/slides/02-registro.md.j2",
        PAGES.replace("rows=4", "rows=1").replace(
            "{% call notes() %}", "{% call notes() %}{{ '' }}"
        ),
    )
    done = project.run("build")
    assert done.returncode == 0, done.stderr
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    page.goto(project.html.as_uri())
    found = pages(page)
    page.close()
    assert sum(len(each["rows"]) for each in found) == len(nasty) + 1
    assert [each for each in found if each["high"] > 430 or each["wide"] > 0] == []
    text = (project.root / "build/deck.md").read_text(encoding="utf-8")
    assert not set("\ue000\ue001\ue002\ue003\ue004") & set(text)


def test_a_moved_fact_is_told_at_its_slide_first_and_then_at_its_row(project: Project) -> None:
    """`check` names the line of the prose, and the page of the register that repeats it."""
    project.write("deck/slides/02-registro.md.j2", PAGES)
    project.write("deck/slides/03-dopo.md.j2", "# Dopo\n")
    assert project.run("build").returncode == 0
    project.edit("demos/twice.py", '"size_gb": 2.5 * n', '"size_gb": 2.6 * n')
    done = project.run("check")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("deck/slides/01-uno.md.j2:4 (slide 1): twice: size_gb was 52.5")
    assert "  also at deck/slides/02-registro.md.j2:1 (slide 2)" in lines


def test_old_facts_are_marked_on_the_register_too(project: Project) -> None:
    """With `--keep-stale` a page of the register says that its row is old, and no other does."""
    more = '\n[fresh{n}]\ndemo = "other"\nsays = "{text}"\nholds = "true"\nverdict = "verified"\n'
    ledger = project.root / "deck/claims.toml"
    rows = "".join(more.format(n=n, text="parola " * 30) for n in range(9))
    ledger.write_text(rows + ledger.read_text(encoding="utf-8"), encoding="utf-8")
    project.write("demos/other.py", (project.root / "demos/twice.py").read_text(encoding="utf-8"))
    project.write("deck/slides/02-registro.md.j2", PAGES.replace('{{ claim("half") }}', "niente"))
    assert project.run("build").returncode == 0
    project.edit("demos/twice.py", "return {", "return 1 / 0, {")
    assert project.run("build", "--keep-stale").returncode == 0
    slides = (project.root / "build/deck.md").read_text(encoding="utf-8").split("\n---\n")[1:]
    assert len(slides) > 2
    assert ["not updated" in slide for slide in slides] == [
        True,
        *([False] * (len(slides) - 2)),
        True,
    ]


def test_without_a_register_a_verdict_is_no_link(project: Project) -> None:
    """A deck that shows no register links to none."""
    assert project.run("build").returncode == 0
    text = (project.root / "build/deck.md").read_text(encoding="utf-8")
    assert '<span class="verdict verified">verified</span>' in text
    assert "<a" not in text
