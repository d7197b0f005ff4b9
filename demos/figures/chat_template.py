"""The figure of `chat_template`: one question in both ways as blocks, and how many are answered."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.chat_template import WAYS, in_quotes
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
from demos.common.tokens.blocks import FONTS, drawable, flow, text_width

POINTS = 24  # of a piece
ROW = 33  # of blocks
START = "<|im_start|>"


def plot(facts: dict) -> Figure:
    """Draw the blocks and what comes after them, without and with the template; then the shares."""
    figure, axes = new_canvas(1120, 376)  # its slide has two lines below it
    top = 0.0
    for way, name in WAYS.items():
        write(axes, 0, top + 16, name, 24, weight=600)
        bottom = draw_turns(axes, top + 31, facts["asked"][way])
        draw_answer(axes, bottom + 13, facts["asked"][way])
        top = bottom + 33
    for row, (way, name) in enumerate(WAYS.items()):
        draw_share(axes, 322 + 36 * row, name, facts[way])
    return figure


def split_turns(pieces: list[str]) -> list[list[int]]:
    """Cut a prompt before each turn: the places of the tokens of each.

    >>> split_turns(["<|im_start|>", "user", "<|im_start|>", "assistant"])
    [[0, 1], [2, 3]]
    """
    starts = [place for place, text in enumerate(pieces) if text == START and place > 0]
    ends = [*starts, len(pieces)]
    return [list(range(*pair)) for pair in zip([0, *starts], ends, strict=True)]


def draw_turns(axes: Axes, top: float, asked: dict) -> float:
    """Draw a prompt, each turn from the left; give where it ends."""
    for turn in split_turns(asked["pieces"]):
        labels = [drawable(asked["pieces"][token]) for token in turn]
        widths = [text_width(label, POINTS) + 5 for label in labels]
        places = flow(widths, 1120, 4)
        for label, token, place in zip(labels, turn, places, strict=True):
            y = top + ROW * place.row
            colour = BLUE if token in asked["special"] else TINTS[token % len(TINTS)]
            draw_piece(axes, (place.left, y, place.width, ROW - 4), label, colour)
        top += ROW * (places[-1].row + 1)
    return top


def draw_piece(
    axes: Axes, place: tuple[float, float, float, float], label: str, colour: str
) -> None:
    """Draw a token's block; on the accent the text is white."""
    left, top, width, height = place
    draw_box(axes, place, radius=4, facecolor=colour)
    look = {"ha": "center", "family": FONTS, "color": PAPER if colour == BLUE else INK}
    write(axes, left + width / 2, top + height / 2, label, POINTS, **look)


def draw_answer(axes: Axes, y: float, asked: dict) -> None:
    """Write how a prompt goes on, as much as fits in a line."""
    colour = GREEN if asked["answers"] else VERMILION
    text = in_quotes(asked)
    while text_width(text, 24, ("Inter",)) > 1010:
        text = f"{text.rstrip('…»')[:-4]}…»"
    write(axes, 0, y, "→", 24, color=colour, weight=600)
    write(axes, 36, y, text, 24, color=colour, weight=600 if asked["answers"] else "normal")


def draw_share(axes: Axes, y: float, name: str, counted: dict) -> None:
    """Draw the share of questions answered as a dot on its interval."""
    left, width = 192, 250  # of 0 and 100 %
    write(axes, 0, y, name, 24)
    draw_interval(axes, y, (left, width), counted, BLUE)
    label = f"{counted['n_right']} su {counted['n']} rispondono"
    write(axes, left + width + 20, y, label, 24, weight=600, color=BLUE)
    rest = f"{counted['n_empty']} senza una parola, {counted['n_ended']} finiscono"
    write(axes, 1120, y, rest, 24, color=GREY, ha="right")


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    said = [f"{name}, {in_quotes(facts['asked'][way])}" for way, name in WAYS.items()]
    shares = [f"{name}, {in_words(facts[way])}" for way, name in WAYS.items()]
    return (
        f"La domanda «{facts['question']}» come la legge il modello, un blocco per token, e come "
        f"continua: {'; '.join(said)}. Rispondono: {'; '.join(shares)}."
    )
