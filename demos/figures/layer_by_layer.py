"""The figure of `layer_by_layer`: what each layer would say, and where answers arrive."""

import math
from collections import Counter
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREEN, GREY, LIGHT, TINTS, draw_box, new_canvas, write
from demos.common.tokens.blocks import FONTS, drawable, text_width
from demos.common.tokens.pieces import one_line, shorten
from demos.common.words import number, percent

LEFT, CELL = 158, 31  # where layer 0 begins, and the width of one
STRIP = (2, 104)  # top and height of the strip of tokens
PLOT = (118, 226)  # where 100 % and the least probability stand
LEAST = 1e-8  # probability that is drawn
DOTS = 332  # the lowest row of dots
MARKS = {1: "100%", 1e-4: "0,01%", LEAST: "meno"}
GREEN_TINT = "#9FD9C4"


def plot(facts: dict) -> Figure:
    """Draw the likeliest token after each layer, the answer's probability, and all arrivals."""
    figure, axes = new_canvas(1120, 372)  # its slide has two lines below it
    for y, text in ((30, "il token"), (60, "più probabile")):
        write(axes, 0, y, text, 24)
    draw_strip(axes, facts["layers"])
    draw_probability(axes, facts)
    draw_arrivals(axes, facts)
    return figure


def x_of(layer: float) -> float:
    """Give the middle of a layer's column.

    >>> x_of(0), x_of(30)
    (173.5, 1103.5)
    """
    return LEFT + CELL * (layer + 0.5)


def draw_strip(axes: Axes, layers: list[dict]) -> None:
    """Draw the likeliest token after each layer, one block for neighbours that say the same."""
    said = groupby(layers, key=lambda row: (row["likeliest"][0]["piece"], row["is_answer"]))
    for n, ((text, is_answer), rows) in enumerate(said):
        numbers = [row["layer"] for row in rows]
        colour = GREEN_TINT if is_answer else TINTS[n % 2 * 5]
        draw_said(axes, LEFT + CELL * numbers[0], CELL * len(numbers), text, colour)


def draw_said(axes: Axes, left: float, width: float, text: str, colour: str) -> None:
    """Draw what some layers say, upright where it does not fit."""
    top, height = STRIP
    draw_box(axes, (left + 1, top, width - 2, height), radius=4, facecolor=colour)
    label = drawable(shorten(text, 8))
    size = 30 if len(label) == 1 else 24  # a lone sign is hard to see
    turn = 90 if text_width(label, 24) > width - 4 else 0
    look = {"ha": "center", "family": FONTS, "rotation": turn}
    write(axes, left + width / 2, top + height / 2, label, size, **look)


def y_of(probability: float) -> float:
    """Give the height of a probability on a logarithmic axis, none below the least.

    >>> y_of(1), y_of(1e-4), y_of(0)
    (118.0, 172.0, 226.0)
    """
    top, bottom = PLOT
    decades = math.log10(max(probability, LEAST)) / math.log10(LEAST)
    return top + (bottom - top) * decades


def draw_probability(axes: Axes, facts: dict) -> None:
    """Draw the probability of the answer after each layer, in powers of ten."""
    for value, label in MARKS.items():
        axes.plot([LEFT, x_of(30.5)], [y_of(value)] * 2, color=LIGHT, lw=1.5)
        write(axes, LEFT - 6, y_of(value), label, 24, ha="right", color=GREY)
    found = [row["answer_probability"] for row in facts["layers"]]
    places = [x_of(row["layer"]) for row in facts["layers"]]
    axes.plot(places, list(map(y_of, found)), "o-", color=BLUE, lw=2.5, ms=8)
    answer = drawable(shorten(facts["answer"], 12))
    label = f"probabilità di {answer}: alla fine {percent(found[-1])}"
    write(axes, LEFT + 6, sum(PLOT) / 2 - 27, label, 24, color=BLUE, family=("Inter", *FONTS))


def draw_arrivals(axes: Axes, facts: dict) -> None:
    """Draw a dot a prompt where its answer arrives, and the layers' numbers below."""
    arrivals = Counter(row["arrival"] for row in facts["prompts"])
    for layer, count in arrivals.items():
        heights = [DOTS - 10 * n for n in range(count)]
        axes.plot([x_of(layer)] * count, heights, "o", color=GREEN, ms=9)
    text = f"{facts['n_prompts']} testi, un punto ciascuno: da dove la risposta è la più probabile"
    write(axes, LEFT + 6, DOTS - 69, text, 24, color=GREEN)
    median = f"mediana: strato {number(facts['median'])}"
    write(axes, LEFT + 6, DOTS - 37, median, 24, weight=600, color=GREEN)
    draw_layers(axes)


def draw_layers(axes: Axes) -> None:
    """Draw the axis of layers."""
    axes.plot([LEFT, x_of(30.5)], [DOTS + 8] * 2, color=GREY, lw=1.5)
    write(axes, 0, DOTS + 24, "strato", 24, color=GREY)
    for layer in range(0, 31, 5):
        write(axes, x_of(layer), DOTS + 24, str(layer), 24, ha="center", color=GREY)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    layers = facts["layers"]
    said = groupby(row["likeliest"][0]["piece"] for row in layers)
    tokens = ", ".join(shorten(text, 12) for text, _ in said)
    low, high = number(facts["first_quartile"]), number(facts["third_quartile"])
    return (
        f"Che cosa direbbe il modello dopo «{one_line(facts['text'], 100)}» se si fermasse dopo "
        f"ogni strato, da 0 a {facts['n_layers']}: {tokens}. La risposta {facts['answer']} è la "
        f"più probabile da dopo lo strato {facts['arrival']}. Su {facts['n_prompts']} testi la "
        f"mediana è lo strato {number(facts['median'])} (quartili {low} e {high})."
    )
