"""Shares as dots on their intervals, drawn on a line from 0 to 100 %.

Importing this module imports matplotlib: only what draws a figure does.
"""

from matplotlib.axes import Axes

from demos.common.style import LIGHT


def draw_interval(
    axes: Axes, y: float, scale: tuple[float, float], counted: dict, colour: str
) -> float:
    """Draw a share and its interval; `scale` is where 0 % stands, and how wide 100 % is.

    Gives where the dot stands.

    >>> from demos.common.style import BLUE, new_canvas
    >>> counted = {"low": 0.4, "share": 0.5, "high": 0.6}
    >>> draw_interval(new_canvas()[1], 20, (100, 300), counted, BLUE)
    250.0
    """
    left, width = scale
    low, share, high = (left + width * counted[key] for key in ("low", "share", "high"))
    axes.plot([left, left + width], [y, y], color=LIGHT, lw=2)
    axes.plot([low, high], [y, y], color=colour, lw=5, solid_capstyle="butt")
    axes.plot([share], [y], "o", color=colour, ms=15)
    return share
