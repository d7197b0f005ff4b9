"""The figure of `parameters`: a bar a family, a dot a model, on a logarithmic axis."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.models.catalogue import FAMILY_NAMES
from demos.common.style import BLUE, PAPER, TINTS, VERMILION, draw_decades, name_rows, new_figure
from demos.common.words import params_in_words


def rows(facts: dict) -> list[tuple[str, list[float]]]:
    """Order the families by their largest model, largest first; sizes in parameters.

    >>> rows({"sizes_billions": {"gpt2": [0.1], "gemma": [2.5, 8.5]}})
    [('gemma', [2500000000.0, 8500000000.0]), ('gpt2', [100000000.0])]
    """
    families = facts["sizes_billions"].items()
    rows = [(name, [size * 1e9 for size in billions]) for name, billions in families]
    return sorted(rows, key=lambda row: -row[1][-1])


def plot(facts: dict) -> Figure:
    """Draw a bar a family as far as its largest model, on a logarithmic axis, and a dot a model."""
    families = rows(facts)
    figure = new_figure(1120, 440)
    axes = figure.add_subplot()
    for row, (_, counts) in enumerate(families):
        draw_family(axes, row, counts)
    chosen = [family for family, _ in families].index(facts["family"])
    axes.plot(facts["n_params"], chosen, "o", color=VERMILION, markersize=15, zorder=4)
    draw_decades(axes)
    name_rows(axes, [FAMILY_NAMES[family] for family, _ in families], bold={chosen})
    count = params_in_words(facts["n_params"])
    axes.set_xlabel(f"parametri; il punto grande è {facts['name']}: {count}")
    return figure


def draw_family(axes: Axes, row: int, counts: list[float]) -> None:
    """Draw a family's bar, its models' dots, and the largest one's size."""
    largest = counts[-1]
    axes.barh(row, largest, height=0.62, color=TINTS[0])
    axes.plot(counts, [row] * len(counts), "o", color=BLUE, markersize=9)
    beside = {"xytext": (12, 0), "textcoords": "offset points", "va": "center"}
    blank = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}  # over the grid
    axes.annotate(params_in_words(largest), (largest, row), size=24, **beside, bbox=blank)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    largest = [
        (FAMILY_NAMES[family], params_in_words(counts[-1])) for family, counts in rows(facts)
    ]
    families = ", ".join(f"{name} {count}" for name, count in largest)
    return (
        "Barre su scala logaritmica, una per famiglia, lunghe quanto il modello più grande: "
        f"{families}. Un punto per ogni modello, {facts['n_models']} in tutto; "
        f"in evidenza {facts['name']}, con {params_in_words(facts['n_params'])} di parametri."
    )
