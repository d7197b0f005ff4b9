"""The figure of `embedding`: a token's nearest neighbours, and groups of words on a plane."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, PALETTE, new_figure, note
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
    axes.barh(range(len(rows)), [max(row["cosine"], 0) for row in rows], height=0.7, color=BLUE)
    for y, row in enumerate(rows):
        end, label = max(row["cosine"], 0), drawable(shorten(row["piece"], 11))
        note(axes, label, (0, y), (-10, 0), 23, ha="right", family=FONTS)
        note(axes, number(row["cosine"], 2), (end, y), (8, 0), 21)
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5), xticks=[], yticks=[])
    axes.spines["bottom"].set_visible(False)
    title = f"Vicini di {drawable(shorten(facts['piece'], 13))} (coseno)"
    axes.set_title(title, x=-0.529, size=22, parse_math=False)


def draw_groups(axes: Axes, facts: dict) -> None:
    """Draw the words of each group as points, with the group's name beside them."""
    groups = facts["groups"]
    tops = [max(y for _, y in group["points"]) for group in groups]
    for group, top, colour, marker in zip(groups, tops, PALETTE, "osD^", strict=False):
        x, y = np.array(group["points"]).T
        axes.plot(x, y, marker, color=colour, markersize=12, alpha=0.85, markeredgewidth=0)
        # The name of the highest cloud stands above it, the others below: so none falls on the
        # cloud of another group.
        look = {"ha": "center", "weight": 600, "color": colour}
        if top == max(tops):
            note(axes, group["label"], (x.mean(), top), (0, 12), 23, va="bottom", **look)
        else:
            note(axes, group["label"], (x.mean(), y.min()), (0, -12), 23, va="top", **look)
    axes.set(xticks=[], yticks=[])
    axes.margins(0.14, 0.2)
    axes.spines[["top", "right"]].set_visible(True)
    axes.set_title("Gruppi di parole, da 576 numeri a 2", size=22)


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
