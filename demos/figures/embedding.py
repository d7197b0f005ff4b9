"""The figure of `embedding`: a token's nearest neighbours, and groups of words on a plane."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, PALETTE, draw_bars, new_figure, note
from demos.common.tokens.blocks import FONTS, drawable
from demos.common.tokens.pieces import shorten
from demos.common.words import number


def plot(facts: dict) -> Figure:
    """Draw the nearest words as bars, and beside them the groups as points on a plane."""
    figure = new_figure(1120, 430)
    figure.set_layout_engine("none")  # placed by hand
    draw_neighbours(figure.add_axes((0.145, 0.02, 0.27, 0.87)), facts)
    draw_groups(figure.add_axes((0.54, 0.03, 0.455, 0.86)), facts)
    return figure


def draw_neighbours(axes: Axes, facts: dict) -> None:
    """Draw a bar for each of the nearest other words."""
    rows = facts["other_words"]
    lengths = [max(row["cosine"], 0) for row in rows]
    draw_bars(axes, lengths, BLUE, longest=1)
    for y, (row, end) in enumerate(zip(rows, lengths, strict=True)):
        label = drawable(shorten(row["piece"], 11))
        note(axes, label, (0, y), (-10, 0), 24, ha="right", family=FONTS)
        note(axes, number(row["cosine"], 2), (end, y), (8, 0), 24)
    title = f"Vicini di {drawable(shorten(facts['piece'], 13))} (coseno)"
    axes.set_title(title, x=-0.529, parse_math=False)


def draw_groups(axes: Axes, facts: dict) -> None:
    """Draw the words of each group as points, with the group's name beside them."""
    clouds = [np.array(group["points"]).T for group in facts["groups"]]  # [2, n] each
    top = max(y.max() for _, y in clouds)
    looks = zip(facts["groups"], clouds, PALETTE, "osD^", strict=False)
    for group, (x, y), colour, marker in looks:
        axes.plot(x, y, marker, color=colour, markersize=12, alpha=0.85, markeredgewidth=0)
        name_cloud(axes, group["label"], (x, y), is_highest=y.max() == top, color=colour)
    axes.set(xticks=[], yticks=[])
    axes.margins(0.14, 0.2)
    axes.spines[["top", "right"]].set_visible(True)
    axes.set_title("Gruppi di parole, da 576 numeri a 2")


def name_cloud(
    axes: Axes, name: str, points: tuple[np.ndarray, np.ndarray], *, is_highest: bool, color: str
) -> None:
    """Write a group's name above its points where they are the highest, and else below them.

    So no name falls on the cloud of another group.
    """
    x, y = points
    place, away, va = (y.min(), -12, "top")
    if is_highest:
        place, away, va = (y.max(), 12, "bottom")
    look = {"ha": "center", "va": va, "weight": 600, "color": color}
    note(axes, name, (x.mean(), place), (0, away), 24, **look)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    near = ", ".join(
        f"{shorten(row['piece'])} {number(row['cosine'], 2)}" for row in facts["other_words"]
    )
    groups = ", ".join(group["label"] for group in facts["groups"])
    return (
        f"Barre dei token più vicini a {shorten(facts['piece'])} nella tabella, con il coseno: "
        f"{near}. "
        f"Accanto, parole come punti su un piano: {groups} formano nuvole separate."
    )
