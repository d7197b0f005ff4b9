"""Verdicts, wrong sentences, controls and the register are told apart and read in every theme.

Oracle: what Chromium computes; contrast as WCAG 2.2 defines it (4.5:1 for text).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from llmdeck.render.deck import front_matter
from tests.conftest import ROOT, Project, copy_lecture

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

LEDGER = """
[a]
demo = "twice"
says = "right"
holds = "n == 21"
verdict = "verified"
[b]
demo = "twice"
says = "right"
often = "wrong"
holds = "n == 21"
verdict = "corrected"
[c]
says = "said"
verdict = "cited"
sources = ["Somebody"]
"""
SLIDE = """
{% for look in ["", "invert"] %}
<!-- _class: {{ look }} -->

# Uno

{{ claim("a") }} {{ claim("b") }} {{ claim("c") }} {{ often("b") }}

{{ live("pick", "kind", "on") }}

{% for page in register() %}
{{ page }}
{% endfor %}
{% if not loop.last %}

---

{% endif %}
{% endfor %}
"""
PICK = '''
"""Picks."""
from typing import Literal


def run(*, kind: Literal["ab", "cd"] = "ab", on: bool = True) -> dict:
    return {"kind": kind}


def show(facts: dict) -> None:
    print(facts["kind"])
'''
CONTRAST = """
(selector) => {
  const rgba = (color) => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d')
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const light = ([r, g, b]) => {
    const linear = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
  }
  const behind = (element) => {
    const [r, g, b, a] = rgba(getComputedStyle(element).backgroundColor)
    if (a === 1 || element.tagName === 'SECTION') return [r, g, b]
    const below = behind(element.parentElement)
    return [r, g, b].map((c, n) => a * c + (1 - a) * below[n])
  }
  return [...document.querySelectorAll(selector)].map((element) => {
    const pair = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a)
    return (pair[0] + 0.05) / (pair[1] + 0.05)
  })
}
"""  # noqa: E501  a script as a browser reads it


def make(project: Project, theme: str) -> None:
    """A slide with all that has a look, light and dark."""
    project.write("deck/deck.toml", f'[deck]\ntitle = "x"\nlang = "en"\ntheme = "{theme}"\n')
    project.write("deck/claims.toml", LEDGER)
    project.write("demos/pick.py", PICK)
    project.write("deck/partials/pick.html.j2", "<p>{{ kind }}</p>\n")
    project.write("deck/slides/01-uno.md.j2", SLIDE)


def opened(project: Project, chromium: Browser) -> Page:
    """The deck, built, in a browser."""
    done = project.run("build")
    assert done.returncode == 0, done.stderr
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    page.goto(project.html.as_uri())
    return page


@pytest.mark.parametrize("theme", ["default", "uncover", "own"])
def test_verdicts_differ_and_all_text_has_contrast(
    project: Project, chromium: Browser, theme: str
) -> None:
    """Three signs and three borders, a cross before what is wrong, and 4.5:1, also on dark."""
    make(project, theme)
    own = '/* @theme own */\n@import "default";\nsection { background: #101020; color: #f0f0ff }\n'
    project.write("deck/theme/own.css", own)
    page = opened(project, chromium)
    looks: list[Any] = page.evaluate("""[...document.querySelectorAll('p > .verdict')].map((e) =>
      [getComputedStyle(e, '::before').content, getComputedStyle(e).borderTopStyle])""")
    assert {tuple(look) for look in looks} == {
        ('"✓"', "solid"),
        ('"≠"', "double"),
        ('"“"', "dashed"),
    }
    crosses = page.evaluate("""[...document.querySelectorAll('.often')].map((e) =>
      getComputedStyle(e, '::before').content.trim()[1])""")
    assert set(crosses) == {"✗"}
    page.locator("li").first.evaluate("(row) => { location.hash = row.id }")
    targets = (".verdict", ".often", ".register li p", "select", ".live-control label")
    for selector in targets:
        ratios = page.evaluate(CONTRAST, selector)
        assert len(ratios) >= 2, selector
        assert min(ratios) >= 4.5, (selector, ratios)
    page.close()


def test_a_theme_with_a_look_of_its_own_keeps_it(project: Project) -> None:
    """The lecture's theme has all of them; nothing of ours is added to it."""
    make(project, "lezione")
    css = (ROOT / "deck/theme/lezione.css").read_text(encoding="utf-8")
    project.write("deck/theme/lezione.css", css)
    assert ":where" not in front_matter(project.config)
    project.write("deck/theme/lezione.css", css.replace(".often", ".seldom"))
    assert ":where(.often)" in front_matter(project.config)
    assert ":where(.verdict)" not in front_matter(project.config)


def test_a_theme_that_imports_another_of_the_decks_own_keeps_its_look(project: Project) -> None:
    """The lecture's dark variant says nothing of verdicts, and has those of the light one."""
    make(project, "lezione-scura")
    for name in ("lezione", "lezione-scura"):
        css = (ROOT / f"deck/theme/{name}.css").read_text(encoding="utf-8")
        project.write(f"deck/theme/{name}.css", css)
    assert ":where" not in front_matter(project.config)


TEXTS = ":is(h1, h2, p, li, td, th, b, i, code, a, strong, em, span):not(:has(*), :empty, .katex *)"


@pytest.mark.parametrize("theme", ["lezione", "lezione-scura"])
def test_all_text_of_the_lecture_has_contrast_in_light_and_in_dark(
    tmp_path: Path, chromium: Browser, theme: str
) -> None:
    """4.5:1 (WCAG 1.4.3) of every text on what it stands on; figures keep their light card."""
    lecture = copy_lecture(tmp_path)
    lecture.edit("deck/deck.toml", 'theme = "lezione"', f'theme = "{theme}"')
    page = opened(lecture, chromium)
    ratios = page.evaluate(CONTRAST, f"#\\:\\$p section {TEXTS}")
    assert len(ratios) > 500
    assert min(ratios) >= 4.5
    page.close()
