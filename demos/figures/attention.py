"""The figure of `attention`: a head as a heat map, and beside it, in words, its strongest looks."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from demos.common.blocks import FONTS, drawable
from demos.common.style import GREY, LIGHT, VERMILION, new_figure
from demos.common.tokens import one_line, shorten
from demos.common.words import percent


def findings(facts: dict, most: int = 3) -> list[tuple[int, int]]:
    """Choose the pairs of tokens to point at: the strongest looks at another token than the first, at least 30%.

    >>> looks = [{"to": 0, "share": 1.0}, {"to": 1, "share": 0.7}, {"to": 1, "share": 0.4}, {"to": 2, "share": 0.9}]
    >>> findings({"strongest": looks})
    [(3, 2), (2, 1)]
    """
    looks = enumerate(facts["strongest"])
    others = [
        (-look["share"], place, look["to"]) for place, look in looks if 0 < look["to"] < place
    ]
    return [(place, to) for share, place, to in sorted(others)[:most] if share <= -0.3]


def plot(facts: dict) -> Figure:
    """Draw the heat map: rows look, columns are looked at; and beside it, in words, the strongest look."""
    figure = new_figure(1120, 430)
    figure.set_layout_engine("none")  # placed by hand, in slide pixels
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 1120), ylim=(430, 0), xticks=[], yticks=[])
    axes.set_axis_off()
    draw_map(axes, facts)
    draw_finding(axes, facts)
    return figure


def draw_map(axes: Axes, facts: dict) -> None:
    """Draw a cell for each pair of tokens, darker where the look is stronger, with the larger shares written in."""
    n_tokens = facts["n_tokens"]
    high = min(40.0, 320 / n_tokens)
    wide, left, top, size = min(62.0, 560 / n_tokens), 170.0, 104.0, 22 if n_tokens <= 13 else 18
    for i, row in enumerate(facts["matrix"]):
        label = drawable(shorten(facts["pieces"][i], 11))
        axes.text(left - 12, top + high * (i + 0.5), label, size=size, ha="right", va="center", family=FONTS,
                  parse_math=False)  # fmt: skip
        axes.text(left + wide * (i + 0.5) - 6, top - 8, label, size=size, rotation=38, ha="left", va="bottom",
                  rotation_mode="anchor", family=FONTS, parse_math=False)  # fmt: skip
        for j, share in enumerate(row[: i + 1]):
            axes.add_patch(
                Rectangle(
                    (left + wide * j, top + high * i), wide, high, facecolor=shade(share), ec=LIGHT
                )
            )
            if share >= 0.095 and high >= 24:
                axes.text(left + wide * (j + 0.5), top + high * (i + 0.5), f"{round(100 * share)}", size=18,
                          ha="center", va="center", weight=600 if share >= 0.5 else "normal")  # fmt: skip
    for i, j in findings(facts):
        corner = (left + wide * j, top + high * i)
        axes.add_patch(Rectangle(corner, wide, high, fill=False, ec=VERMILION, lw=3.5, zorder=5))


def shade(share: float) -> tuple[float, float, float]:
    """Turn a share into a colour from white to a blue that black numbers can be read on (5.8:1).

    >>> shade(0), shade(1)
    ((1.0, 1.0, 1.0), (0.3, 0.62, 0.88))
    """
    strength = share**0.7
    return tuple(round(1 - strength * (1 - part), 3) for part in (0.3, 0.62, 0.88))  # type: ignore[return-value]


def draw_finding(axes: Axes, facts: dict) -> None:
    """Write beside the map which head it is, what it does here, and how to read the map."""
    left = 790
    axes.text(
        left,
        30,
        f"Strato {facts['layer']}, testa {facts['head']}",
        size=26,
        weight=600,
        va="center",
    )
    axes.text(
        left,
        64,
        f"una delle {facts['n_all_heads']}, contando da 0",
        size=20,
        va="center",
        color=GREY,
    )
    for n, (i, j) in enumerate(findings(facts)):
        pair = " → ".join(drawable(shorten(facts["pieces"][place], 9)) for place in (i, j))
        axes.text(
            left,
            126 + 40 * n,
            pair,
            size=25,
            va="center",
            family=FONTS,
            color=VERMILION,
            parse_math=False,
        )
        axes.text(1118, 126 + 40 * n, percent(facts["matrix"][i][j], 0), size=24, weight=600, ha="right", va="center",
                  color=VERMILION)  # fmt: skip
    lines = (
        "Chi guarda: le righe.",
        "Chi è guardato: le colonne.",
        "Ogni riga somma a 100.",
        "Nessuno guarda avanti.",
    )
    for n, line in enumerate(lines):
        axes.text(left, 280 + 36 * n, line, size=22, va="center")


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    pairs = [
        f"{shorten(facts['pieces'][i])} guarda {shorten(facts['pieces'][j])} al {percent(facts['matrix'][i][j], 0)}"
        for i, j in findings(facts)
    ]
    return (
        f"Mappa dell'attenzione di «{one_line(facts['text'], 100)}» nello strato {facts['layer']}, testa "
        f"{facts['head']}: un triangolo, perché ogni token guarda solo sé stesso e i precedenti. "
        + (f"Gli sguardi più forti: {', '.join(pairs)}. " if pairs else "")
        + f"Al primo token va in media il {percent(facts['share_first'], 0)}."
    )
