"""The figure of `overfitting`: three curves through the same points, the errors of each size."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREEN, INK, VERMILION, new_figure, note
from demos.common.words import number


def plot(facts: dict) -> Figure:
    """Draw one draw with three curves through it, and both errors against the parameters."""
    figure = new_figure(1120, 385)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    draw_curves(left, facts)
    draw_errors(right, facts)
    return figure


def draw_curves(axes: Axes, facts: dict) -> None:
    """Draw the points of one draw and three curves."""
    styles = ((GREEN, "solid"), (VERMILION, (0, (4, 1.5))), (BLUE, (0, (1.2, 1))))
    sizes = (facts["best"]["n_params"], facts["n_points"], facts["last"]["n_params"])
    curves, x = facts["example"]["curves"], facts["example"]["x"]
    for curve, (colour, dashes), size in zip(curves, styles, sizes, strict=True):
        axes.plot(x, curve, color=colour, linestyle=dashes, label=f"{size} parametri")
    axes.plot(*facts["example"]["points"], "o", color=INK)
    axes.set_ylim(-2.1, 2.1)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"{facts['n_points']} punti, tre curve")
    axes.legend(loc="lower left", handlelength=1.6, borderaxespad=0.1, labelspacing=0.25)


def draw_errors(axes: Axes, facts: dict) -> None:
    """Draw both errors; a dashed line stands where the parameters equal the points."""
    n_points, sizes = facts["n_points"], [row["n_params"] for row in facts["curve"]]
    new = [row["test_error"] for row in facts["curve"]]
    seen = [row["training_error"] for row in facts["curve"]]
    top = 1.15 * max(new)
    above_seen = max(new[-1], 0.09 * top)  # so that no name covers the other
    draw_named(axes, "punti nuovi", sizes, new, above_seen, VERMILION)
    draw_named(axes, "punti visti", sizes, seen, max(seen[-1], 0), BLUE)
    axes.axvline(n_points, color=INK, linewidth=1.6, linestyle=(0, (4, 3)))
    note(axes, "tanti parametri\nquanti punti", (n_points, top), (8, 0), 24, va="top")
    mark_axes(axes, [1, 4, n_points, 100, sizes[-1]], top)


def draw_named(
    axes: Axes, name: str, sizes: list[int], values: list[float], height: float, colour: str
) -> None:
    """Draw one error against the parameters, with its name above `height` at the end."""
    axes.plot(sizes, values, color=colour)
    ends_there = {"ha": "right", "va": "bottom"}
    note(axes, name, (sizes[-1], height), (0, 8), 24, color=colour, **ends_there)


def mark_axes(axes: Axes, sizes: list[int], top: float) -> None:
    """Mark these numbers of parameters on a logarithmic axis, and every fifth of error up."""
    axes.set_xscale("log")
    axes.set_xlim(1, sizes[-1])
    axes.set_xticks(sizes, list(map(number, sizes)))
    axes.set_xticks([], minor=True)
    axes.set_ylim(0, top)
    ticks = [tenth / 10 for tenth in range(0, int(10 * top) + 1, 2)]
    axes.set_yticks(ticks, [number(tick, 1) for tick in ticks])
    axes.set_xlabel("parametri")
    axes.set_title("errore")


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    rows = (facts["best"], facts["at_threshold"], facts["last"])
    few, equal, many = (row["n_params"] for row in rows)
    best, peak, last = (number(row["test_error"], 3) for row in rows)
    first = number(facts["curve"][0]["training_error"], 3)
    return (
        f"A sinistra {facts['n_points']} punti rumorosi e tre curve, con {few}, {equal} e {many} "
        f"parametri. A destra l’errore. Sui punti visti scende da {first} a zero quando i "
        f"parametri sono {equal}. Sui punti nuovi è {best} con {few} parametri, {peak} con {equal} "
        f"e {last} con {many}."
    )
