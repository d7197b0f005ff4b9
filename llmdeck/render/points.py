"""The point that a partial shows: its parameters, and its figure as what controls swap needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmdeck.model import Variant
from llmdeck.render import markdown
from llmdeck.render.markdown import Markdown
from llmdeck.run.drawings import Drawing


@dataclass(frozen=True)
class Point:
    """What a demo's partial shows: a point of a grid, or what a server was asked for."""

    demo: str
    parameters: Mapping[str, Any]
    drawing: Drawing | None
    """Its figure, where it was drawn."""
    grid: Variant | None

    def is_meant(self, name: str, values: Mapping[str, Any]) -> bool:
        """Return whether `figure(name, **values)` is the figure of this point."""
        return not name or (name == self.demo and dict(values) == dict(self.parameters))

    def __str__(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())


def drawn(drawing: Drawing) -> Markdown:
    """Return a figure that needs no file."""
    size = markdown.svg_size(drawing.svg)
    return markdown.figure(markdown.in_page(drawing.svg), drawing.alt, *size)
