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
        unit = " parametri" if curve is curves[-1] else ""
        axes.plot(x, curve, color=colour, linestyle=dashes, label=f"{size}{unit}")
    axes.plot(*facts["example"]["points"], "o", color=INK)
    axes.set_ylim(-2.1, 2.1)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"{facts['n_points']} punti, tre curve")
    name_dashes(axes)


def name_dashes(axes: Axes) -> None:
    """Say in one row below which dashes are whose: the curves leave no room for their names."""
    below = {"loc": "upper left", "bbox_to_anchor": (0, -0.02), "ncols": 3}
    axes.legend(**below, handlelength=2, handletextpad=0.4, columnspacing=1, borderpad=0)


def draw_errors(axes: Axes, facts: dict) -> None:
    """Draw both errors; a dashed line stands where the parameters equal the points."""
    n_points, sizes = facts["n_points"], [row["n_params"] for row in facts["curve"]]
    new = [row["test_error"] for row in facts["curve"]]
    seen = [row["training_error"] for row in facts["curve"]]
    peak = facts["at_threshold"]["test_error"]
    top = max(1.15 * max(new), 1.42 * peak)  # the note stands above the peak
    draw_named(axes, "punti nuovi", sizes, new, 8, VERMILION)
    draw_named(axes, "punti visti", sizes, seen, -6, BLUE)
    axes.axvline(n_points, color=INK, linewidth=1.6, linestyle=(0, (4, 3)))
    note(axes, "tanti parametri\nquanti punti", (n_points, top), (8, 0), 24, va="top")
    mark_axes(axes, [1, 4, n_points, 100, sizes[-1]], top)


def draw_named(
    axes: Axes, name: str, sizes: list[int], values: list[float], above: int, colour: str
) -> None:
    """Draw one error against the parameters, with its name `above` its end, or below."""
    axes.plot(sizes, values, color=colour)
    look = {"ha": "right", "va": "bottom" if above > 0 else "top", "color": colour}
    note(axes, name, (sizes[-1], values[-1]), (0, above), 24, **look)


def mark_axes(axes: Axes, sizes: list[int], top: float) -> None:
    """Mark these numbers of parameters on a logarithmic axis, and every fifth of error up."""
    axes.set_xscale("log")
    axes.set_xlim(1, sizes[-1])
    axes.set_xticks(sizes, list(map(number, sizes)))
    axes.set_xticks([], minor=True)
    axes.set_ylim(-0.16 * top, top)  # below 0 there is room for a name
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
