"""One look for every figure: drawn in slide pixels, so that 18 points of text are 18 pixels.

Importing this module applies `slides.mplstyle` to the process. Figures are made without pyplot,
which keeps global state and needs a display on some machines.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Annotation, Text

HERE = Path(__file__).parent
INK = "#1E1E1E"  # text and axes
PAPER = "#FFFFFF"
GREY = "#6B6B6B"  # what matters less; contrast 5.3:1 on white
LIGHT = "#E4E4E4"  # grid lines and empty cells
BLUE = "#0072B2"  # the accent
VERMILION = "#C4500A"  # what is wrong or does not fit
GREEN = "#007A5A"  # what is right or fits
# Told apart by colour-blind eyes, AA on white.
PALETTE = (BLUE, VERMILION, GREEN, "#8A4F7D", "#7A6200", "#3F7FA6")
# Backgrounds behind INK text, cycled.
TINTS = ("#CFE6F5", "#FBDCC4", "#CDEBE0", "#EBD5E4", "#F3E9B5", "#DDE3E8")

for _font in sorted((HERE / "fonts").glob("*.[ot]tf")):
    font_manager.fontManager.addfont(_font)
matplotlib.style.use(HERE / "slides.mplstyle")


def new_figure(width: int = 1120, height: int = 430) -> Figure:
    """Make an empty figure of `width` × `height` slide pixels; a slide's text column is 1120 wide.

    >>> new_figure(720, 360).get_size_inches().tolist()
    [10.0, 5.0]
    """
    return Figure(figsize=(width / 72, height / 72), layout="constrained")


def new_canvas(width: int = 1120, height: int = 430) -> tuple[Figure, Axes]:
    """Make a figure to be drawn by hand: its axes are slide pixels from the top left corner.

    >>> figure, axes = new_canvas(720, 360)
    >>> axes.axis() == (0, 720, 360, 0)
    True
    """
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    axes.set_axis_off()
    return figure, axes


def write(axes: Axes, x: float, y: float, text: str, size: int, **look: Any) -> Text:
    """Write a text, its middle at `y` and its left end at `x`; `ha="center"` centres it there too.

    >>> write(new_canvas()[1], 0, 20, "5 $", 18).get_text()  # a dollar, and no formula
    '5 $'
    """
    return axes.text(x, y, text, size=size, parse_math=False, **{"va": "center", **look})


def note(
    axes: Axes, text: str, at: tuple[float, float], away: tuple[int, int], size: int, **look: Any
) -> Annotation:
    """Write a text beside the place `at` of the data, `away` from it in points.

    >>> note(new_figure().subplots(), "38,0%", (0.38, 0), (8, 0), 22).get_text()
    '38,0%'
    """
    look = {"textcoords": "offset points", "va": "center", "parse_math": False} | look
    return axes.annotate(text, at, xytext=away, size=size, **look)


def draw_box(
    axes: Axes, place: tuple[float, float, float, float], *, radius: int = 6, **look: Any
) -> FancyBboxPatch:
    """Draw a box with round corners: `place` is its left, top, width and height.

    >>> draw_box(new_canvas()[1], (0, 0, 40, 20), facecolor=BLUE).get_width()
    40
    """
    left, top, width, height = place
    corners = f"round,pad=0,rounding_size={radius}"
    box = FancyBboxPatch((left, top), width, height, corners, **{"ec": "none", **look})
    axes.add_patch(box)
    return box


def draw_bars(
    axes: Axes, lengths: Sequence[float], colours: str | Sequence[str], longest: float
) -> None:
    """Draw a bar a row, the first on top, on axes that show nothing else.

    >>> draw_bars(axes := new_figure().subplots(), [0.4, 0.1], BLUE, longest=1)
    >>> [float(bar.get_width()) for bar in axes.patches]
    [0.4, 0.1]
    """
    n_bars = len(lengths)
    axes.barh(range(n_bars), lengths, height=0.7, color=colours)
    axes.set(xlim=(0, longest), ylim=(n_bars - 0.5, -0.5), xticks=[], yticks=[])
    axes.spines["bottom"].set_visible(False)


def draw_decades(axes: Axes, low: float = 1e8, high: float = 2.2e12) -> None:
    """Make the horizontal axis logarithmic, in parameters, with a mark at every power of ten."""
    names = {
        1e8: "100 milioni",
        1e9: "1 miliardo",
        1e10: "10 miliardi",
        1e11: "100 miliardi",
        1e12: "1.000 miliardi",
    }
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks(list(names), list(names.values()))
    axes.minorticks_off()
    first = axes.get_xticklabels()[0]
    first.set_horizontalalignment("left")  # centred, it would run into the family names
    axes.grid(axis="x")


def name_rows(axes: Axes, names: list[str], bold: set[int]) -> None:
    """Write a name in front of each row, the first on top; rows in `bold` stand out."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for row, label in enumerate(axes.get_yticklabels()):
        label.set_fontweight(600 if row in bold else "normal")
