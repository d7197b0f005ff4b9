"""PDF and PPTX after Marp: their dates are set to a fixed one, so that two builds are alike.

A PDF's bookmarks for pages, which Marp calls `Page 1`, get the deck's word.
"""

from __future__ import annotations

import io
import logging
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypdf import PdfWriter

PDF_DATE = "D:20000101000000Z"
ZIP_DATE = (2000, 1, 1, 0, 0, 0)
XML_DATE = rb"2000-01-01T00:00:00Z"
ANY_XML_DATE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PDF_HEADER_BYTES = 8


def same_pptx(path: Path) -> bytes:
    """Return a PPTX with its dates set to a fixed one."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "docProps/core.xml":
                content = ANY_XML_DATE.sub(XML_DATE, content)
            entry = zipfile.ZipInfo(item.filename, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = item.external_attr
            new.writestr(entry, content)
    return made.getvalue()


def same_pdf(path: Path, page: str) -> bytes:
    """Return a PDF with its dates set to a fixed one, its bookmarks called `page` and a number.

    It is written anew, because notes lie with their dates in a compressed stream.
    """
    from pypdf import PdfWriter

    # pypdf warns of more objects than there were: it adds some itself.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    writer = PdfWriter(clone_from=path)
    writer.pdf_header = path.read_bytes()[:PDF_HEADER_BYTES].decode("ascii")
    writer.add_metadata({"/CreationDate": PDF_DATE, "/ModDate": PDF_DATE})
    _name_bookmarks(writer, page)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def _name_bookmarks(writer: PdfWriter, page: str) -> None:
    """Write the deck's word into the bookmarks of pages, which lie in a chain."""
    from pypdf.generic import NameObject, TextStringObject

    outlines = writer.root_object.get("/Outlines", {})
    bookmark = outlines.get("/First")
    while bookmark is not None:
        item = bookmark.get_object()
        title = re.sub(r"^Page(?= \d+$)", lambda _: page, item["/Title"])
        item[NameObject("/Title")] = TextStringObject(title)
        bookmark = item.get("/Next")
