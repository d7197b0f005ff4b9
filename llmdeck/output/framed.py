"""A page of the deck's own in an `<iframe>`: it must hold all that it needs, as the deck does.

The deck's policy holds in it too: only scripts that the policy names may run (see `page`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

SUFFIXES = (".html", ".htm")
SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
LOADING = {"src", "href", "data", "poster", "srcset"}


def scripts(page: str) -> Iterator[str]:
    """Give the scripts in a page, which the policy must name."""
    yield from (script for script in SCRIPT.findall(page) if script.strip())


def faults(page: str) -> list[str]:
    """Return what a page loads or does that can't work inside a deck."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.faults


class _Reader(HTMLParser):
    """Finds what a page loads from elsewhere, and handlers that no policy can name."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes of a tag."""
        for name, value in attrs:
            is_link = name == "href" and tag in ("a", "area")
            is_inside = (value or "").startswith(("data:", "#"))
            if name in LOADING and value and not (is_link or is_inside):
                self.faults.append(f"it loads {value}: put that into the page itself")
            elif name.startswith("on"):
                self.faults.append(f"`{name}=` can't run: use addEventListener in a <script>")
