"""The figure of `transformer`: the architecture with the model's shapes, and its parameters."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from demos.common.blocks import FONTS, drawable
from demos.common.style import BLUE, GREEN, GREY, INK, LIGHT, PAPER, TINTS, VERMILION, new_figure
from demos.common.tokens import one_line, shorten
from demos.common.words import number
from demos.transformer import PARTS, percent

N_ROWS = 5  # of tokens drawn


def millions(count: int, decimals: int = 1) -> str:
    """Write a count of parameters in millions.

    >>> millions(134515008), millions(884736, 2), millions(35136)
    ('134,5 M', '0,88 M', '0,04 M')
    """
    return f"{number(count / 10**6, decimals if count >= 10**5 else 2)} M"


def plot(facts: dict) -> Figure:
    """Draw the architecture from left to right, with the model's shapes, and below it where the parameters are."""
    figure = new_figure(1120, 430)
    figure.set_layout_engine("none")  # drawn by hand, in slide pixels, y down
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 1120), ylim=(430, 0), xticks=[], yticks=[])
    axes.set_axis_off()
    n, d = facts["n_tokens"], facts["hidden_size"]
    head(axes, 72, "testo", f"{n} token")
    head(axes, 213, "id", f"{n}")
    head(axes, 345, "vettori", f"{n} × {d}")
    head(axes, 648, f"{facts['n_layers']} strati", f"{n} × {d} → {n} × {d}")
    head(axes, 1000, "probabilità", number(facts["vocab_size"]))
    draw_tokens(axes, facts)
    draw_layers(axes, facts)
    draw_likeliest(axes, facts)
    for left, right in ((150, 171), (255, 276), (424, 447), (853, 884)):
        arrow(axes, (left, 164), (right, 164))
    draw_parameters(axes, facts)
    return figure


