"""The figure of `thinking`: sums right in each way, with intervals, and what the model writes."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.dots import draw_interval
from demos.common.shares import in_words
from demos.common.style import BLUE, GREEN, GREY, VERMILION, new_canvas, write
from demos.common.tokens.pieces import one_line
from demos.common.words import number
from demos.thinking import CUT, KINDS, WAYS

COLOURS = {"direct": GREY, "steps": VERMILION, "led": BLUE}
SCALE = (230, 250)  # where 0 % stands, and how wide 100 % is
MONO = "Fantasque Sans Mono"


def plot(facts: dict) -> Figure:
    """Draw a group for each kind of sum: a dot a way on its interval, and one sum as written."""
    figure, axes = new_canvas(1120, 390)  # its slide has three lines below it
    for place, (kind, name) in enumerate(KINDS.items()):
        draw_kind(axes, 200 * place, name, facts[kind])
    return figure


def draw_kind(axes: Axes, top: float, name: str, both: dict) -> None:
    """Draw the ways of one kind, a row each, the first sum's line on the right."""
    title = f"{both['direct']['n']} somme di {name} (intervallo al 95%)"
    write(axes, 0, top + 16, title, 24, weight=600)
    first = both["example"]["direct"]
    heading = f"{first['sum']} fa {number(first['true'])}; scrive:"
    write(axes, 1120, top + 16, heading, 24, ha="right", color=GREY)
    for row, way in enumerate(WAYS):
        y = top + 60 + 47 * row
        draw_way(axes, y, way, both[way])
        draw_line(axes, y, both["example"][way])


def draw_way(axes: Axes, y: float, way: str, counted: dict) -> None:
    """Draw how many sums are right in one way."""
    write(axes, 0, y, WAYS[way], 24)
    draw_interval(axes, y, SCALE, counted, COLOURS[way])
    label = f"{counted['n_right']} su {counted['n']}"
    write(axes, sum(SCALE) + 20, y, label, 24, weight=600, color=COLOURS[way])


def draw_line(axes: Axes, y: float, example: dict) -> None:
    """Write what the model wrote, green where its result is right."""
    colour = GREEN if example["right"] else VERMILION
    write(axes, 1120, y, cut(example["line"]), 24, ha="right", family=MONO, color=colour)


def cut(line: str, most: int = 40) -> str:
    """Write a line, its end cut off where it is long.

    >>> cut("8 + 6 = 14, 14 + 5 = 19"), cut("86 + 11 = 107, 11 + 12 = 23", 16)
    ('8 + 6 = 14, 14 + 5 = 19', '86 + 11 = 107, …')
    """
    line = one_line(line)
    return line if len(line) <= most else f"{line[: most - 1].rstrip(CUT)}…"


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    said = []
    for kind, name in KINDS.items():
        ways = [f"{how} {in_words(facts[kind][way])}" for way, how in WAYS.items()]
        said.append(f"Somme di {name}: {'; '.join(ways)}.")
    return f"Somme giuste, un punto per modo col suo intervallo. {' '.join(said)}"
