"""The figure of `transformer`: the architecture with the model's shapes, and its parameters."""

from itertools import chain

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from demos.common.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LIGHT,
    PAPER,
    TINTS,
    VERMILION,
    draw_box,
    new_canvas,
    write,
)
from demos.common.tokens.blocks import FONTS, drawable
from demos.common.tokens.pieces import one_line, shorten
from demos.common.words import number, percent
from demos.transformer import PARTS

N_ROWS = 5  # of tokens drawn
MONO = "Fantasque Sans Mono"
COLOURS = {"embedding": BLUE, "attention": VERMILION, "feed_forward": GREEN}
# The parts of a layer: their left end and width.
LAYER = (("attention", 468, 150, VERMILION), ("feed_forward", 648, 170, GREEN))


def millions(count: int, decimals: int = 1) -> str:
    """Write a count of parameters in millions.

    >>> millions(134515008), millions(884736, 2), millions(35136)
    ('134,5 M', '0,88 M', '0,04 M')
    """
    return f"{number(count / 10**6, decimals if count >= 10**5 else 2)} M"


def plot(facts: dict) -> Figure:
    """Draw the architecture with the model's shapes, and below it where the parameters are."""
    figure, axes = new_canvas()
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
    write(axes, x, 16, title, 24, weight=600, ha="center")
    write(axes, x, 48, shape, 24, ha="center", color=BLUE, family=MONO)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow."""
    shape = "-|>,head_width=0.32,head_length=0.5"
    look = {"arrowstyle": shape, "lw": 2.4, "shrinkA": 0, "shrinkB": 0, "color": INK}
    axes.annotate("", end, start, arrowprops=look)


def shown_rows(n_tokens: int) -> list[int | None]:
    """Choose which tokens to draw: all, or the first ones, a gap and the last.

    >>> shown_rows(3), shown_rows(9)
    ([0, 1, 2], [0, 1, 2, None, 8])
    """
    return list(range(n_tokens)) if n_tokens <= N_ROWS else [*range(N_ROWS - 2), None, n_tokens - 1]


def draw_tokens(axes: Axes, facts: dict) -> None:
    """Draw a row a token: its text, its id, and the first numbers of its vector."""
    rows = shown_rows(facts["n_tokens"])
    largest = max(map(abs, chain(*facts["vectors"])))
    for place, token in enumerate(rows):
        y = 164 + 40 * (place - (len(rows) - 1) / 2)
        if token is None:
            for x in (72, 213, 345):
                write(axes, x, y, "…", 24, ha="center")
            continue
        draw_token(axes, y, facts["pieces"][token], TINTS[place % len(TINTS)])
        write(axes, 213, y, str(facts["ids"][token]), 24, ha="center", family=MONO)
        draw_vector(axes, y, [value / largest for value in facts["vectors"][token]])


def draw_token(axes: Axes, y: float, piece: str, colour: str) -> None:
    """Draw a token's text in its block."""
    draw_box(axes, (0, y - 17, 144, 34), radius=7, facecolor=colour, lw=2)
    label = drawable(shorten(piece, 10))
    write(axes, 72, y, label, 24, ha="center", family=FONTS)


def draw_vector(axes: Axes, y: float, numbers: list[float]) -> None:
    """Draw numbers from -1 to 1 as cells, blue below 0 and red above."""
    for n, value in enumerate(numbers):
        corner = (282 + 11 * n, y - 12)
        axes.add_patch(Rectangle(corner, 11, 24, facecolor=shade(value), ec="white", lw=1))
    write(axes, 396, y, "…", 24)


def shade(value: float) -> tuple[float, float, float]:
    """Turn a number from -1 to 1 into a colour: blue, white, red.

    >>> shade(0), shade(-1)
    ((1.0, 1.0, 1.0), (0.0, 0.45, 0.7))
    """
    end = (0.77, 0.31, 0.04) if value > 0 else (0.0, 0.45, 0.7)
    strength = abs(value) ** 0.6  # most numbers are small: show them too
    return tuple(round(1 - strength * (1 - part), 3) for part in end)  # type: ignore[return-value]


