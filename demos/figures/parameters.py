"""The figure of `parameters`: a bar a family, a dot a model, on a logarithmic axis."""

from matplotlib.figure import Figure

from demos.common.models import FAMILY_NAMES
from demos.common.style import BLUE, TINTS, VERMILION, draw_decades, name_rows, new_figure
from demos.common.words import params_in_words
from demos.parameters import rows


def plot(facts: dict) -> Figure:
    """Draw a bar a family as far as its largest model, on a logarithmic axis, and a dot for each of its models."""
    figure = new_figure(1120, 440)
    axes = figure.add_subplot()
    for row, (_, counts) in enumerate(rows(facts)):
        axes.barh(row, counts[-1], height=0.62, color=TINTS[0])
        axes.plot(counts, [row] * len(counts), "o", color=BLUE, markersize=9)
        axes.annotate(params_in_words(counts[-1]), (counts[-1], row), xytext=(12, 0), textcoords="offset points",
                      va="center", size=18)  # fmt: skip
    chosen = [family for family, _ in rows(facts)].index(facts["family"])
    axes.plot(facts["n_params"], chosen, "o", color=VERMILION, markersize=15, zorder=4)
    draw_decades(axes)
    name_rows(axes, [FAMILY_NAMES[family] for family, _ in rows(facts)], bold={chosen})
    axes.set_xlabel(
        f"parametri; il punto grande è {facts['name']}: {params_in_words(facts['n_params'])}"
    )
    return figure


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    families = ", ".join(
        f"{FAMILY_NAMES[family]} {params_in_words(counts[-1])}" for family, counts in rows(facts)
    )
    return (
        f"Barre su scala logaritmica, una per famiglia, lunghe quanto il modello più grande: {families}. "
        f"Un punto per ogni modello, {facts['n_models']} in tutto; in evidenza {facts['name']}, "
        f"con {params_in_words(facts['n_params'])} di parametri."
    )
