"""What a demo returned shows on the slide as itself, whatever characters it is made of.

The oracle is the string itself: strings go through the renderer, the real Marp and `page.py`, as in
a build, and are read back from the page in a real browser, with white space as its style shows it.
One deck carries many strings, each on a slide of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmdeck.marp.convert import Expected, convert
from llmdeck.marp.process import Marp
from llmdeck.model import Claim, Place, Result, Variant, Verdict
from llmdeck.output.page import make_self_contained
from llmdeck.output.sources import Sources
from llmdeck.render.deck import Renderer
from llmdeck.render.markdown import visible
from llmdeck.run.interface import find_demos
from tests.conftest import Project

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SLIDES = """
{% for n in range(COUNT) %}
{% set f = demo("twice", n=n) %}
{{ f.text }}

<br>con {{ f.text }} dentro

## {{ f.text }}

- {{ f.text }}

| {{ f.text }} | {{ f.text }} |
|---|---|
| {{ f.text }} | {{ f.text }} |

<br>con {{ f.text | code }} dentro

<br>con {{ [f.text, 1 | num, f.text] | join("*") }} {% set x %}{{ f.text }}{% endset %}{{ x ~ f.text | e }}.

a ![{{ f.text }}](x.svg)

b ![{{ f.text }}](x.svg "{{ f.text }}")

<i>[{{ f.text }}](<x.svg> '{{ f.text }}')</i>

<em>con</em> **{{ f.text }}** dentro

<div title="{{ f.text }}" data-also='a{{ f.text }}b'>x</div>

{{ table([[f.text]], headers=[f.text]) }}

{{ output("twice", n=n) }}

{{ claim("c-" ~ n) }}

{{ figure("twice", n=n) }}

{% call notes() %}
{{ f.text }}
{% endcall %}
{% if not loop.last %}

---

