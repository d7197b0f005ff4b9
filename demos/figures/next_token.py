"""The figure of `next_token`: the likeliest next tokens, and the text as it grows by one a row."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from demos.common.blocks import FONTS, drawable, text_width
from demos.common.style import BLUE, GREY, TINTS, new_figure
from demos.common.tokens import one_line, shorten
from demos.common.words import number
from demos.next_token import list_likeliest, percent


def plot(facts: dict) -> Figure:
    """Draw the likeliest next tokens as bars, and beside them the text growing by one token a row."""
    figure = new_figure(1120, 430)
    figure.set_layout_engine("none")  # placed by hand, in slide pixels
    text = shorten(drawable_line(one_line(facts["text"])), 40)
    figure.text(0.002, 0.985, f"«{text} …»", size=28, va="top", parse_math=False,
                family=("Inter", *FONTS))  # fmt: skip
    bars = figure.add_axes((0.185, 0.03, 0.285, 0.76))
    labels = [drawable(shorten(likely["piece"], 13)) for likely in facts["likeliest"]]
    draw_bars(bars, labels, facts)
    rows = figure.add_axes(
        (0.6, 0.03, 0.4, 0.76), xlim=(0, 448), ylim=(327, 0), xticks=[], yticks=[]
    )
    rows.set_axis_off()
    draw_steps(rows, facts)
    return figure


def drawable_line(text: str) -> str:
    r"""Write a line of text for the figure, with the code point of each character that no font here has.

    >>> print(drawable_line("città 語"))
    città \u{8a9e}
    """
    return " ".join("".join(drawable(character) for character in word) for word in text.split(" "))


def draw_bars(axes: Axes, labels: list[str], facts: dict) -> None:
    """Draw a bar a token, and one for all the others together."""
    probabilities = [likely["probability"] for likely in facts["likeliest"]] + [
        facts["others_probability"]
    ]
    others = f"altri {number(facts['n_others'])}"
    axes.barh(
        range(len(probabilities)), probabilities, height=0.7, color=[BLUE] * len(labels) + [GREY]
    )
    for y, (label, probability) in enumerate(zip([*labels, others], probabilities, strict=True)):
        family = FONTS if y < len(labels) else None
        axes.annotate(label, (0, y), xytext=(-12, 0), textcoords="offset points", ha="right", va="center",
                      size=24 if y < len(labels) else 20, family=family, parse_math=False)  # fmt: skip
        axes.annotate(percent(probability), (probability, y), xytext=(8, 0), textcoords="offset points", va="center",
                      size=22, weight=600 if y == 0 else "normal")  # fmt: skip
    axes.set(
        xlim=(0, max(probabilities)), ylim=(len(probabilities) - 0.5, -0.5), xticks=[], yticks=[]
    )
    axes.spines[["bottom"]].set_visible(False)
    axes.set_title(
        f"Il prossimo token (temperatura {number(facts['temperature'])})", x=-0.642, size=22
    )


def draw_steps(axes: Axes, facts: dict, most: int = 8) -> None:
    """Draw a row for each of the first tokens taken: its number, its block, its probability."""
    axes.set_title("E poi? Ogni volta il più probabile", size=22)
    steps = facts["steps"]
    for n, step in enumerate(steps[:most]):
        y, label = 20 + 41 * n, drawable(shorten(step["piece"], 15))
        width = text_width(label, 24) + 20
        axes.text(26, y, str(n + 1), size=20, ha="right", va="center", color=GREY)
        axes.add_patch(FancyBboxPatch((44, y - 17), width, 34, "round,pad=0,rounding_size=6", ec="none",
                                      facecolor=TINTS[n % len(TINTS)]))  # fmt: skip
        axes.text(
            44 + width / 2,
            y,
            label,
            size=24,
            family=FONTS,
            ha="center",
            va="center",
            parse_math=False,
        )
        axes.text(330, y, percent(step["probability"]), size=22, ha="right", va="center")
    if len(steps) > most:
        axes.text(
            352,
            20 + 41 * (most - 1),
            f"e altri {len(steps) - most}",
            size=20,
            va="center",
            color=GREY,
        )
    if not steps:
        axes.text(44, 20, "Il modello qui ha finito.", size=22, va="center")


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    return (
        f"Barre dei token più probabili dopo «{one_line(facts['text'], 100)}», a temperatura "
        f"{number(facts['temperature'])}: {list_likeliest(facts)}; a tutti gli altri insieme "
        f"{percent(facts['others_probability'])}. "
        f"Accanto, il testo che cresce di un token alla volta: «{facts['greedy']}»."
    )
