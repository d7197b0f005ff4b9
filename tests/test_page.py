"""What leaves the toolkit: one HTML file that loads nothing, and PDF and PPTX of the same slides.

Two builds give the same bytes.

The oracle is Chromium: it opens the file, and every request and every complaint of it is noted.
"""

from __future__ import annotations

import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from llmdeck.errors import MarpError
from llmdeck.output.inline import Inliner, may_load
from llmdeck.output.sources import Sources
from tests.conftest import DECK, DEMO, LEDGER, ROOT, Project

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

THEME = """
/* @theme mio */
@import "default";
@font-face { font-family: "Mio"; src: url("fonts/mio.woff2") format("woff2"); }
section { font-family: "Mio", serif; }
"""
SLIDES = """
# Uno 😀 🫪

{% set f = demo("twice") %}
Il doppio è {{ f.double }}: $x^2 = {{ f.double }}$, {{ claim("half") }}.

![una foto](foto.svg)

{% call notes() %}
Nota segreta: il doppio è {{ f.double }} < 43.
{% endcall %}

---

![bg right](foto%20grande.svg)

# Due

<img src="{{ '' }}foto.svg" alt="un'altra" style="background: url(foto.svg)">

---

{{ figure("twice") }}
"""
PLOT = """

def plot(facts):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([0, facts["n"]])
    return figure


def alt(facts):
    return f'Una retta fino a {facts["n"]} "circa" & più'
"""
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="90" height="90">'
    '<circle r="9" /></svg>'
)
ALTS = ["una foto", "un'altra", 'Una retta fino a 21 "circa" & più']


@dataclass(frozen=True)
class Outputs:
    """The output folders of three builds of the same deck."""

    first: Path
    second: Path
    """Of a copy of the project in another folder, built more than a second later."""
    no_notes: Path


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """A deck with everything that a page can load, built as HTML, PDF and PPTX."""

    def built(root: Path, *options: str, delay_s: float = 0.0) -> Path:
        time.sleep(delay_s)  # so that a date would differ
        project = Project(root)
        project.write("deck/deck.toml", DECK + 'theme = "mio"\n')
        project.write("deck/claims.toml", LEDGER)
        project.write("deck/slides/01-uno.md.j2", SLIDES)
        project.write("demos/twice.py", DEMO + PLOT)
        project.write("deck/theme/mio.css", THEME)
        for name in ("foto.svg", "foto grande.svg"):
            project.write(f"deck/{name}", PICTURE)
        font = project.write("deck/theme/fonts/mio.woff2", "")
        shutil.copy(ROOT / "deck/theme/fonts/Inter-Regular.woff2", font)
        done = project.run("build", "--pdf", "--pptx", *options)
        assert done.returncode == 0, done.stderr
        return project.root / "build"

    with ThreadPoolExecutor() as pool:
        first, second, no_notes = (tmp_path_factory.mktemp("page") for _ in range(3))
        builds = [pool.submit(built, first), pool.submit(built, second, delay_s=1.2)]
        builds += [pool.submit(built, no_notes, "--no-notes")]
        return Outputs(*(build.result() for build in builds))


@pytest.fixture
def page(chromium: Browser, outputs: Outputs) -> Iterator[Page]:
    """The deck, opened from the disk in a browser; it must ask for nothing, complain of nothing."""
    requests: list[str] = []
    complaints: list[str] = []
    context = chromium.new_context()
    context.on("request", lambda request: requests.append(request.url))
    context.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    page = context.new_page()
    page.goto((outputs.first / "deck.html").as_uri(), wait_until="load")
    yield page
    context.close()
    assert complaints == []
    assert {url.split("?")[0].split("#")[0] for url in requests if not url.startswith("data:")} == {
        (outputs.first / "deck.html").as_uri()
    }


