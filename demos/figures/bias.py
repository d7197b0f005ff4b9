"""The figure of `bias`: the odds of "she" against "he", over the share of women in each job."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.bias import times
from demos.common.style import BLUE, GREY, INK, VERMILION, new_figure
from demos.common.words import number

LABELLED = {"plumber": "right", "carpenter": "right", "engineer": "above", "salesperson": "above",
            "broker": "below", "counselor": "above", "clerk": "below", "librarian": "left",
            "pathologist": "below"}  # fmt: skip


def plot(facts: dict) -> Figure:
    """Draw a dot for each occupation: share of women across, odds up on a logarithmic scale, and the fitted line."""
    figure = new_figure(1120, 430)
    axes = figure.add_subplot()
    women, odds = (
        [row[name] for row in facts["occupations"]] for name in ("women_percent", "odds")
    )
    ends = [np.exp(facts["intercept"] + facts["slope_per_percent"] * end) for end in (0, 100)]
    axes.set_yscale("log", base=2)
    axes.axhline(1, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.plot((0, 100), ends, color=GREY)
    axes.plot(women, odds, "o", color=BLUE)
    axes.set_xlim(-1, 101)
    axes.set_ylim(min(odds) / 1.5, max(odds) * 1.5)
    axes.set_xticks(range(0, 101, 20), [f"{percent}%" for percent in range(0, 101, 20)])
    ticks = {
        8: "«she» 8 volte",
        4: "4 volte",
        2: "2 volte",
        1: "alla pari",
        1 / 2: "2 volte",
        1 / 4: "«he» 4 volte",
    }
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.set_xlabel("donne fra chi fa quel mestiere (Stati Uniti, 2015 e 2016)")
    draw_labels(axes, facts)
    return figure


def draw_labels(axes: Axes, facts: dict) -> None:
    """Name the chosen occupation in colour, and others that stand apart, but not those near the chosen one."""
    chosen = facts["chosen"]
    own = "right" if chosen["women_percent"] < 12 else "above"
    label(axes, chosen, own, VERMILION)
    axes.plot(chosen["women_percent"], chosen["odds"], "o", color=VERMILION, markersize=12)
    for row in facts["occupations"]:
        aside = abs(row["women_percent"] - chosen["women_percent"])
        apart = abs(np.log(row["odds"] / chosen["odds"]))
        if row["occupation"] in LABELLED and (aside > 20 or apart > 0.7):
            label(axes, row, LABELLED[row["occupation"]], INK)


def label(axes: Axes, row: dict, side: str, colour: str) -> None:
    """Write an occupation's name beside its dot."""
    places = {"right": (10, 0, "left", "center"), "above": (0, 9, "center", "bottom"),
              "below": (0, -9, "center", "top"), "left": (-10, 2, "right", "center")}  # fmt: skip
    dx, dy, across, up = places[side]
    axes.annotate(row["italian"], (row["women_percent"], row["odds"]), xytext=(dx, dy), textcoords="offset points",
                  ha=across, va=up, size=18, color=colour)  # fmt: skip


def alt(facts: dict) -> str:
    """Describe the figure in Italian, from the same facts."""
    he, she, chosen = (
        f"{row['italian']} ({number(row['women_percent'], 1)}% di donne: {times(row['odds'])})"
        for row in (facts["most_he"], facts["most_she"], facts["chosen"])
    )
    return (
        f"{facts['n_occupations']} punti, uno per mestiere: più donne lo fanno, più il modello preferisce «she» a «he» "
        f"(correlazione {number(facts['correlation'], 2)}). Si va da {he} a {she}. In evidenza {chosen}."
    )
