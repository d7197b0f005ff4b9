"""The figure of `letters`: a word as the model reads it, in both ways, and what it says of all."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.dots import draw_interval
from demos.common.shares import in_words
from demos.common.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PAPER,
    TINTS,
    VERMILION,
    draw_box,
    new_canvas,
    write,
)
from demos.common.tokens.blocks import FONTS, drawable, text_width
from demos.common.words import number, percent
from demos.letters import WAYS

CELL = (48, 38)  # of a table, with its gap
SAID = ("1", "2", "3")
MOST = 13  # answers that make a cell darkest


def plot(facts: dict) -> Figure:
    """Draw the word's blocks with both answers; below, the shares right and what was said."""
    figure, axes = new_canvas(1120, 330)  # its slide has three lines below it
    for row, (way, name) in enumerate(WAYS.items()):
        draw_word(axes, 75 * row, name, facts["asked"][way])
    n, right = number(facts["n_words"]), "risposte giuste, con l’intervallo al 95%"
    write(axes, 0, 167, f"Su {n} parole: {right}", 24, weight=600)
    rows = {name: facts[way] for way, name in WAYS.items()}
    rows["dire sempre «1»"] = facts["always_one"]
    for row, (name, counted) in enumerate(rows.items()):
        draw_share(axes, 212 + 44 * row, name, counted, GREY if row == 2 else BLUE)
    for place, way in enumerate(WAYS):
        draw_table(axes, (656 + 236 * place, 232), WAYS[way], facts[way]["said_by_true"])
    return figure


def draw_word(axes: Axes, top: float, name: str, asked: dict) -> None:
    """Draw a word's tokens, with its way above and what the model says on the right."""
    write(axes, 0, top + 15, name, 24, color=GREY)
    draw_pieces(axes, asked["pieces"], top + 31)
    colour = GREEN if asked["right"] else VERMILION
    write(axes, 1120, top + 18, f"dice {say(asked)}", 28, weight=600, ha="right", color=colour)
    write(axes, 1120, top + 51, f"sono {asked['true']}", 24, ha="right")


def draw_pieces(axes: Axes, pieces: list[str], top: float) -> None:
    """Draw tokens side by side as blocks, without their ids, for which there is no room."""
    left = 0.0
    for n, piece in enumerate(pieces):
        label = drawable(piece)
        width = text_width(label, 24) + 24
        draw_box(axes, (left, top, width, 36), facecolor=TINTS[n % len(TINTS)])
        write(axes, left + width / 2, top + 18, label, 24, ha="center", family=FONTS)
        left += width + 5


def say(asked: dict) -> str:
    """Write the number that the model said.

    >>> say({"said": 11}), say({"said": None})
    ('11', 'nessun numero')
    """
    return "nessun numero" if asked["said"] is None else number(asked["said"])


def draw_share(axes: Axes, y: float, name: str, counted: dict, colour: str) -> None:
    """Draw a share right as a dot on its interval, with its name and its numbers."""
    left, width = 230, 290  # of 0 and 100 %
    write(axes, 0, y, name, 24)
    draw_interval(axes, y, (left, width), counted, colour)
    label = f"{counted['n_right']} su {counted['n']}"
    write(axes, left + width + 12, y, label, 24, weight=600, color=colour)


def draw_table(axes: Axes, corner: tuple[float, float], name: str, table: dict) -> None:
    """Draw how often each number was said, a row for each true one."""
    left, top = corner
    write(axes, left, top - 65, name, 24, weight=600)
    write(axes, left, top - 34, "dice", 24, color=GREY)
    for column, said in enumerate(SAID):
        middle = left + 108 + CELL[0] * column
        write(axes, middle, top - 34, said, 24, color=GREY, ha="center")
    for row, (true, counts) in enumerate(table.items()):
        y = top + CELL[1] * row
        write(axes, left, y, f"sono {true}", 24, color=GREY)
        for column, said in enumerate(SAID):
            draw_cell(axes, left + 108 + CELL[0] * column, y, counts[said], said == true)


def draw_cell(axes: Axes, x: float, y: float, count: int, is_right: bool) -> None:
    """Draw a cell of a table around its middle, the darker the more; the right ones have a rim."""
    share = min(1, count / MOST)
    width, height = CELL[0] - 4, CELL[1] - 4
    rim = {"ec": GREEN, "lw": 3.5} if is_right else {}
    place = (x - width / 2, y - height / 2, width, height)
    draw_box(axes, place, radius=4, facecolor=shade(share), **rim)
    write(axes, x, y, str(count), 24, ha="center", color=PAPER if share > 0.6 else INK)


def shade(share: float) -> tuple[float, float, float]:
    """Turn a share into a blue, white at 0.

    >>> shade(0.0), shade(1.0)
    ((1.0, 1.0, 1.0), (0.0, 0.447, 0.698))
    """
    red, green, blue = (round(1 - share * (1 - part), 3) for part in (0.0, 0.447, 0.698))
    return red, green, blue


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    asked = [f"{name}, dice {say(facts['asked'][way])}" for way, name in WAYS.items()]
    said = [f"{name}, {in_words(facts[way])}" for way, name in WAYS.items()]
    baseline = percent(facts["always_one"]["share"], 0)
    return (
        f"Quante «{facts['letter']}» in «{facts['word']}», che sono {facts['n_true']}: "
        f"{'; '.join(asked)}. Risposte giuste: {'; '.join(said)}. "
        f"Dire sempre «1» sarebbe giusto nel {baseline} dei casi."
    )
