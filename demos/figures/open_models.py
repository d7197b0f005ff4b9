"""The figure of `open_models`: a mark a model, by size, a row a family; full for open source."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import GREEN, VERMILION, draw_decades, name_rows, new_figure
from demos.common.words import params_in_words

MARKS = {"open-source": ("o", GREEN, GREEN), "open-weight": ("s", "white", VERMILION)}
"""Shape, face and edge of a model's mark."""


def plot(facts: dict) -> Figure:
    """Draw a row a family and a mark a model: full circles open source, hollow squares not."""
    figure = new_figure(1120, 94 + 42 * len(facts["families"]))
    axes = figure.add_subplot()
    for row, family in enumerate(facts["families"].values()):
        draw_family(axes, row, family)
    draw_decades(axes, low=2e8, high=8e12)
    name_rows(axes, [family["name"] for family in facts["families"].values()], bold=set())
    axes.set_xlabel("parametri (● open source; □ pesi aperti)")
    return figure


def draw_family(axes: Axes, row: int, family: dict) -> None:
    """Draw a mark for each size of a family, and its licence beside the largest."""
    shape, face, edge = MARKS[family["kind"]]
    counts = [size * 1e9 for size in family["sizes_billions"]]
    look = {"markersize": 13, "markeredgecolor": edge, "markeredgewidth": 3}
    axes.plot(counts, [row] * len(counts), shape, color=face, **look)
    beside = {"xytext": (16, 0), "textcoords": "offset points", "va": "center"}
    axes.annotate(family["licence"], (counts[-1], row), color=edge, **beside)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    families = "; ".join(map(in_words, facts["families"].values()))
    return (
        "Una riga per famiglia, un segno per modello, su scala logaritmica dei parametri: "
        f"{families}."
    )


def in_words(family: dict) -> str:
    """Write one family's sizes and licence.

    >>> family = {"name": "Phi-3", "licence": "MIT", "kind_it": "open source", "n_sizes": 2}
    >>> in_words(family | {"sizes_billions": [3.821, 13.96]})
    'Phi-3 da 3,8 miliardi a 14,0 miliardi (MIT, open source)'
    """
    billions = family["sizes_billions"]
    smallest, largest = (params_in_words(size * 1e9) for size in (billions[0], billions[-1]))
    span = f"da {smallest} a {largest}" if family["n_sizes"] > 1 else largest
    return f"{family['name']} {span} ({family['licence']}, {family['kind_it']})"
