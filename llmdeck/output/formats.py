"""What a deck can be built as.

A format that is added here has its option, is built and is verified.

The command line and a build with nothing to do read this, so it imports next to nothing; what
counts slides and settles bytes is imported when it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SLIDE = re.compile(r"<svg data-marpit-svg[ =>]")
PPTX_SLIDE = re.compile(r"ppt/slides/slide\d+\.xml")


@dataclass(frozen=True, kw_only=True)
class Format:
    """What a deck can be built as: how Marp is asked for it, and what is done with what it made."""

    name: str
    """Its option without the dashes, and its files' suffix without the dot."""
    about: str
    """Its help on the command line."""
    count_slides: Callable[[Path], int]
    """How many slides a file has: there must be as many as the templates make."""
    needs_browser: bool = True
    arguments: Sequence[str] = ()
    """What marp-cli is told besides the file's name."""
    notes_arguments: Sequence[str] = ()
    """What marp-cli is told as well where speaker notes are wanted."""
    same_bytes: Callable[[Path, str], bytes] = lambda path, _page: path.read_bytes()
    """Return a file's bytes as a second build makes them too, given the deck's word for a page."""

    @property
    def file(self) -> str:
        """The name of the deck's file, in the output folder."""
        return f"deck.{self.name}"

    def marp_arguments(self, *, notes: bool) -> list[str]:
        """Return what marp-cli is told besides the file's name and the browser."""
        return [*self.arguments, *(self.notes_arguments if notes else ())]


def _slides_of_html(path: Path) -> int:
    return len(SLIDE.findall(path.read_text(encoding="utf-8")))


def _pages_of_pdf(path: Path) -> int:
    from pypdf import PdfReader

    return len(PdfReader(path).pages)


def _slides_of_pptx(path: Path) -> int:
    import zipfile

    with zipfile.ZipFile(path) as parts:
        return sum(PPTX_SLIDE.fullmatch(name) is not None for name in parts.namelist())


def _same_pdf(path: Path, page: str) -> bytes:
    from llmdeck.output.same_bytes import same_pdf

    return same_pdf(path, page)


def _same_pptx(path: Path, _page: str) -> bytes:
    from llmdeck.output.same_bytes import same_pptx

    return same_pptx(path)


HTML = Format(
    name="html",
    about="build deck.html (the default)",
    count_slides=_slides_of_html,
    needs_browser=False,
)
"""Always made first: `page.py` sees what the others load too, and makes one file of it."""

PDF = Format(
    name="pdf",
    about="build deck.pdf",
    count_slides=_pages_of_pdf,
    arguments=("--pdf-outlines",),
    notes_arguments=("--pdf-notes",),
    same_bytes=_same_pdf,
)

PPTX = Format(
    name="pptx",
    about="build deck.pptx",
    count_slides=_slides_of_pptx,
    same_bytes=_same_pptx,
)

FORMATS = {made.name: made for made in (HTML, PDF, PPTX)}
"""Every format by its name."""
