"""What is handed out: a PDF for screen readers too, with bookmarks, and a PPTX with its notes.

The oracles are pypdf, which reads the structure that the browser wrote, and LibreOffice where it is
installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from llmdeck.errors import MissingToolError
from llmdeck.marp import browser
from tests.conftest import DECK, DEMO, Project

LEDGER = """
[half]
demo = "twice"
says = "la metà pesa {{ size_gb | qty(1) }}"
holds = "double == 2 * n"
asks = "Quanto pesa la metà?"
answer = "size_gb"
verdict = "verified"
sources = ["Autore, 2020: https://example.com/a"]
"""
SLIDES = """
# Uno

{{ claim("half") }}

![una foto](foto.svg)

| a | b |
|---|---|
| 1 | 2 |

{% call notes() %}Nota del primo: «è così».{% endcall %}

---

# Due

{{ quiz("half") }}

## Sotto

---

{% for page in register() %}
# Registro

{{ page }}
{% endfor %}

{% call notes() %}Nota del terzo.{% endcall %}
"""
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="90" height="90">'
    '<circle r="9" /></svg>'
)


@pytest.fixture(scope="module")
def handouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a deck built as PDF and PPTX."""
    try:
        browser.find_browser()
    except MissingToolError as error:
        pytest.skip(error.message)
    project = Project(tmp_path_factory.mktemp("handouts"))
    project.write("deck/deck.toml", DECK + 'author = "Autrice"\n[words]\nslide = "pag."\n')
    project.write("deck/claims.toml", LEDGER)
    project.write("deck/slides/01-uno.md.j2", SLIDES)
    project.write("deck/foto.svg", PICTURE)
    project.write("demos/twice.py", DEMO)
    done = project.run("build", "--pdf", "--pptx")
    assert done.returncode == 0, done.stderr
    return project.root / "build"


@pytest.fixture
def pdf(handouts: Path) -> PdfReader:
    """The PDF."""
    return PdfReader(handouts / "deck.pdf")


def elements(node: Any) -> list[Any]:
    """The structure elements below one, in their order."""
    kids = node.get("/K", [])
    found = []
    for kid in kids if isinstance(kids, list) else [kids]:
        item = kid.get_object()
        if isinstance(item, dict) and "/S" in item:
            found += [item, *elements(item)]
    return found


def test_the_pdf_is_tagged(pdf: PdfReader) -> None:
    """Headings, list, table, link and figure are there, in order; the language is the deck's."""
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "it"
    kinds = [item["/S"] for item in elements(root["/StructTreeRoot"])]
    assert {"/H1", "/H2", "/P", "/Table", "/TH", "/TD", "/L", "/LI", "/Link", "/Figure"} <= set(
        kinds
    )
    headings = [kind for kind in kinds if re.fullmatch("/H[1-6]", kind)]
    assert headings == ["/H1", "/H1", "/H2", "/H1"]
    assert kinds.index("/Figure") < kinds.index("/Table") < kinds.index("/H2") < kinds.index("/L")


def test_every_figure_of_the_pdf_has_its_words(pdf: PdfReader) -> None:
    """An image without alternative text would be silent."""
    figures = [
        item
        for item in elements(pdf.trailer["/Root"]["/StructTreeRoot"])
        if item["/S"] == "/Figure"
    ]
    assert [figure["/Alt"] for figure in figures] == ["una foto"]


def test_the_pdf_says_its_title_and_author(pdf: PdfReader) -> None:
    """A viewer shows the title of the deck, not the file's name."""
    assert pdf.metadata is not None
    assert (pdf.metadata.title, pdf.metadata.author) == ("Prova", "Autrice")
    assert pdf.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"]


