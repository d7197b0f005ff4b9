"""The figure of `open_models`: a mark a model, by size, a row a family; full for open source."""

from matplotlib.figure import Figure

from demos.common.style import GREEN, VERMILION, draw_decades, name_rows, new_figure
from demos.common.words import params_in_words


def plot(facts: dict) -> Figure:
    """Draw a row a family and a mark a model on a logarithmic axis: full circles open source, hollow squares not."""
    figure = new_figure(1120, 100 + 42 * len(facts["families"]))
    axes = figure.add_subplot()
    marks = {"open-source": ("o", GREEN, GREEN), "open-weight": ("s", "white", VERMILION)}
    for row, family in enumerate(facts["families"].values()):
        marker, face, edge = marks[family["kind"]]
        counts = [size * 1e9 for size in family["sizes_billions"]]
        axes.plot(counts, [row] * len(counts), marker, markersize=13, color=face, markeredgecolor=edge,
                  markeredgewidth=3)  # fmt: skip
        axes.annotate(family["licence"], (counts[-1], row), xytext=(16, 0), textcoords="offset points", va="center",
                      size=18, color=edge)  # fmt: skip
    draw_decades(axes, low=2e8, high=8e12)
    name_rows(axes, [family["name"] for family in facts["families"].values()], bold=set())
    axes.set_xlabel("parametri; cerchi pieni: open source; quadrati vuoti: pesi aperti")
    return figure


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    parts = []
    for family in facts["families"].values():
        smallest, largest = (
            params_in_words(family["sizes_billions"][place] * 1e9) for place in (0, -1)
        )
        span = f"da {smallest} a {largest}" if family["n_sizes"] > 1 else largest
        parts.append(f"{family['name']} {span} ({family['licence']}, {family['kind_it']})")
    return f"Una riga per famiglia, un segno per modello, su scala logaritmica dei parametri: {'; '.join(parts)}."
