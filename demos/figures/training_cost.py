"""The figure of `training_cost`: hours as computed and as published, a row a run."""

from matplotlib.figure import Figure

from demos.common.style import BLUE, GREY, VERMILION, name_rows, new_figure
from demos.common.words import number


def plot(facts: dict) -> Figure:
    """Draw hours on a logarithmic axis: a circle where the sum puts a run, a diamond where its authors do."""
    rows = sorted(
        (row for row in facts["runs"].values() if row["gpu_hours"]),
        key=lambda row: -row["gpu_hours"],
    )
    figure = new_figure(1120, 430)
    axes = figure.add_subplot(xscale="log", xlim=(3e4, 1.2e8))
    for place, row in enumerate(rows):
        ends = sorted((row["computed_gpu_hours"], row["gpu_hours"]))
        axes.plot(ends, [place, place], color=GREY, linewidth=2.5, zorder=2)
        axes.plot(row["computed_gpu_hours"], place, "o", color=BLUE, markersize=13)
        axes.plot(row["gpu_hours"], place, "D", color=VERMILION, markersize=12)
        axes.annotate(f"{number(row['utilization_percent'], 0)}%", (ends[1], place), xytext=(16, 0),
                      textcoords="offset points", va="center", size=18)  # fmt: skip
    names = {1e5: "100 mila", 1e6: "1 milione", 1e7: "10 milioni", 1e8: "100 milioni"}
    axes.set_xticks(list(names), list(names.values()))
    axes.minorticks_off()
    axes.grid(axis="x")
    name_rows(axes, [f"{row['name']} ({row['gpu']})" for row in rows], bold=set())
    axes.set_xlabel(f"ore di GPU: il conto al {facts['utilization_percent']}% (cerchi), dichiarate (rombi), "
                    "utilizzo che ne risulta")  # fmt: skip
    return figure


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    rows = [
        f"{row['name']} {number(row['gpu_hours'])} dichiarate, {number(row['computed_gpu_hours'], 0)} dal conto, "
        f"utilizzo {number(row['utilization_percent'], 0)}%"
        for row in facts["runs"].values()
        if row["gpu_hours"]
    ]
    return (
        f"Ore di GPU su scala logaritmica, dal conto al {facts['utilization_percent']}% di utilizzo e dichiarate "
        f"da chi ha addestrato il modello: {'; '.join(rows)}."
    )
