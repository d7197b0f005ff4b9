"""The figure of `calibration`: how often right over how sure, and each answer as a tick."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.reliability import span
from demos.common.style import BLUE, GREEN, GREY, VERMILION, new_figure, note
from demos.common.words import percent

TOP, BOTTOM = 1.1, -0.1  # where the ticks of right and of wrong answers are


def plot(facts: dict) -> Figure:
    """Draw a dot for each bin with its interval, the diagonal, and a tick for each answer."""
    figure = new_figure(1120, 385)
    axes = figure.add_subplot()
    prepare(axes)
    axes.plot((0, 1), (0, 1), color=GREY, linewidth=1.5, linestyle=(0, (4, 3)))
    note(axes, "sicuro quanto ha ragione", (0.66, 0.66), (10, -8), 24, color=GREY, va="top")
    for one in facts["bins"]:
        draw_bin(axes, one)
    draw_ticks(axes, facts["answers"])
    for row in facts["surest_wrong"]:
        draw_wrong(axes, row)
    return figure


def prepare(axes: Axes) -> None:
    """Set up axes of shares: sure across, right up."""
    shares = (0, 0.25, 0.5, 0.75, 1)
    names = [percent(share, 0) for share in shares]
    axes.set_xticks(shares, names)
    axes.set_yticks(shares, names)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.17, 1.17))
    axes.set_xlabel("quanto è sicuro della sua risposta")
    axes.set_ylabel("quante sono giuste")
    axes.tick_params(labelsize=24)


def draw_bin(axes: Axes, one: dict) -> None:
    """Draw a bin's dot, its interval, and how many answers of how many are right."""
    x, y = one["mean_probability"], one["share"]
    axes.plot((x, x), (one["low"], one["high"]), color=BLUE, linewidth=3)
    axes.plot(x, y, "o", color=BLUE, markersize=13)
    text = f"{one['n_right']} su {one['n']}"
    look = {"ha": "right", "va": "bottom", "weight": 600, "color": BLUE}
    note(axes, text, (x, y), (-12, 2), 24, **look)


def draw_ticks(axes: Axes, rows: list[dict]) -> None:
    """Draw each answer where it is sure: above where it is right, below where it is wrong."""
    for is_right, y, colour in ((True, TOP, GREEN), (False, BOTTOM, VERMILION)):
        sure = [row["probability"] for row in rows if row["is_right"] == is_right]
        axes.plot(sure, [y] * len(sure), "|", color=colour, markersize=17, markeredgewidth=2.5)
    note(axes, "ogni risposta giusta", (0, TOP), (0, -14), 24, color=GREEN, va="top")
    note(axes, "ogni risposta sbagliata", (0.4, BOTTOM), (0, 13), 24, color=VERMILION, va="bottom")


def draw_wrong(axes: Axes, row: dict) -> None:
    """Name a wrong answer that the model is very sure of."""
    at = (row["probability"], BOTTOM)
    left = row["probability"] < 0.88
    look = {"color": VERMILION, "weight": 600, "va": "bottom", "ha": "right" if left else "left"}
    note(axes, row["answer"], at, (4 if left else -4, 13), 24, **look)


def alt(facts: dict) -> str:
    """Describe the figure in Italian, from the same facts."""
    dots = "; ".join(map(described, facts["bins"]))
    wrong = " e ".join(
        f"{row['answer']} ({percent(row['probability'])})" for row in facts["surest_wrong"]
    )
    return (
        f"Quante risposte sono giuste secondo quanto il modello ne è sicuro, su "
        f"{facts['n_questions']} domande: {dots}. Sotto, gli sbagli di cui è più sicuro: {wrong}."
    )


def described(one: dict) -> str:
    """Say one bin's numbers."""
    sure, ends = (span(one["sure_from"], one["sure_to"]), span(one["low"], one["high"]))
    return (
        f"sicuro {sure}, {one['n_right']} giuste su {one['n']} "
        f"({percent(one['share'], 0)}, intervallo al 95% {ends})"
    )
