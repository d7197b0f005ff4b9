"""The figure of `fine_tuning`: perplexity over the steps, where to stop, the held-out text."""

from matplotlib.figure import Figure

from demos.common.style import BLUE, GREY, INK, VERMILION, new_figure
from demos.common.words import number
from demos.fine_tuning import perplexity


def plot(facts: dict) -> Figure:
    """Draw the perplexities over the steps, where to stop, and the three measures of the held-out text."""
    figure = new_figure(1120, 430)
    axes = figure.add_subplot()
    for part, name, colour in (
        ("validation", "testo per scegliere", GREY),
        ("training", "testo imparato", BLUE),
    ):
        key = f"{part}_perplexity"
        rows = [row for row in facts["curve"] if key in row]
        middle = (
            facts["n_steps_per_pass"] / 2 if part == "training" else 0
        )  # a mean since the row before
        axes.plot(
            [row["step"] - middle for row in rows],
            [row[key] for row in rows],
            color=colour,
            label=name,
        )
    steps = (0, facts["best_step"], facts["n_steps"])
    values = [facts[f"{moment}_perplexity"] for moment in ("before", "after", "overfitted")]
    axes.plot(
        steps,
        values,
        "o",
        color=VERMILION,
        markersize=12,
        clip_on=False,
        zorder=3,
        label="testo di prova",
    )
    for step, value in zip(steps, values, strict=True):
        dx, dy, across, up = (
            (0, -12, "right", "top") if step == facts["n_steps"] else (8, 10, "left", "bottom")
        )
        axes.annotate(number(value, 1), (step, value), xytext=(dx, dy), textcoords="offset points",
                      ha=across, va=up, color=VERMILION)  # fmt: skip
    axes.axvline(facts["best_step"], color=INK, linewidth=1.6, linestyle=(0, (4, 3)))
    axes.annotate("qui ci si ferma", (facts["best_step"], 0), xycoords=("data", "axes fraction"), xytext=(8, 8),
                  textcoords="offset points", va="bottom")  # fmt: skip
    axes.set_xlim(0, facts["n_steps"])
    axes.set_xticks([row["step"] for row in facts["curve"]])
    every = [row[key] for row in facts["curve"] for key in row if key != "step"]
    bottom, top = 20 * int(min(every + values) / 20), 1.12 * max(every + values)
    axes.set_ylim(bottom, top)
    axes.set_yticks(
        range(bottom, int(top) + 1, 20), [number(tick) for tick in range(bottom, int(top) + 1, 20)]
    )
    axes.set_xlabel("passi di addestramento")
    axes.set_ylabel("perplessità")
    axes.legend(loc="lower left")
    return figure


def alt(facts: dict) -> str:
    """Describe the figure in Italian, from the same facts."""
    first, last = facts["curve"][1], facts["curve"][-1]
    return (
        f"Perplessità in {facts['n_steps']} passi. Sul testo imparato scende da "
        f"{perplexity(first['training_perplexity'])} a {perplexity(last['training_perplexity'])}; sul testo per "
        f"scegliere è minima al passo {facts['best_step']}, dove ci si ferma. Testo di prova: "
        f"{perplexity(facts['before_perplexity'])} all'inizio, {perplexity(facts['after_perplexity'])} a quel passo, "
        f"{perplexity(facts['overfitted_perplexity'])} alla fine."
    )
