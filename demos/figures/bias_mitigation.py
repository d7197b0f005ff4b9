"""The figure of `bias_mitigation`: the odds of each held-out occupation, before and after."""

from matplotlib.figure import Figure

from demos.bias_mitigation import unevenness
from demos.common.bias import times
from demos.common.style import BLUE, INK, VERMILION, new_figure
from demos.common.words import number


def plot(facts: dict) -> Figure:
    """Draw an arrow for each held-out occupation: share of women across, odds before and after up, logarithmic."""
    rows = facts["occupations"]
    women = [row["women_percent"] for row in rows]
    before, after = ([row[f"odds_{moment}"] for row in rows] for moment in ("before", "after"))
    figure = new_figure(1120, 430)
    axes = figure.add_subplot()
    axes.set_yscale("log", base=2)
    axes.axhline(1, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.vlines(women, before, after, color=INK, linewidth=1.6, zorder=1)
    axes.plot(women, before, "o", color=VERMILION, markersize=10, label="prima")
    axes.plot(women, after, "D", color=BLUE, markersize=10, label="dopo")
    axes.set_xlim(-1, 101)
    axes.set_ylim(min(before + after) / 1.5, max(before + after) * 1.5)
    axes.set_xticks(range(0, 101, 20), [f"{percent}%" for percent in range(0, 101, 20)])
    ticks = {
        4: "«she» 4 volte",
        2: "2 volte",
        1: "alla pari",
        1 / 2: "2 volte",
        1 / 4: "«he» 4 volte",
    }
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.minorticks_off()
    axes.set_xlabel("donne fra chi fa quel mestiere (Stati Uniti, 2015 e 2016)")
    axes.legend(loc="upper left")
    for moment in ("before", "after"):  # the farthest from even, then and now
        row = max(rows, key=lambda row: unevenness(row[f"odds_{moment}"]))
        side, across = (-12, "right") if row["women_percent"] > 50 else (12, "left")
        axes.annotate(row["italian"], (row["women_percent"], row[f"odds_{moment}"]), xytext=(side, 0),
                      textcoords="offset points", ha=across, va="center")  # fmt: skip
    return figure


def alt(facts: dict) -> str:
    """Describe the figure in Italian, from the same facts."""
    held_out, last = (
        facts["held_out"],
        max(facts["occupations"], key=lambda row: unevenness(row["odds_before"])),
    )
    before, after = (number(held_out[f"gap_odds_{moment}"], 1) for moment in ("before", "after"))
    moved = (
        f"{last['italian']}: prima {times(last['odds_before'])}, dopo {times(last['odds_after'])}"
    )
    return (
        f"{facts['n_held_out_occupations']} mestieri mai visti, con quante volte «she» è più probabile di «he» prima "
        f"e dopo gli esempi bilanciati. Il divario medio passa da {before} a {after} volte. Per esempio {moved}."
    )
