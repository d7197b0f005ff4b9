"""What the demos' tests ask alike: is a figure legible, and what do one thread and two give."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

SMALLEST = 24
"""Points, which are slide pixels: what the last row reads."""


def drawn_texts(figure: Figure) -> dict[Text, Bbox]:
    """Draw the figure; return its texts that show, with their boxes in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    shown = (text for text in figure.findobj(Text) if text.get_visible() and text.get_text())
    return {text: text.get_window_extent(canvas.get_renderer()) for text in shown}


def assert_legible(figure: Figure) -> dict[Text, Bbox]:
    """See that a figure has texts, none below 24 points, none outside; return them with boxes."""
    texts, (width, height) = drawn_texts(figure), figure.bbox.size
    assert texts
    for text, box in texts.items():
        assert text.get_fontsize() >= SMALLEST, text.get_text()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text.get_text()
    return texts


def assert_inside(figure: Figure, width: int, height: int) -> None:
    """See that all that is drawn lies within so many slide pixels, to one pixel."""
    figure.draw_without_rendering()
    box = figure.get_tightbbox().padded(-1 / 72)  # inches
    assert box.x0 >= 0 and box.x1 <= width / 72
    assert box.y0 >= 0 and box.y1 <= height / 72


def assert_apart(texts: dict[Text, Bbox]) -> None:
    """See that no two texts run into each other; between lines they may touch."""
    boxes = [box.shrunk(0.98, 0.7) for box in texts.values()]
    assert not any(one.overlaps(two) for place, one in enumerate(boxes) for two in boxes[:place])


def printed_with_each_thread_count(code: str) -> list[str]:
    """Return what code prints where BLAS has one thread, and where it has two."""
    return [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"OPENBLAS_NUM_THREADS": n},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n in ("1", "2")
    ]
