"""The figure of `examples_in_prompt`: right answers over the number of examples, a line a task."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREEN, VERMILION, new_figure, note
from demos.common.words import percent
from demos.examples_in_prompt import COUNTS, described

LOOKS = {  # colour, marker, and how far beside the others its intervals stand
    "opposites": (BLUE, "o", -0.05),
    "capitals": (GREEN, "s", 0.05),
    "translations": (VERMILION, "^", 0.0),
}


def plot(facts: dict) -> Figure:
    """Draw a line a task with its intervals, named at its end."""
    figure = new_figure(1120, 385)
    axes = figure.add_subplot()
    for task in facts["tasks"]:
        draw_task(axes, task)
    places = range(len(COUNTS))
    axes.set_xticks(places, [str(n) for n in COUNTS], size=24)
    axes.set_xlabel("esempi nel prompt")
    shares = (0, 0.25, 0.5, 0.75, 1)
    axes.set_yticks(shares, [percent(share, 0) for share in shares], size=24)
    axes.set_ylabel(f"giuste su {facts['n_asked']}")
    axes.set(xlim=(-0.15, 6.1), ylim=(-0.03, 1.03))
    axes.spines["bottom"].set_bounds(-0.15, len(COUNTS) - 0.8)
    return figure


def draw_task(axes: Axes, task: dict) -> None:
    """Draw one task's line, its intervals, and its name with the last count."""
    colour, marker, shift = LOOKS[task["task"]]
    places = [n + shift for n in range(len(COUNTS))]
    rows = task["by_examples"]
    axes.plot(places, [row["share"] for row in rows], color=colour, marker=marker)
    for x, row in zip(places, rows, strict=True):
        axes.plot((x, x), (row["low"], row["high"]), color=colour, linewidth=2)
    last = rows[-1]
    text = f"{task['name']}: {last['n_right']}"
    at = (len(COUNTS) - 0.95, last["share"])
    note(axes, text, at, (14, 0), 24, color=colour, weight=600)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    lines = []
    for task in facts["tasks"]:
        counts = (f"con {row['n_examples']} {described(row)}" for row in task["by_examples"])
        lines.append(f"{task['name']}: {', '.join(counts)}")
    return (
        "Risposte giuste secondo quanti esempi ci sono nel prompt (intervallo al 95%). "
        + "; ".join(lines)
    )
