"""The figure of `bpe`: the text as blocks, a row a merge, which become fewer and longer."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from demos.common.blocks import FONTS, drawable
from demos.common.style import BLUE, GREY, INK, PAPER, TINTS, new_figure
from demos.common.tokens import one_line, shorten
from demos.common.words import number

WIDTH, ROW, N_ROWS = 1120, 40, 10  # slide pixels; the most rows that a figure has room for
BLOCKS, CHARACTER, PIECE = (
    378,
    10.2,
    20,
)  # where the text so far begins, pixels of a character, points of its letters


def plot(facts: dict) -> Figure:
    """Draw a row a merge: the pair, how often it is found, the new token, and the text as blocks."""
    rows = facts["rows"][-N_ROWS:]  # the last ones, where not all have room
    height = ROW * (max(len(rows), 1) + 1)
    figure = new_figure(WIDTH, height)
    figure.set_layout_engine("none")  # placed by hand, in slide pixels
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    for left, title in zip(
        (0, 40, 276, BLOCKS), ("", "coppia", "volte", "il testo, dopo"), strict=True
    ):
        axes.text(left, ROW / 2, title, size=20, color=GREY, va="center")
    if not rows:
        axes.text(40, 1.5 * ROW, "nessuna coppia si trova due volte", size=20, va="center")
    for place, step in enumerate(rows, start=1):
        draw_row(axes, step, (place + 0.5) * ROW)
    return figure


def draw_row(axes: Axes, step: dict, y: float) -> None:
    """Write one merge at height `y`, the tokens that it made with a darker face."""
    pair = " + ".join(shorten(drawn(part), 7) for part in step["pair"])
    axes.text(28, y, str(step["id"] - 255), size=18, color=GREY, ha="right", va="center")
    axes.text(40, y, pair, size=PIECE, family=FONTS, va="center", parse_math=False)
    axes.text(
        300, y, number(step["count"]), size=PIECE, color=BLUE, weight=600, ha="center", va="center"
    )
    left = float(BLOCKS)
    for piece in map(drawn, step["pieces"]):
        width = CHARACTER * len(piece) + 4
        if left + width > WIDTH - 20:
            axes.text(left, y, "…", size=PIECE, va="center")
            break
        draw_piece(axes, piece, left, y, width, is_new=piece == drawn(step["token"]))
        left += width + 2


def draw_piece(
    axes: Axes, piece: str, left: float, y: float, width: float, *, is_new: bool
) -> None:
    """Draw one token as a block; a new one white on blue."""
    face, ink = (BLUE, PAPER) if is_new else (TINTS[0], INK)
    shape = FancyBboxPatch(
        (left, y - 15), width, 30, "round,pad=0,rounding_size=4", ec="none", fc=face
    )
    axes.add_patch(shape)
    label = axes.text(
        left + width / 2, y, piece, size=PIECE, family=FONTS, color=ink, ha="center", va="center"
    )
    label.set(
        parse_math=False, clip_path=shape
    )  # "$" is a dollar, and a pile of accents stays in its block


def drawn(piece: str) -> str:
    """Write a piece for the figure: what no font has as its code point.

    >>> drawn("ré")
    'ré'
    """
    return drawable(piece)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    text = one_line(facts["text"], 100)
    if not facts["rows"]:
        return f"In «{text}» nessuna coppia di token vicini si trova due volte: non c'è niente da unire."
    said = [
        f"{' + '.join(shorten(part, 9) for part in step['pair'])} ({step['count']} volte)"
        for step in facts["rows"]
    ]
    merges = ", ".join(said[-N_ROWS:])
    return (
        f"Una riga per fusione, sul testo «{text}»: {merges}. Da {number(facts['n_bytes'])} byte si arriva a "
        f"{number(facts['n_tokens'])} token."
    )
