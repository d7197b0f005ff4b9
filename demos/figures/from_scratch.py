"""The figure of `from_scratch`: the loss on both texts over the steps, and what it writes."""

from math import log
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREEN, GREY, INK, VERMILION, new_figure, note, write
from demos.common.tokens.blocks import FONTS
from demos.common.words import number

COLUMNS = 36  # characters of a line of what it writes


def plot(facts: dict) -> Figure:
    """Draw both losses, what no network gives as lines, and beside them three texts."""
    figure = new_figure(1120, 370)
    figure.set_layout_engine("none")  # placed by hand, in slide pixels
    axes = figure.add_axes((0.035, 0.21, 0.4, 0.67))
    draw_losses(axes, facts)
    texts = figure.add_axes((0.57, 0, 0.43, 1), xlim=(0, 482), ylim=(370, 0))
    texts.set_axis_off()
    beginning = facts["start"].strip().replace("'", "’")
    write(texts, 0, 18, f"«{beginning} …»", 24, weight=600)
    for place, row in enumerate(facts["written"]):
        draw_text(texts, 60 + 109 * place, row)
    return figure


def draw_losses(axes: Axes, facts: dict) -> None:
    """Draw the loss over the steps on each text, and as lines what chance and counting give."""
    steps = [row["step"] for row in facts["curve"]]
    end = {"clip_on": False, "annotation_clip": False}
    for part, name, colour, up in (
        ("validation", "convalida", VERMILION, 15),
        ("training", "addestramento", BLUE, -17),
    ):
        losses = [row[f"{part}_loss"] for row in facts["curve"]]
        axes.plot(steps, losses, color=colour)
        note(axes, name, (steps[-1], losses[-1]), (-4, up), 24, color=colour, ha="right", **end)
    draw_level(axes, "a caso", facts["uniform_perplexity"], GREY)
    draw_level(axes, "coppie", facts["pairs_perplexity"], GREEN)
    last = facts["last_validation_perplexity"]
    at = (steps[-1], log(last))
    note(axes, number(last, 1), at, (10, 0), 24, color=VERMILION, weight=600, **end)
    axes.set(xlim=(0, steps[-1]), ylim=(1.2, 4.4), xticks=[0, 500, 1000])
    axes.set_xticklabels(map(number, (0, 500, 1000)))
    axes.set_yticks([2, 3, 4])
    axes.set_xlabel("passi di addestramento")
    axes.set_title("perdita")
    axes.set_title("perplessità", loc="right", x=1.27, color=INK)


def draw_level(axes: Axes, name: str, perplexity: float, colour: str) -> None:
    """Draw what a perplexity is as a loss: a dashed line with its name, the perplexity beside."""
    loss = log(perplexity)
    axes.axhline(loss, color=colour, linewidth=2, linestyle=(0, (4, 3)))
    right = {"xycoords": ("axes fraction", "data"), "color": colour}
    up = 15 if loss < 4 else -17  # above, the title of what stands at the right
    note(axes, name, (0.99, loss), (0, up), 24, ha="right", **right)
    note(axes, number(perplexity, 1), (1, loss), (10, 0), 24, weight=600, **right)


def draw_text(axes: Axes, y: float, row: dict) -> None:
    """Write what the model writes after some steps, and how many of its words are words."""
    write(axes, 0, y, f"passo {number(row['step'])}", 24, weight=600, color=BLUE)
    known = f"parole del testo: {row['n_known_words']} su {row['n_words']}"
    write(axes, 480, y, known, 24, color=GREY, ha="right")
    lines = wrap(row["text"], COLUMNS)[:2]
    for place, line in enumerate(lines, start=1):
        write(axes, 0, y + 30 * place, line, 24, family=FONTS)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    first, last = (number(facts[f"{at}_validation_perplexity"], 1) for at in ("first", "last"))
    learned = number(facts["last_training_perplexity"], 1)
    texts = "; ".join(f"al passo {number(row['step'])} «{row['text']}»" for row in facts["written"])
    pairs = number(facts["pairs_perplexity"], 1)
    return (
        f"La perdita scende in {number(facts['n_steps'])} passi: la perplessità sul testo di "
        f"convalida va da {first} a {last}, su quello di addestramento arriva a {learned}; "
        f"contando le coppie è {pairs}. Accanto, che cosa scrive: {texts}."
    )
