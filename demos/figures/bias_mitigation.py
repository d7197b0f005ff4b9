"""The figure of `bias_mitigation`: the odds of each held-out occupation, before and after."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.bias.pronouns import times, unevenness
from demos.common.style import BLUE, INK, VERMILION, new_figure, note
from demos.common.words import number
from demos.figures.bias import draw_odds_axes

ODDS = {
    4: "«she» 4 volte",
    2: "2 volte",
    1: "alla pari",
    1 / 2: "2 volte",
    1 / 4: "«he» 4 volte",
}
MOMENTS = {"odds_before": ("prima", VERMILION), "odds_after": ("dopo", BLUE)}


def plot(facts: dict) -> Figure:
    """Draw each held-out occupation: share of women across, odds before and after up."""
    rows = facts["occupations"]
    women = [row["women_percent"] for row in rows]
    before = [row["odds_before"] for row in rows]
    after = [row["odds_after"] for row in rows]
    figure = new_figure(1120, 430)
    axes = figure.add_subplot()
    draw_odds_axes(axes, before + after, ODDS)
    axes.minorticks_off()
    axes.vlines(women, before, after, color=INK, linewidth=1.6, zorder=1)
    axes.plot(women, before, "o", color=VERMILION, markersize=10)
    axes.plot(women, after, "D", color=BLUE, markersize=10)
    uneven = farthest(rows, "odds_before")
    name_farthest(axes, uneven, "odds_before")
    name_mark(axes, uneven, "odds_after", *MOMENTS["odds_after"])
    still = farthest(rows, "odds_after")
    if still is not uneven:
        name_farthest(axes, still, "odds_after")
    return figure


def name_farthest(axes: Axes, row: dict, moment: str) -> None:
    """Name the occupation that is farthest from even at a moment, and the moment beside it."""
    name, colour = MOMENTS[moment]
    name_mark(axes, row, moment, f"{row['italian']}, {name}", colour)


def name_mark(axes: Axes, row: dict, moment: str, name: str, colour: str) -> None:
    """Write a name beside an occupation's mark at a moment, on the side that has room."""
    side, across = (-14, "right") if row["women_percent"] > 50 else (14, "left")
    point = row["women_percent"], row[moment]
    note(axes, name, point, (side, 0), 24, ha=across, weight=600, color=colour)


def farthest(rows: list[dict], moment: str) -> dict:
    """Find the occupation that is farthest from even.

    >>> farthest([{"odds_after": 3.0}, {"odds_after": 0.25}], "odds_after")
    {'odds_after': 0.25}
    """
    return max(rows, key=lambda row: unevenness(row[moment]))


def alt(facts: dict) -> str:
    """Describe the figure in Italian, from the same facts."""
    n, held_out = facts["n_held_out_occupations"], facts["held_out"]
    before, after = (number(held_out[f"gap_odds_{moment}"], 1) for moment in ("before", "after"))
    row = farthest(facts["occupations"], "odds_before")
    moved = f"prima {times(row['odds_before'])}, dopo {times(row['odds_after'])}"
    return (
        f"{n} mestieri mai visti, con quante volte «she» è più probabile di «he» prima "
        f"e dopo gli esempi bilanciati. Si spostano verso «he» {held_out['n_towards_he']} su {n}. "
        f"Il divario medio passa da {before} a {after} volte. "
        f"Per esempio {row['italian']}: {moved}."
    )
