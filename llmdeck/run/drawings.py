"""The figures of a grid's points as one text: a JSON list of SVG and words, a point a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Drawing(NamedTuple):
    """A figure, as a slide shows it."""

    svg: str
    alt: str
    """The figure in words."""


def joined(drawings: Iterable[Drawing]) -> str:
    r"""Return drawings as one text; a line each, so that a diff shows which moved.

    >>> joined([Drawing("<svg/>", "a"), Drawing("<svg/>", "b")])
    '[\n["<svg/>", "a"],\n["<svg/>", "b"]\n]\n'
    """
    lines = [json.dumps(drawing, ensure_ascii=False) for drawing in drawings]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def split(text: str) -> Sequence[Drawing]:
    """Return the drawings that `joined` was given.

    >>> split(joined([Drawing("<svg/>", "a")]))
    [Drawing(svg='<svg/>', alt='a')]
    """
    return [Drawing(*each) for each in json.loads(text)]
