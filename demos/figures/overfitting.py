"""The figure of `overfitting`: three curves through the same points, the errors of each size."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREEN, INK, VERMILION, new_figure
from demos.common.words import number
from demos.overfitting import error


def plot(facts: dict) -> Figure:
    """Draw one draw with three curves through it, and beside it both errors against the number of parameters."""
    figure = new_figure(1120, 385)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    draw_curves(left, facts)
    draw_errors(right, facts)
    return figure


def draw_curves(axes: Axes, facts: dict) -> None:
    """Draw the points of one draw and three curves."""
    styles = ((GREEN, "solid"), (VERMILION, (0, (4, 1.5))), (BLUE, (0, (1.2, 1))))
    names = (facts["best"]["n_params"], facts["n_points"], facts["last"]["n_params"])
    for curve, (colour, dashes), size in zip(
        facts["example"]["curves"], styles, names, strict=True
    ):
        axes.plot(
            facts["example"]["x"], curve, color=colour, linestyle=dashes, label=f"{size} parametri"
        )
    axes.plot(*facts["example"]["points"], "o", color=INK)
    axes.set_ylim(-2.1, 2.1)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"{facts['n_points']} punti, tre curve")
    axes.legend(loc="lower left", handlelength=1.6, borderaxespad=0.1, labelspacing=0.25)


def draw_errors(axes: Axes, facts: dict) -> None:
    """Draw both errors; the axis of parameters is logarithmic, and a dashed line stands where they equal the points."""
    sizes = [row["n_params"] for row in facts["curve"]]
    top = 1.15 * max(
        facts["at_threshold"]["test_error"], *(row["test_error"] for row in facts["curve"])
    )
    for key, name, colour in (
        ("test_error", "casi nuovi", VERMILION),
        ("training_error", "punti visti", BLUE),
    ):
        values = [row[key] for row in facts["curve"]]
        axes.plot(sizes, values, color=colour)
        height = max(
            values[-1], 0.09 * top if key == "test_error" else 0
        )  # so that no name covers the other
        axes.annotate(name, (sizes[-1], height), xytext=(0, 8), textcoords="offset points", ha="right",
                      va="bottom", color=colour)  # fmt: skip
    axes.axvline(facts["n_points"], color=INK, linewidth=1.6, linestyle=(0, (4, 3)))
    axes.annotate("tanti parametri\nquanti punti", (facts["n_points"], top), xytext=(8, 0), textcoords="offset points",
                  va="top", size=18)  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(1, sizes[-1])
    marks = [1, 4, facts["n_points"], 100, sizes[-1]]
    axes.set_xticks(marks, list(map(number, marks)))
    axes.set_xticks([], minor=True)
    axes.set_ylim(0, top)
    ticks = [tick / 10 for tick in range(0, int(10 * top) + 1, 2)]
    axes.set_yticks(ticks, [number(tick, 1) for tick in ticks])
    axes.set_xlabel("parametri")
    axes.set_title("errore")


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    first, best, peak, last = facts["curve"][0], facts["best"], facts["at_threshold"], facts["last"]
    return (
        f"A sinistra {facts['n_points']} punti rumorosi e tre curve, con {best['n_params']}, {peak['n_params']} e "
        f"{last['n_params']} parametri. A destra l'errore. Sui punti visti scende da {error(first['training_error'])} "
        f"a zero quando i parametri sono {peak['n_params']}. Sui casi nuovi è {error(best['test_error'])} con "
        f"{best['n_params']} parametri, {error(peak['test_error'])} con {peak['n_params']} e "
        f"{error(last['test_error'])} con {last['n_params']}."
    )