def test_the_pdf_has_bookmarks_for_pages_and_headings(pdf: PdfReader) -> None:
    """One for each page, in the deck's word, with its headings below; each leads to its page."""

    def walk(items: list[Any], depth: int = 0) -> list[tuple[int, str, int | None]]:
        found: list[tuple[int, str, int | None]] = []
        for item in items:
            if isinstance(item, list):
                found += walk(item, depth + 1)
            else:
                found.append((depth, str(item.title), pdf.get_destination_page_number(item)))
        return found

    assert walk(pdf.outline) == [
        (0, "pag. 1", 0), (1, "Uno", 0), (0, "pag. 2", 1), (1, "Due", 1), (2, "Sotto", 1),
        (0, "pag. 3", 2), (1, "Registro", 2),
    ]  # fmt: skip


def test_in_the_pdf_answers_are_open_and_links_lead_from_claim_to_row_and_back(
    pdf: PdfReader,
) -> None:
    """A question is printed with its answer.

    Verdicts link to the register's page, its rows to slides and to sources.
    """
    assert "la metà pesa 52,5\u00a0GB" in pdf.pages[1].extract_text().replace(
        "52,5 GB", "52,5\u00a0GB"
    )
    named = {
        name: pdf.get_destination_page_number(place)
        for name, place in pdf.named_destinations.items()
    }

    def goes_to(page: int) -> set[Any]:
        links = [note.get_object() for note in pdf.pages[page].get("/Annots", [])]
        inner = {named[str(link["/Dest"])] for link in links if "/Dest" in link}
        return inner | {str(link["/A"]["/URI"]) for link in links if "/URI" in link.get("/A", {})}

    assert goes_to(0) == {2}
    assert goes_to(1) == {2}
    assert goes_to(2) == {0, 1, "https://example.com/a"}


def test_the_pptx_has_the_notes_of_each_slide(handouts: Path) -> None:
    """Each slide's notes are its own, and a slide without notes has none."""
    with zipfile.ZipFile(handouts / "deck.pptx") as parts:
        notes = [parts.read(f"ppt/notesSlides/notesSlide{n}.xml").decode() for n in (1, 2, 3)]
    assert ["Nota del" in note for note in notes] == [True, False, True]
    assert "Nota del primo: «è così»." in notes[0]
    assert "Nota del terzo." in notes[2]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_the_pptx_with_its_notes(handouts: Path, tmp_path: Path) -> None:
    """Read and written again by LibreOffice, there are as many slides and the same notes."""
    profile = (tmp_path / "profile").as_uri()
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation={profile}", "--convert-to", "fodp",
         "--outdir", tmp_path, handouts / "deck.pptx"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=180, check=True,
    )  # fmt: skip
    slides = (tmp_path / "deck.fodp").read_text(encoding="utf-8").split("<draw:page ")[1:]
    assert len(slides) == 3
    assert ["Nota del primo: «è così»." in slide for slide in slides] == [True, False, False]
    assert ["Nota del terzo." in slide for slide in slides] == [False, False, True]


NOTES_FORMAT = """
import sys
from llmdeck import cli
from llmdeck.output import formats

def count_slides(path):
    return len(path.read_text(encoding="utf-8").split("\\n\\n---\\n\\n"))

formats.FORMATS["txt"] = formats.Format(
    name="txt", about="build deck.txt, the notes", count_slides=count_slides, needs_browser=False
)
sys.exit(cli.main(sys.argv[1:]))
"""


def test_a_format_is_one_entry(project: Project) -> None:
    """One more entry in `formats` has an option, is built, verified, and then up to date."""
    slides = "# Uno\n\n{% call notes() %}Nota.{% endcall %}\n\n---\n\n# Due\n"
    project.write("deck/slides/01-uno.md.j2", slides)

    def run(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", NOTES_FORMAT, *arguments],
            cwd=project.root, env=project.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=True,
        ).stdout  # fmt: skip

    assert "--txt" in run("build", "--help")
    assert "build/deck.txt: 2 slides" in run("build", "--txt")
    assert (project.root / "build/deck.txt").read_text(encoding="utf-8").startswith("Nota.")
    assert run("build", "--only", "txt") == "build/deck.txt: up to date\n"