def test_pictures_fonts_and_emoji_are_in_the_file(page: Page) -> None:
    """All that a slide shows is loaded, though nothing but the file was asked for."""
    page.evaluate("document.fonts.ready")
    images = page.evaluate(
        "[...document.querySelectorAll('section img')]"
        ".map((i) => [i.alt, i.naturalWidth > 0, i.src])"
    )
    assert [alt for alt, _, _ in images] == ["😀", *ALTS]
    assert all(loaded and source.startswith("data:image/svg+xml;") for _, loaded, source in images)
    loaded = set(
        page.evaluate(
            "[...document.fonts].filter((f) => f.status == 'loaded').map((f) => f.family)"
        )
    )
    assert {"Mio", "KaTeX_Main", "KaTeX_Math"} <= {family.strip('"') for family in loaded}
    backgrounds = page.evaluate(
        "[...document.querySelectorAll('figure, section img')]"
        ".map((e) => getComputedStyle(e).backgroundImage)"
    )
    assert sum(b.startswith('url("data:image/svg+xml;') for b in backgrounds) == 2


def test_an_emoji_that_is_too_new_shows_as_its_letter(page: Page) -> None:
    """U+1FAEA (of 2025) has no picture in the package: the letter itself stands there."""
    assert page.locator("h1").first.evaluate("(h) => h.textContent") == "Uno  🫪"


def test_the_presenter_view_asks_for_nothing_either(page: Page) -> None:
    """It opens the file again for the next slide, shows the notes, and loads nothing else."""
    page.goto(page.url.split("#")[0] + "?view=presenter")
    page.wait_for_function("document.querySelectorAll('iframe').length > 0")
    frames = [frame for frame in page.frames if frame != page.main_frame]
    frames[0].wait_for_selector("section", state="attached")
    note = page.locator(".bespoke-marp-presenter-note-container .bespoke-marp-note.active")
    assert note.inner_text().strip() == "Nota segreta: il doppio è 42 < 43."


def test_the_page_is_in_the_decks_language(page: Page) -> None:
    """Screen readers are told that it is Italian."""
    assert page.evaluate("document.documentElement.lang") == "it"


def test_a_script_that_gets_onto_the_page_does_not_run_and_nothing_leaves_it(
    chromium: Browser, outputs: Outputs
) -> None:
    """The policy stops a script, a picture from elsewhere and a message to elsewhere."""
    page = chromium.new_page()
    page.goto((outputs.first / "deck.html").as_uri())
    stopped = page.evaluate("""async () => {
      const stopped = []
      addEventListener('securitypolicyviolation', (event) => stopped.push(event.effectiveDirective))
      const [script, image] = [document.createElement('script'), document.createElement('img')]
      script.textContent = 'window.hacked = 1'
      image.src = 'https://example.com/a.png'
      document.body.append(script, image)
      await fetch('https://example.com/').catch(() => {})
      await new Promise((done) => setTimeout(done, 50))
      return [...stopped.sort(), window.hacked ?? 0]
    }""")
    page.close()
    assert stopped == ["connect-src", "img-src", "script-src-elem", 0]


@pytest.mark.parametrize("name", ["deck.html", "deck.pdf", "deck.pptx", "deck.md"])
def test_two_builds_give_the_same_bytes(outputs: Outputs, name: str) -> None:
    """No date, no random number, no path gets into a file."""
    assert (outputs.first / name).read_bytes() == (outputs.second / name).read_bytes()


def text_of(folder: Path) -> dict[str, str]:
    """All text of a build's outputs, speaker notes included."""
    pdf = PdfReader(folder / "deck.pdf")
    notes = [
        str(note.get_object().get("/Contents"))
        for page in pdf.pages
        for note in page.get("/Annots", [])
    ]
    with zipfile.ZipFile(folder / "deck.pptx") as parts:
        xml = " ".join(
            parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml")
        )
    html = (folder / "deck.html").read_text(encoding="utf-8")
    return {
        "html": html,
        "md": (folder / "deck.md").read_text(encoding="utf-8"),
        "pdf": " ".join(notes),
        "pptx": xml,
    }


