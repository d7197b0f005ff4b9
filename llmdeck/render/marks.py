"""Marks: what rendered text says about itself until its page is finished.

A mark stands behind what a template wrote and tells the line that wrote it, the claim that is said,
or the row of the register. A link is written before it is known on which slide its target is, and a
value before it is known whether it stands in a formula or a tag (see `values`). All are private-use
characters around a number or a name: they are made, read and removed here alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from llmdeck.model import Place

PRIVATE = "\ue000-\ue007"
"""The characters that marks and links are made of, as a range of a regular expression."""
MARK = re.compile("\ue000(\\d+)\ue001")
LINK = re.compile("\ue002([a-z]+) ([^\ue003]*)\ue003([^\ue004]*)\ue004")
VALUE = re.compile("\ue005([^\ue006]*)\ue006([^\ue006]*)\ue006([^\ue007]*)\ue007")
"""A value: as it is read, as machines read it, and as a screen reader says it (see `value`)."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What one mark tells; `claim` and `row` are ids of claims, empty where it is not about one."""

    n_uses: int
    """How many uses the page had noted when the mark was written."""
    place: Place | None = None
    """The template line that wrote the text before the mark."""
    claim: str = ""
    row: str = ""


class Marks:
    """The marks of one page, in the order in which they were made."""

    def __init__(self) -> None:
        self.made: list[Mark] = []

    def add(self, mark: Mark) -> str:
        """Note a mark and return how it is written."""
        self.made.append(mark)
        return f"\ue000{len(self.made) - 1}\ue001"

    def found_in(self, text: str) -> list[Mark]:
        """Return the marks in a text, in its order."""
        numbers = map(int, MARK.findall(text))
        return [self.made[number] for number in numbers if number < len(self.made)]


def link(kind: str, key: str, text: str = "") -> str:
    """Return a link as it is written before slides are numbered; `finish` makes it what it is.

    `kind` is `row` (to a claim's row), `slides` (to those that say a claim), `anchor` (the id of a
    claim's first mention) or `control` (the number of a slide's controls, `key` within its page).
    """
    return f"\ue002{kind} {key}\ue003{text}\ue004"


def value(shown: str, exact: str = "", spoken: str = "") -> str:
    """Return a value as it is written before it is known where it stands.

    `shown` is how people read it; `exact` how machines do, where it is a number; `spoken` what a
    screen reader says of a power of ten.
    """
    return f"\ue005{shown}\ue006{exact}\ue006{spoken}\ue007"


def finish(text: str, make: Callable[[str, str, str], str]) -> str:
    """Replace each link by what `make` gives for its kind, key and text."""
    if "\ue002" not in text:
        return text
    return LINK.sub(lambda match: make(match[1], match[2], match[3]), text)


def spelt_out(text: str) -> str:
    """Return a text whose own characters nobody takes for marks: as references.

    >>> spelt_out("a\ue000")
    'a&#57344;'
    """
    return re.sub(f"[{PRIVATE}]", lambda match: f"&#{ord(match[0])};", text)


def strip(text: str) -> str:
    """Return a text without marks; of a link its own text stays, of a value what people read.

    >>> strip(f"a{Marks().add(Mark(n_uses=0))} {link('row', 'x', 'b')} {value('0,5', '0.5')}")
    'a b 0,5'
    """
    plain = str(text)  # in what is Markup, replacements would be escaped
    return LINK.sub(r"\3", MARK.sub("", VALUE.sub(r"\1", plain)))


def strip_marks(text: str) -> str:
    """Return a text without marks; links stay links, and values values."""
    return MARK.sub("", text)


def only(text: str) -> str:
    """Return the marks of a text, and nothing else of it."""
    return "".join(match[0] for match in MARK.finditer(text))