{% endif %}
{% endfor %}
"""
FIGURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"></svg>'
READ = r"""
() => [...document.querySelectorAll('section')].map((section, n) => {
  const shown = (node) => [...node.childNodes].map((child) => {
    if (child.nodeType !== Node.TEXT_NODE) return child.tagName === 'IMG' ? child.alt : shown(child)
    const keeps = getComputedStyle(node).whiteSpace.startsWith('pre')
    return keeps ? child.data : child.data.replace(/[ \t\n]+/g, '\0')
  }).join('')
  const all = (selector) => [...section.querySelectorAll(selector)]
    .map((node) => shown(node).replace(/\0+/g, '\0').replace(/^\0|\0$/g, '').replaceAll('\0', ' '))
  const box = section.querySelector('div'), images = [...section.querySelectorAll('img:not([data-marp-twemoji])')]
  const note = document.querySelector(`.bespoke-marp-note[data-index="${n}"]`)
  return {
    lines: all(':scope > p:not(.figure)'), alone: all('h2, li, td, th, p > code, .claim'),
    output: all('pre.output')[0], active: section.querySelectorAll('script, style, [onerror], [onload]').length,
    attributes: [box.title, box.dataset.also, ...images.map((image) => image.alt)],
    titles: [...section.querySelectorAll('img[title], a[title]')].map((each) => each.title), notes: note?.textContent ?? '',
  }
})
"""
# fmt: off
PIECES = [
    "# ", "- ", "1. ", "> ", "+ ", "    ", "\t", "---", "***", "===", "```", "~~~", "`", "``", "**", "__", "~~",
    "|", "\\",
    "\n", "\n\n", "  \n", "\n---\n", "\n\n---\n\n", "\r\n", "\r", "\x00", "\x07", "\x0b", "\x0c", "\x1b[1m",
    "\x7f", "\x85",
    "<script>window.hacked=1</script>", "<img src=x onerror=window.hacked=1>", "<!--", "-->", "--!>", "<b>",
    "</p>", "]]>",
    "</section>", "</pre>", "</code>", "<br>", "<style>", "</style>", "<svg data-marpit-svg>", '"', "'",
    '" onload="',
    "{{", "}}", "{%", "%}", "{#", "#}", "${", "{{ f }}", "$x$", "$$", "\\(", "[a](b)", "![a](b.png)", "![bg]",
    "[^1]",
    "&amp;", "&lt;", "&#128;", "&#x0;", "&nbsp", "&", ":smile:", ":+1:", "www.example.com", "https://a.it",
    "a@b.it",
    "class: lead", "{class: lead}", "headingDivider: 1", "prettier-ignore", "theme: gaia", "(c)", "...", "--",
    "url(x.png)",
    "😀", "👩‍👩‍👧", "🇮🇹", "👍🏽", "1️⃣", "©", "™️", "☺︎", "🫪", "e\u0301", "\u0338", "\ufe0f", "\u200d", "\u20e3",
    "\ufeff",
    "שלום", "مرحبا", "\u202eabc", "\u2066", "\u2069", "\u200f", "\u2028", "\u2029", "\u00ad", "\u00a0",
    "\u3000", "\u2060",
    "\ue000", "\ue001", "\ue000line x:1\ue001", "\uf8ff", "\ufffe", "\ufdd0", "\U0010ffff", "\ufffd",
    "\U000e0041", "한국", "中",
]
# fmt: on
"""What Markdown, HTML, Marp, Jinja, YAML, emoji and Unicode could take for something else."""

TEXT = st.lists(st.sampled_from(PIECES) | st.characters(codec="utf-8")).map("".join)


def test_each_nasty_string_shows_as_itself(project: Project, chromium: Browser) -> None:
    """Every string of the list, alone, doubled, and between letters, shows as itself and does nothing."""
    assert_round_trip(
        project,
        chromium,
        ["", *PIECES, *(piece * 2 for piece in PIECES), *(f"a{p}b" for p in PIECES)],
    )


@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(TEXT, min_size=40, max_size=40))
def test_any_string_shows_as_itself(project: Project, chromium: Browser, texts: list[str]) -> None:
    """Any Unicode text, and any mix of it with the list, shows as itself."""
    assert_round_trip(project, chromium, texts)


def assert_round_trip(project: Project, chromium: Browser, texts: Sequence[str]) -> None:
    """Build a deck with a slide a string, and compare what a browser shows with the strings."""
    slides = read_back(project, chromium, texts)
    assert len(slides) == len(texts), "a string made a slide"
    for text, slide in zip(texts, slides, strict=True):
        assert slide == expected(text), repr(text)


def expected(text: str) -> dict[str, Any]:
    """What each place of a slide must show: the string, its control characters as pictures."""
    shown = visible(text)
    inside = f"con {shown} dentro" if text else "con dentro"
    joined = f"con {shown}*1*{shown} {shown}{shown}." if text else "con *1* ."
    alone = f"a {shown}" if text else "a"
    return {
        "lines": [
            *filter(None, [shown]),
            inside,
            inside,
            joined,
            alone,
            f"b {shown}" if text else "b",
            shown,
            inside,
            f"{shown} verified" if text else "verified",
        ],
        "alone": [shown] * 10,
        "output": shown.rstrip(" \t\n"),
        "active": 0,
        "attributes": [shown, f"a{shown}b", shown, shown, shown.replace("\n", " ")],
        "titles": [shown, shown] if text else [],
        "notes": noted(shown),
    }


def noted(shown: str) -> str:
    """A string as the notes, which begin and end with no space, show it."""
    return re.sub(r"[\s\ufeff]+$", "", shown.lstrip())


def read_back(project: Project, chromium: Browser, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Make a deck in which each string has a slide, and return what a browser shows."""
    project.write("deck/slides/01-uno.md.j2", SLIDES.replace("COUNT", str(len(texts))))
    project.write("deck/x.svg", FIGURE)
    config, results, claims = project.config, {}, {}
    for n, text in enumerate(texts):
        variant, place, facts = (
            Variant.of("twice", {"n": n}),
            Place(file="deck/claims.toml"),
            {"text": text},
        )
        results[variant] = Result(
            variant=variant, facts=facts, output=text, inputs={}, figure=FIGURE, alt=text
        )
        claims[f"c-{n}"] = Claim(
            id=f"c-{n}", says="{{ text }}", verdict=Verdict.VERIFIED, place=place, variant=variant
        )
    rendered = Renderer(config=config, demos=find_demos(config), claims=claims).render(results)
    assert not rendered.errors, [error.message for error in rendered.errors]
    source, target = project.root / "deck.md", project.root / "marp.html"
    source.write_text(rendered.markdown, encoding="utf-8")
    with Marp() as marp:
        convert(
            source,
            target,
            Expected(slides=len(texts), theme="default", lang="it"),
            themes=[],
            marp=marp,
        )
        packages = marp.folder / "node_modules"
    sources = Sources(
        folder=config.folder,
        themes=config.folder,
        packages=packages,
        figures=rendered.figures,
        slides=(),
    )
    target.write_text(
        make_self_contained(target.read_text(encoding="utf-8"), sources).html, encoding="utf-8"
    )
    page = chromium.new_page()
    try:
        page.goto(target.as_uri())
        assert page.evaluate("window.hacked") is None
        slides: list[dict[str, Any]] = page.evaluate(READ)
        return slides
    finally:
        page.close()
