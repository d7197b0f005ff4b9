"""The figure of `next_token`: the likeliest next tokens, and the text as it grows by one a row."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREY, TINTS, draw_bars, draw_box, new_figure, note, write
from demos.common.tokens.blocks import FONTS, drawable, text_width
from demos.common.tokens.pieces import one_line, shorten
from demos.common.words import number
from demos.next_token import list_likeliest, percent


def plot(facts: dict) -> Figure:
    """Draw the likeliest next tokens as bars; beside them the text grows by one token a row."""
    figure = new_figure(1120, 430)
    figure.set_layout_engine("none")  # placed by hand, in slide pixels
    text = shorten(drawable_line(one_line(facts["text"])), 40)
    look = {"va": "top", "parse_math": False, "family": ("Inter", *FONTS)}
    figure.text(0.002, 0.985, f"«{text} …»", size=28, **look)
    bars = figure.add_axes((0.185, 0.03, 0.285, 0.76))
    labels = [drawable(shorten(likely["piece"], 13)) for likely in facts["likeliest"]]
    draw_likeliest(bars, labels, facts)
    rows = figure.add_axes((0.6, 0.03, 0.4, 0.76), xlim=(0, 448), ylim=(327, 0))
    rows.set(xticks=[], yticks=[])
    rows.set_axis_off()
    draw_steps(rows, facts)
    return figure


def drawable_line(text: str) -> str:
    r"""Write a line for the figure, with the code point of each character that no font here has.

    >>> print(drawable_line("città 語"))
    città \u{8a9e}
    """
    return "".join(" " if character == " " else drawable(character) for character in text)


def draw_likeliest(axes: Axes, labels: list[str], facts: dict) -> None:
    """Draw a bar a token, and one for all the others together."""
    probabilities = [likely["probability"] for likely in facts["likeliest"]]
    probabilities.append(facts["others_probability"])
    colours = [BLUE] * len(labels) + [GREY]
    draw_bars(axes, probabilities, colours, longest=max(probabilities))
    for y, probability in enumerate(probabilities):
        name_bar(axes, y, labels[y] if y < len(labels) else "", facts["n_others"])
        weight = 600 if y == 0 else "normal"
        note(axes, percent(probability), (probability, y), (8, 0), 24, weight=weight)
    title = f"Il prossimo token (temperatura {number(facts['temperature'])})"
    axes.set_title(title, x=-0.642, size=24)


def name_bar(axes: Axes, y: int, token: str, n_others: int) -> None:
    """Write before a bar its token; that of all the others has none, and says how many they are."""
    if token:
        note(axes, token, (0, y), (-12, 0), 24, ha="right", family=FONTS)
    else:
        note(axes, f"altri {number(n_others)}", (0, y), (-12, 0), 24, ha="right")


def draw_steps(axes: Axes, facts: dict, most: int = 8) -> None:
    """Draw a row for each of the first tokens taken: its number, its block, its probability."""
    axes.set_title("E poi? Ogni volta il più probabile", size=24)
    steps = facts["steps"]
    for n, step in enumerate(steps[:most]):
        draw_step(axes, n, step)
    if len(steps) > most:
        write(axes, 330, row_middle(most - 1), f"e altri {len(steps) - most}", 24, color=GREY)
    if not steps:
        write(axes, 44, 20, "Il modello qui ha finito.", 24)


def draw_step(axes: Axes, n: int, step: dict) -> None:
    """Draw the row of a token that was taken."""
    y, label = row_middle(n), drawable(shorten(step["piece"], 14))
    width = text_width(label, 24) + 20
    write(axes, 28, y, str(n + 1), 24, ha="right", color=GREY)
    draw_box(axes, (44, y - 17, width, 34), facecolor=TINTS[n % len(TINTS)])
    write(axes, 44 + width / 2, y, label, 24, family=FONTS, ha="center")
    write(axes, 316, y, percent(step["probability"]), 24, ha="right")


def row_middle(n: int) -> int:
    """Return where the middle of row `n` is, from 0.

    >>> row_middle(1)
    61
    """
    return 20 + 41 * n


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    return (
        f"Barre dei token più probabili dopo «{one_line(facts['text'], 100)}», a temperatura "
        f"{number(facts['temperature'])}: {list_likeliest(facts)}; a tutti gli altri insieme "
        f"{percent(facts['others_probability'])}. "
        f"Accanto, il testo che cresce di un token alla volta: «{facts['greedy']}»."
    )