def test_notes_are_in_every_output_and_with_no_notes_in_none(outputs: Outputs) -> None:
    """A deck that is handed out does not hold what the presenter wrote for himself."""
    for text in text_of(outputs.first).values():
        assert "Nota segreta: il doppio è 42" in text
    for text in text_of(outputs.no_notes).values():
        assert "segreta" not in text


def test_pdf_and_pptx_have_every_slide(outputs: Outputs) -> None:
    """Three slides, three pages, three pictures of slides.

    The PDF's text is text, with the alternative texts.
    """
    pdf = PdfReader(outputs.first / "deck.pdf")
    assert len(pdf.pages) == 3
    assert "Il doppio è 42" in pdf.pages[0].extract_text()
    objects = map(pdf.get_object, range(1, pdf.trailer["/Size"]))
    assert {str(item["/Alt"]) for item in objects if "/Alt" in item} == {"😀", *ALTS}
    assert pdf.trailer["/Root"]["/Lang"] == "it"
    assert pdf.outline
    with zipfile.ZipFile(outputs.first / "deck.pptx") as parts:
        assert (
            len(
                [
                    name
                    for name in parts.namelist()
                    if re.fullmatch(r"ppt/slides/slide\d+\.xml", name)
                ]
            )
            == 3
        )


def test_whatever_would_be_loaded_from_elsewhere_is_an_error_with_its_line(
    project: Project,
) -> None:
    """The network, an address above the deck, a file that isn't there: one build tells all."""
    (project.root / "secret.png").write_bytes(b"secret")
    project.write(
        "deck/slides/01-uno.md.j2",
        """
        ![remota](https://example.com/a.png)

        ![fuori](../secret.png)

        <img src="/etc/hostname" alt="">

        ---

        ![bg](bello.png)

        <img srcset="x.png 2x" alt=""> <video poster="//example.com/p.png"></video>

        <style scoped>@import url("lontano.css"); h1 { background: url('manca.png') }</style>
        """,
    )
    project.write("deck/deck.toml", DECK + 'theme = "gaia"\n')
    done = project.run("build")
    assert done.returncode == MarpError.exit_code
    for line, message in [
        (1, "slide 1: https://example.com/a.png would be loaded from the network"),
        (3, "slide 1: there is no ../secret.png"),
        (5, "slide 1: there is no /etc/hostname"),
        (9, "slide 2: there is no bello.png"),
        (11, "slide 2: srcset is not supported"),
        (11, "slide 2: //example.com/p.png would be loaded from the network"),
        (13, "the style sheet loads lontano.css"),
        (13, "there is no manca.png"),
    ]:
        assert f"error: deck/slides/01-uno.md.j2:{line}: {message}" in done.stderr
    assert "the style sheet loads https://fonts" in done.stderr
    assert not project.html.exists()


HTML_PIECES = [
    "<", ">", "</", "/>", "<p", "<img ", "<a ", "<style>", "</style>", "<!--", "-->", "<svg ",
    "<use ", "<script>", "</script>", "<STYLE ", " ", "\n", "=", " = ", '"', "'", "&", "&amp;",
    "&#117;", "é", "İ",
    "src", "SRC", "srcset", "poster", "data", "Data", "data-x", "style", "href", "xlink:href",
    "title",
    "url(", "URL(", "rl(", ")", "@import ", "&#64;import x", "#a", "data:,", "a.svg", "//b.c/d",
    "color:red",
    ' src="a.svg"', " href='#a'", " href=a.svg",
    ' style="--x:url(a.svg)"', ' style="&#117;rl(a.svg)"',
]  # fmt: skip
"""What makes a browser load something, and what looks like it."""


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(HTML_PIECES), max_size=14).map("".join))
def test_what_is_not_parsed_loads_nothing(source: str) -> None:
    """Where `may_load` says no, the parser finds nothing to replace and nothing to complain of."""
    folder = Path(__file__).parent
    sources = Sources(folder=folder, themes=folder, packages=folder, figures={}, slides=())
    parser = Inliner(source, 1, sources)
    parser.feed(source)
    parser.close()
    replaces = bool(parser.edits or parser.errors)
    assert may_load(source) or not replaces