def draw_layers(axes: Axes, facts: dict) -> None:
    """Draw a layer in front of others: the stream goes straight on, and each part adds to it."""
    for behind in (12, 6, 0):
        place = (450 + behind, 84 - behind, 384, 186)
        draw_box(axes, place, radius=7, facecolor=PAPER, ec=GREY, lw=2)
    axes.plot([450, 834], [236, 236], color=INK, lw=2.4)
    for part, left, width, colour in LAYER:
        draw_box(axes, (left, 100, width, 84), radius=7, facecolor=colour, lw=2)
        label = {"size": 24, "ha": "center", "color": PAPER}
        count = millions(facts[f"n_params_{part}_per_layer"], 2)
        write(axes, left + width / 2, 126, PARTS[part][0], weight=600, **label)
        write(axes, left + width / 2, 158, count, **label)
        draw_sum(axes, left + 26, left + width - 26)


def draw_sum(axes: Axes, into: float, out: float) -> None:
    """Draw how a part reads the stream at `into`, and what it computed is added at `out`."""
    arrow(axes, (into, 236), (into, 186))
    arrow(axes, (out, 184), (out, 223))
    circle = Circle((out, 236), 13, facecolor=PAPER, edgecolor=INK, lw=2.2, zorder=3)
    axes.add_patch(circle)
    plus = {"weight": 600, "ha": "center", "va": "center_baseline", "zorder": 4}
    write(axes, out, 236, "+", 24, **plus)


def draw_likeliest(axes: Axes, facts: dict) -> None:
    """Draw the likeliest next tokens as bars."""
    likeliest = facts["likeliest"]
    for n, likely in enumerate(likeliest):
        y, length = 92 + 48 * n, likely["probability"] / likeliest[0]["probability"]
        axes.add_patch(Rectangle((892, y + 16), 228, 8, facecolor=LIGHT))
        axes.add_patch(Rectangle((892, y + 16), 228 * length, 8, facecolor=BLUE))
        write(axes, 892, y, drawable(shorten(likely["piece"], 9)), 24, family=FONTS)
        write(axes, 1120, y, percent(likely["probability"]), 24, ha="right")


def draw_parameters(axes: Axes, facts: dict) -> None:
    """Draw one bar for all the parameters, cut into the parts."""
    title = f"I {number(facts['n_params'] / 10**6, 1)} milioni di parametri"
    write(axes, 0, 322, title, 24, weight=600)
    left = 0.0
    for part, colour in COLOURS.items():
        share, count = facts[f"share_{part}"], millions(facts[f"n_params_{part}"])
        width = 1120 * share
        axes.add_patch(Rectangle((left, 350), width, 72, facecolor=colour, ec=PAPER, lw=2))
        look = {"size": 24, "ha": "center", "color": PAPER}
        write(axes, left + width / 2, 371, PARTS[part][0], weight=600, **look)
        write(axes, left + width / 2, 402, f"{count} = {percent(share, 0)}", **look)
        left += width


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    n, d = facts["n_tokens"], facts["hidden_size"]
    parts = ", ".join(f"{PARTS[part][0]} {millions(facts[f'n_params_{part}'])}" for part in COLOURS)
    best = facts["likeliest"][0]
    return (
        f"Da sinistra a destra: il testo «{one_line(facts['text'], 80)}» in {n} token, i loro id, "
        f"{n} vettori di {d} numeri, {facts['n_layers']} strati che sommano attenzione e "
        f"feed-forward, {number(facts['vocab_size'])} probabilità: la prima è "
        f"{shorten(best['piece'])}, {percent(best['probability'])}. "
        f"Sotto, i {number(facts['n_params'] / 10**6, 1)} milioni di parametri: {parts}."
    )
