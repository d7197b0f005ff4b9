"""The figure of `gradient_descent`: the line through the points, and the steps on the parabola."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREY, INK, VERMILION, new_figure, note
from demos.common.words import number

LOW, HIGH = -0.7, 5.0  # weights on the horizontal axis


def plot(facts: dict) -> Figure:
    """Draw the points with the lines of the first steps, and the steps on the loss."""
    figure = new_figure(1120, 300)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    draw_lines(left, facts)
    draw_steps(right, facts)
    return figure


def draw_lines(axes: Axes, facts: dict) -> None:
    """Draw the sentences as points, and the line after some of the steps."""
    words, tokens = zip(*facts["points"], strict=True)
    axes.plot(words, tokens, "o", color=INK, markersize=7, clip_on=False)
    most, last = 18, len(facts["rows"]) - 1
    for row in (facts["rows"][n] for n in (1, last)):
        height = row["weight"] * most
        is_last = row["step"] == last
        axes.plot([0, most], [0, height], color=BLUE if is_last else GREY)
        if 6 < height < 52:
            label = f"passo {row['step']}"
            place, away = (most, height), (-4, 18 if is_last else -36)
            note(axes, label, place, away, 24, ha="right", color=BLUE if is_last else GREY)
    axes.set(xlim=(0, most), ylim=(0, 52), xticks=[0, 6, 12, 18], yticks=[0, 20, 40])
    axes.set_xlabel("parole della frase")
    axes.set_title("token della frase")


def draw_steps(axes: Axes, facts: dict) -> None:
    """Draw the loss over the weight, and the steps that stay inside."""
    lowest, found = facts["least_loss"], facts["best_weight"]
    weights = [LOW + (HIGH - LOW) * n / 200 for n in range(201)]
    losses = [lowest + facts["curvature"] / 2 * (weight - found) ** 2 for weight in weights]
    axes.plot(weights, losses, color=GREY, linewidth=2)
    inside = [row for row in facts["rows"] if LOW <= row["weight"] <= HIGH]
    n_in_a_row = next((n for n, row in enumerate(inside) if row["step"] != n), len(inside))
    path = inside[:n_in_a_row]
    diverges = facts["n_steps_to_near"] is None
    colour = VERMILION if diverges else BLUE
    x, y = [row["weight"] for row in path], [row["loss"] for row in path]
    axes.plot(x, y, "o-", color=colour, linewidth=1.6, markersize=10, clip_on=False)
    for row in path[:3]:
        away = (-14, 2) if row["weight"] < found else (14, 2)
        if abs(row["weight"] - found) > 0.5:
            side = "right" if row["weight"] < found else "left"
            note(axes, str(row["step"]), (row["weight"], row["loss"]), away, 24, ha=side)
    n = facts["n_steps_to_near"]
    says = "diverge: la perdita cresce" if diverges else f"entro l’1% dopo {number(n)} passi"
    note(axes, says, (found, 0.93 * max(losses)), (0, 0), 24, ha="center", color=colour, weight=600)
    axes.set(xlim=(LOW, HIGH), ylim=(0, max(losses)), xticks=[0, found, 4], yticks=[0, 500, 1000])
    axes.set_xticklabels(["0", number(found, 2), "4"])
    axes.set_yticklabels(map(number, (0, 500, 1000)))
    axes.set_xlabel("il peso w")
    axes.set_title("perdita")


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    size, found = str(facts["step_size"]).replace(".", ","), number(facts["best_weight"], 2)
    n = facts["n_steps_to_near"]
    end = f"entro l’1% dopo {n} passi" if n is not None else "sempre più lontano: diverge"
    weights = "; ".join(number(row["weight"], 2) for row in facts["rows"][:5])
    return (
        f"A sinistra {facts['n_points']} frasi, parole e token, e le rette dei primi passi. "
        f"A destra la perdita, una parabola con il minimo a {found}, e i passi, ciascuno "
        f"{size} volte la pendenza: w vale {weights} …, {end}."
    )
