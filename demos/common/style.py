"""One look for every figure, and its axes: a figure is drawn in slide pixels, so that 18 points of text are 18 pixels.

Importing this module applies `slides.mplstyle` to the process. Figures are made without pyplot,
which keeps global state and needs a display on some machines.
"""

from pathlib import Path

import matplotlib.style
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

HERE = Path(__file__).parent
INK = "#1E1E1E"  # text and axes
PAPER = "#FFFFFF"
GREY = "#6B6B6B"  # what matters less; contrast 5.3:1 on white
LIGHT = "#E4E4E4"  # grid lines and empty cells
BLUE = "#0072B2"  # the accent
VERMILION = "#C4500A"  # what is wrong or does not fit
GREEN = "#007A5A"  # what is right or fits
PALETTE = (
    BLUE,
    VERMILION,
    GREEN,
    "#8A4F7D",
    "#7A6200",
    "#3F7FA6",
)  # told apart by colour-blind eyes, AA on white
TINTS = (
    "#CFE6F5",
    "#FBDCC4",
    "#CDEBE0",
    "#EBD5E4",
    "#F3E9B5",
    "#DDE3E8",
)  # backgrounds behind INK text, cycled

for _font in sorted((HERE / "fonts").glob("*.[ot]tf")):
    font_manager.fontManager.addfont(_font)
matplotlib.style.use(HERE / "slides.mplstyle")


def new_figure(width: int = 1120, height: int = 430) -> Figure:
    """Make an empty figure of `width` × `height` slide pixels (a slide is 1280 × 720, its text column 1120 wide).

    >>> new_figure(720, 360).get_size_inches().tolist()
    [10.0, 5.0]
    """
    return Figure(figsize=(width / 72, height / 72), layout="constrained")


def draw_decades(axes: Axes, low: float = 1e8, high: float = 2.2e12) -> None:
    """Make the horizontal axis logarithmic, from `low` to `high` parameters, with a mark at every power of ten."""
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
    axes.get_xticklabels()[0].set_horizontalalignment(
        "left"
    )  # centred, the first would run into the family names
    axes.grid(axis="x")


def name_rows(axes: Axes, names: list[str], bold: set[int]) -> None:
    """Write a name in front of each row, the first on top; those whose place is in `bold` stand out."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for row, label in enumerate(axes.get_yticklabels()):
        label.set_fontweight(600 if row in bold else "normal")
