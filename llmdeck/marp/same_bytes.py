"""PDF and PPTX have the time of their making in them; here it is set to a fixed one, so that two builds are alike."""

from __future__ import annotations

import io
import logging
import re
import zipfile
from pathlib import Path

FIXED_DATE = "20000101000000Z"


def same_bytes_twice(path: Path) -> bytes:
    """A PDF or PPTX with its dates set to a fixed one, so that two builds give the same bytes."""
    if path.suffix == ".pdf":
        return _same_pdf(path)
    fixed = path.with_suffix(".fixed")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(item.filename, (2000, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, item.external_attr
            new.writestr(entry, content)
    raw = fixed.read_bytes()
    fixed.unlink()
    return raw


def _same_pdf(path: Path) -> bytes:
    """A PDF with its dates set; where it has notes, they lie in a compressed stream, so it is written anew."""
    from pypdf import PdfWriter

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of more objects than there were: it adds some itself
    writer, buffer = PdfWriter(clone_from=path), io.BytesIO()
    writer.pdf_header = path.read_bytes()[:8].decode("ascii")
    writer.add_metadata({"/CreationDate": f"D:{FIXED_DATE}", "/ModDate": f"D:{FIXED_DATE}"})
    writer.write(buffer)
    return buffer.getvalue()
