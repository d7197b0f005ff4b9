"""PDF and PPTX after Marp: the time of their making is set to a fixed one, so that two builds are alike.

A PDF's bookmarks for pages, which Marp calls `Page 1`, get the deck's word.
"""

from __future__ import annotations

import io
import logging
import re
import zipfile
from pathlib import Path

FIXED_DATE = "20000101000000Z"


def same_bytes_twice(path: Path, page: str = "Page") -> bytes:
    """A PDF or PPTX with its dates set to a fixed one, so that two builds give the same bytes.

    `page` is what stands before a page's number in the bookmarks of a PDF.
    """
    if path.suffix == ".pdf":
        return _same_pdf(path, page)
    fixed = path.with_suffix(".fixed")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "docProps/core.xml":
                content = re.sub(
                    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", content
                )
            entry = zipfile.ZipInfo(item.filename, (2000, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, item.external_attr
            new.writestr(entry, content)
    raw = fixed.read_bytes()
    fixed.unlink()
    return raw


def _same_pdf(path: Path, page: str) -> bytes:
    """A PDF with its dates set; where it has notes, they lie in a compressed stream, so it is written anew."""
    from pypdf import PdfWriter
    from pypdf.generic import NameObject, TextStringObject

    logging.getLogger("pypdf").setLevel(
        logging.ERROR
    )  # it warns of more objects than there were: it adds some itself
    writer, buffer = PdfWriter(clone_from=path), io.BytesIO()
    writer.pdf_header = path.read_bytes()[:8].decode("ascii")
    writer.add_metadata({"/CreationDate": f"D:{FIXED_DATE}", "/ModDate": f"D:{FIXED_DATE}"})
    outlines = writer.root_object.get("/Outlines", {})
    bookmark = outlines.get("/First")
    while bookmark is not None:
        item = bookmark.get_object()
        item[NameObject("/Title")] = TextStringObject(
            re.sub(r"^Page(?= \d+$)", lambda _: page, item["/Title"])
        )
        bookmark = item.get("/Next")
    writer.write(buffer)
    return buffer.getvalue()