def head(axes: Axes, x: float, title: str, shape: str) -> None:
    """Write a column's name, and below it the shape of what it holds."""
    axes.text(x, 18, title, size=23, weight=600, ha="center", va="center")
    axes.text(
        x, 48, shape, size=22, ha="center", va="center", color=BLUE, family="Fantasque Sans Mono"
    )


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow."""
    style = {
        "arrowstyle": "-|>,head_width=0.32,head_length=0.5",
        "lw": 2.4,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", end, start, arrowprops={**style, "color": "#1E1E1E"})


def shown_rows(n_tokens: int) -> list[int | None]:
    """Choose which tokens to draw: all, or the first ones, a gap and the last.

    >>> shown_rows(3), shown_rows(9)
    ([0, 1, 2], [0, 1, 2, None, 8])
    """
    return list(range(n_tokens)) if n_tokens <= N_ROWS else [*range(N_ROWS - 2), None, n_tokens - 1]


def draw_tokens(axes: Axes, facts: dict) -> None:
    """Draw a row a token: its text, its id, and the first numbers of its vector as cells, blue below 0, red above."""
    rows = shown_rows(facts["n_tokens"])
    largest = max(abs(value) for vector in facts["vectors"] for value in vector)
    for place, token in enumerate(rows):
        y = 164 + 40 * (place - (len(rows) - 1) / 2)
        if token is None:
            for x in (72, 213, 345):
                axes.text(x, y, "…", size=24, ha="center", va="center")
            continue
        box(axes, (0, y - 17, 144, 34), TINTS[place % len(TINTS)])
        label = drawable(shorten(facts["pieces"][token], 11))
        axes.text(72, y, label, size=22, ha="center", va="center", family=FONTS, parse_math=False)
        axes.text(
            213,
            y,
            str(facts["ids"][token]),
            size=22,
            ha="center",
            va="center",
            family="Fantasque Sans Mono",
        )
        for n, value in enumerate(facts["vectors"][token]):
            cell = Rectangle(
                (282 + 12 * n, y - 12), 12, 24, facecolor=shade(value / largest), ec="white", lw=1
            )
            axes.add_patch(cell)
        axes.text(401, y, "…", size=18, ha="left", va="center")


def shade(value: float) -> tuple[float, float, float]:
    """Turn a number from -1 to 1 into a colour: blue, white, red.

    >>> shade(0), shade(-1)
    ((1.0, 1.0, 1.0), (0.0, 0.45, 0.7))
    """
    end = (0.77, 0.31, 0.04) if value > 0 else (0.0, 0.45, 0.7)
    strength = abs(value) ** 0.6  # most numbers are small: show them too
    return tuple(round(1 - strength * (1 - part), 3) for part in end)  # type: ignore[return-value]


def box(
    axes: Axes, place: tuple[float, float, float, float], colour: str, edge: str = "none"
) -> None:
    """Draw a box with round corners: left, top, width, height."""
    left, top_edge, width, height = place
    shape = "round,pad=0,rounding_size=7"
    axes.add_patch(
        FancyBboxPatch(
            (left, top_edge), width, height, shape, facecolor=colour, edgecolor=edge, lw=2
        )
    )


def draw_layers(axes: Axes, facts: dict) -> None:
    """Draw one layer in front of the others: the stream goes straight on, and each part adds to it."""
    for behind in (12, 6, 0):
        box(axes, (450 + behind, 84 - behind, 384, 186), PAPER, GREY)
    axes.plot([450, 834], [236, 236], color=INK, lw=2.4)
    parts = (("attention", 478, 138, VERMILION), ("feed_forward", 656, 150, GREEN))
    for part, left, width, colour in parts:
        count = millions(facts[f"n_params_{part}_per_layer"], 2)
        box(axes, (left, 100, width, 84), colour)
        middle = left + width / 2
        axes.text(
            middle, 126, PARTS[part][0], size=21, weight=600, ha="center", va="center", color=PAPER
        )
        axes.text(middle, 158, count, size=21, ha="center", va="center", color=PAPER)
        arrow(axes, (left + 26, 236), (left + 26, 186))
        arrow(axes, (left + width - 26, 184), (left + width - 26, 223))
        axes.add_patch(
            Circle((left + width - 26, 236), 13, facecolor=PAPER, edgecolor=INK, lw=2.2, zorder=3)
        )
        axes.text(
            left + width - 26,
            236,
            "+",
            size=22,
            weight=600,
            ha="center",
            va="center_baseline",
            zorder=4,
        )


def draw_likeliest(axes: Axes, facts: dict) -> None:
    """Draw the likeliest next tokens as bars."""
    largest = facts["likeliest"][0]["probability"]
    for n, likely in enumerate(facts["likeliest"]):
        y = 92 + 48 * n
        axes.add_patch(Rectangle((892, y + 14), 228, 8, facecolor=LIGHT))
        axes.add_patch(
            Rectangle((892, y + 14), 228 * likely["probability"] / largest, 8, facecolor=BLUE)
        )
        label = drawable(shorten(likely["piece"], 11))
        axes.text(892, y, label, size=22, va="center", family=FONTS, parse_math=False)
        axes.text(1120, y, percent(likely["probability"]), size=21, ha="right", va="center")


def draw_parameters(axes: Axes, facts: dict) -> None:
    """Draw one bar for all the parameters, cut into the parts."""
    title = f"I {number(facts['n_params'] / 10**6, 1)} milioni di parametri"
    axes.text(0, 325, title, size=23, weight=600, va="center")
    left = 0.0
    for part, colour in (("embedding", BLUE), ("attention", VERMILION), ("feed_forward", GREEN)):
        width = 1120 * facts[f"share_{part}"]
        axes.add_patch(Rectangle((left, 350), width, 72, facecolor=colour, ec=PAPER, lw=2))
        count = (
            f"{millions(facts[f'n_params_{part}'])} = {number(100 * facts[f'share_{part}'], 0)}%"
        )
        axes.text(
            left + width / 2,
            372,
            PARTS[part][0],
            size=21,
            weight=600,
            ha="center",
            va="center",
            color=PAPER,
        )
        axes.text(left + width / 2, 401, count, size=21, ha="center", va="center", color=PAPER)
        left += width


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    n, d = facts["n_tokens"], facts["hidden_size"]
    parts = ", ".join(
        f"{PARTS[part][0]} {millions(facts[f'n_params_{part}'])}" for part in list(PARTS)[:3]
    )
    best = facts["likeliest"][0]
    return (
        f"Da sinistra a destra: il testo «{one_line(facts['text'], 80)}» in {n} token, i loro id, {n} vettori di {d} "
        f"numeri, {facts['n_layers']} strati che sommano attenzione e feed-forward, {number(facts['vocab_size'])} "
        f"probabilità: la prima è {shorten(best['piece'])}, {percent(best['probability'])}. "
        f"Sotto, i {number(facts['n_params'] / 10**6, 1)} milioni di parametri: {parts}."
    )
