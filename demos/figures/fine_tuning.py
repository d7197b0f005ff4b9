"""The figure of `fine_tuning`: perplexity over the steps, where to stop, the held-out text."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREY, INK, VERMILION, new_figure, note
from demos.common.words import number
from demos.fine_tuning import one_decimal


def plot(facts: dict) -> Figure:
    """Draw the perplexities over the steps, where to stop, and what the held-out text says."""
    figure = new_figure(1120, 430)
    axes = figure.add_subplot()
    draw_curve(axes, facts, "validation_perplexity", GREY)
    draw_curve(axes, facts, "training_perplexity", BLUE)
    draw_held_out(axes, facts)
    axes.axvline(facts["best_step"], color=INK, linewidth=1.6, linestyle=(0, (4, 3)))
    bottom_of_line = {"xycoords": ("data", "axes fraction"), "va": "bottom"}
    note(axes, "qui ci si ferma", (facts["best_step"], 0), (8, 8), 24, **bottom_of_line)
    axes.set_xlim(0, facts["n_steps"])
    axes.set_xticks([row["step"] for row in facts["curve"]])
    set_height(axes, facts)
    axes.set_xlabel("passi di addestramento")
    axes.set_ylabel("perplessità")
    name_curves(axes, facts)
    return figure


def draw_curve(axes: Axes, facts: dict, key: str, colour: str) -> None:
    """Draw one perplexity over the steps; what was learned is a mean since the row before."""
    rows = [row for row in facts["curve"] if key in row]
    back = facts["n_steps_per_pass"] / 2 if key == "training_perplexity" else 0
    axes.plot([row["step"] - back for row in rows], [row[key] for row in rows], color=colour)


def name_curves(axes: Axes, facts: dict) -> None:
    """Name the falling curve at its lower left, and the other below its middle."""
    rows = facts["curve"]
    learned, tried = rows[len(rows) // 3], rows[2 * len(rows) // 3]
    place = learned["step"] - facts["n_steps_per_pass"] / 2, learned["training_perplexity"]
    beside = {"ha": "right", "va": "top", "color": BLUE}
    note(axes, "testo di addestramento", place, (0, -12), 24, **beside)
    place = tried["step"], tried["validation_perplexity"]
    note(axes, "testo di convalida", place, (0, -12), 24, ha="center", va="top", color=GREY)


def held_out(facts: dict) -> list[float]:
    """List the perplexities of the held-out text: before, where it stops, and at the end.

    >>> held_out({"before_perplexity": 99, "after_perplexity": 90, "overfitted_perplexity": 95})
    [99, 90, 95]
    """
    return [facts[f"{moment}_perplexity"] for moment in ("before", "after", "overfitted")]


def draw_held_out(axes: Axes, facts: dict) -> None:
    """Draw the three measures of the held-out text as dots, with their numbers."""
    steps, values = (0, facts["best_step"], facts["n_steps"]), held_out(facts)
    dots = {"color": VERMILION, "markersize": 12, "clip_on": False, "zorder": 3}
    axes.plot(steps, values, "o", **dots)
    for step, value in zip(steps, values, strict=True):
        is_last = step == facts["n_steps"]  # its number would stand outside the figure
        away, across, up = ((0, -12), "right", "top") if is_last else ((8, 10), "left", "bottom")
        label = number(value, 1) if step else f"testo di prova: {number(value, 1)}"
        note(axes, label, (step, value), away, 24, ha=across, va=up, color=VERMILION)


def set_height(axes: Axes, facts: dict) -> None:
    """Let the vertical axis hold all perplexities, with a mark every 20."""
    perplexities = held_out(facts)
    for row in facts["curve"]:
        perplexities += [value for key, value in row.items() if key != "step"]
    bottom, top = 20 * int(min(perplexities) / 20), 1.12 * max(perplexities)
    axes.set_ylim(bottom, top)
    ticks = range(bottom + 20, int(top) + 1, 20)  # the lowest would meet the 0 of the steps
    axes.set_yticks(ticks, list(map(number, ticks)))


def alt(facts: dict) -> str:
    """Describe the figure in Italian, from the same facts."""
    first, last = (one_decimal(facts["curve"][i]["training_perplexity"]) for i in (1, -1))
    before, after, end = map(one_decimal, held_out(facts))
    return (
        f"Perplessità in {facts['n_steps']} passi. Sul testo di addestramento scende da {first} a "
        f"{last}; su quello di convalida è minima al passo {facts['best_step']}, dove ci si ferma. "
        f"Testo di prova: {before} all’inizio, {after} a quel passo, {end} alla fine."
    )
