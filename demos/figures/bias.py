"""The figure of `bias`: the odds of "she" against "he", over the share of women in each job."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.bias.pronouns import times
from demos.common.style import BLUE, GREY, INK, VERMILION, new_figure, note
from demos.common.words import number

ODDS = {
    8: "«she» 8 volte",
    4: "4 volte",
    2: "2 volte",
    1: "alla pari",
    1 / 2: "2 volte",
    1 / 4: "«he» 4 volte",
}
# Occupations that stand apart, and on which side of the dot there is room for the name.
LABELLED = {
    "plumber": "upper right",
    "carpenter": "lower right",
    "engineer": "upper left",
    "salesperson": "above",
    "broker": "below",
    "clerk": "right",
    "librarian": "left",
    "pathologist": "left",
}
SIDES = {  # how far away, in points, and what of the name comes there
    "right": ((10, 0), "left", "center"),
    "upper right": ((10, 1), "left", "center"),
    "lower right": ((10, -13), "left", "center"),
    "upper left": ((36, 9), "right", "bottom"),
    "above": ((0, 9), "center", "bottom"),
    "below": ((0, -9), "center", "top"),
    "left": ((-10, 2), "right", "center"),
}


def plot(facts: dict) -> Figure:
    """Draw a dot for each occupation, share of women across and odds up, and the fitted line."""
    figure = new_figure(1120, 430)
    axes = figure.add_subplot()
    women = [row["women_percent"] for row in facts["occupations"]]
    odds = [row["odds"] for row in facts["occupations"]]
    draw_odds_axes(axes, odds, ODDS)
    ends = [np.exp(facts["intercept"] + facts["slope_per_percent"] * end) for end in (0, 100)]
    axes.plot((0, 100), ends, color=GREY)
    axes.plot(women, odds, "o", color=BLUE)
    draw_labels(axes, facts)
    return figure


def draw_odds_axes(axes: Axes, odds: list[float], names: dict[float, str]) -> None:
    """Prepare axes for these odds: share of women across, odds up, logarithmic, a line at even.

    `names` says what is written at which odds.
    """
    axes.set_yscale("log", base=2)
    axes.axhline(1, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.set_xlim(-1, 101)
    axes.set_ylim(min(*odds, *names) / 1.4, max(odds) * 1.5)
    percents = range(0, 101, 20)
    axes.set_xticks(percents, [f"{percent}%" for percent in percents])
    axes.set_yticks(list(names), list(names.values()))
    axes.set_xlabel("donne fra chi fa quel mestiere (Stati Uniti, 2015 e 2016)")


def draw_labels(axes: Axes, facts: dict) -> None:
    """Name the chosen occupation in colour, and others that stand apart, but for its neighbours."""
    chosen = facts["chosen"]
    label(axes, chosen, free_side(facts), VERMILION)
    axes.plot(chosen["women_percent"], chosen["odds"], "o", color=VERMILION, markersize=12)
    for row in facts["occupations"]:
        aside = abs(row["women_percent"] - chosen["women_percent"])
        apart = abs(np.log(row["odds"] / chosen["odds"]))
        if row["occupation"] in LABELLED and (aside > 20 or apart > 0.7):
            label(axes, row, LABELLED[row["occupation"]], INK)


def free_side(facts: dict) -> str:
    """Choose where the chosen name stands: away from the fitted line, around which the dots are.

    >>> chosen = {"women_percent": 50, "odds": 0.5}
    >>> free_side({"chosen": chosen, "intercept": 0, "slope_per_percent": 0})
    'below'
    """
    women, odds = (facts["chosen"][key] for key in ("women_percent", "odds"))
    if women < 12:
        return "right"
    fitted = np.exp(facts["intercept"] + facts["slope_per_percent"] * women)
    return "above" if odds > fitted else "below"


def label(axes: Axes, row: dict, side: str, colour: str) -> None:
    """Write an occupation's name beside its dot."""
    point = row["women_percent"], row["odds"]
    shift, across, up = SIDES[side]
    note(axes, row["italian"], point, shift, 24, ha=across, va=up, color=colour)


def alt(facts: dict) -> str:
    """Describe the figure in Italian, from the same facts."""
    he, she, chosen = (described(facts[name]) for name in ("most_he", "most_she", "chosen"))
    n, r = facts["n_occupations"], number(facts["correlation"], 2)
    return (
        f"{n} punti, uno per mestiere: più donne lo fanno, più il modello preferisce «she» a «he» "
        f"(correlazione {r}). Si va da {he} a {she}. In evidenza {chosen}."
    )


def described(row: dict) -> str:
    """Name an occupation, with its share of women and its odds.

    >>> described({"italian": "idraulico", "women_percent": 1.4, "odds": 0.5})
    'idraulico (1,4% di donne: «he» 2,0 volte «she»)'
    """
    share = number(row["women_percent"], 1)
    return f"{row['italian']} ({share}% di donne: {times(row['odds'])})"
