"""The figure of `training_cost`: hours as computed and as published, a row a run."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREY, VERMILION, name_rows, new_figure
from demos.common.words import number

DECADES = {1e5: "100 mila", 1e6: "1 milione", 1e7: "10 milioni", 1e8: "100 milioni"}


def plot(facts: dict) -> Figure:
    """Draw hours on a logarithmic axis: a circle as the sum puts a run, a diamond as published."""
    rows = sorted(runs_with_hours(facts), key=lambda row: -row["gpu_hours"])
    figure = new_figure(1120, 430)
    axes = figure.add_subplot(xscale="log", xlim=(3e4, 1.2e8))
    for place, row in enumerate(rows):
        draw_run(axes, place, row)
    axes.set_xticks(list(DECADES), list(DECADES.values()))
    axes.minorticks_off()
    axes.grid(axis="x")
    name_rows(axes, [f"{row['name']} ({row['gpu']})" for row in rows], bold=set())
    axes.set_xlabel(
        f"ore di GPU: ● il conto al {facts['utilization_percent']}%, ◆ dichiarate; "
        "accanto l’utilizzo apparente"
    )
    return figure


def runs_with_hours(facts: dict) -> list[dict]:
    """Pick the runs whose authors published hours.

    >>> runs_with_hours({"runs": {"a": {"gpu_hours": None}, "b": {"gpu_hours": 9}}})
    [{'gpu_hours': 9}]
    """
    return [row for row in facts["runs"].values() if row["gpu_hours"]]


def draw_run(axes: Axes, place: int, row: dict) -> None:
    """Draw one run's two marks, joined by a line, and the utilization that follows."""
    ends = sorted((row["computed_gpu_hours"], row["gpu_hours"]))
    axes.plot(ends, [place, place], color=GREY, linewidth=2.5, zorder=2)
    axes.plot(row["computed_gpu_hours"], place, "o", color=BLUE, markersize=13)
    axes.plot(row["gpu_hours"], place, "D", color=VERMILION, markersize=12)
    percent = f"{number(row['utilization_percent'], 0)}%"
    beside = {"xytext": (16, 0), "textcoords": "offset points", "va": "center"}
    axes.annotate(percent, (ends[1], place), **beside)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    rows = "; ".join(map(in_words, runs_with_hours(facts)))
    return (
        f"Ore di GPU su scala logaritmica, dal conto al {facts['utilization_percent']}% "
        f"di utilizzo e dichiarate da chi ha addestrato il modello: {rows}."
    )


def in_words(row: dict) -> str:
    """Write one run's hours and utilization.

    >>> row = {"name": "LLaMA 7B", "gpu_hours": 82432, "computed_gpu_hours": 9e4}
    >>> in_words(row | {"utilization_percent": 43.7})
    'LLaMA 7B 82.432 dichiarate, 90.000 dal conto, utilizzo apparente 44%'
    """
    computed, percent = row["computed_gpu_hours"], row["utilization_percent"]
    return (
        f"{row['name']} {number(row['gpu_hours'])} dichiarate, {number(computed, 0)} dal conto, "
        f"utilizzo apparente {number(percent, 0)}%"
    )
