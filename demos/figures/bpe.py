"""The figure of `bpe`: the text as blocks, a row a merge, which become fewer and longer."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from demos.common.style import BLUE, GREY, INK, PAPER, TINTS, draw_box, new_canvas, write
from demos.common.tokens.blocks import FONTS, drawable
from demos.common.tokens.pieces import one_line, shorten
from demos.common.words import number

WIDTH, ROW, N_ROWS = 1120, 40, 9  # slide pixels; the most rows that a figure has room for
BLOCKS, CHARACTER = 340, 11.75  # where the text so far begins, and pixels of one of its characters
PIECE = 24  # points of a piece


def plot(facts: dict) -> Figure:
    """Draw a row a merge: the pair, how often it is found, and the text as blocks."""
    rows = facts["rows"][-N_ROWS:]  # the last ones, where not all have room
    figure, axes = new_canvas(WIDTH, ROW * (max(len(rows), 1) + 1))
    first = len(facts["rows"]) - len(rows)
    left_out = f" (prime fusioni non disegnate: {first})" if first else ""
    after = f"il testo, dopo{left_out}"
    for left, title in ((44, "coppia"), (259, "volte"), (BLOCKS, after)):
        write(axes, left, ROW / 2, title, 24, color=GREY)
    if not rows:
        write(axes, 40, 1.5 * ROW, "nessuna coppia si trova due volte", 24)
    for place, step in enumerate(rows, start=1):
        draw_row(axes, step, (place + 0.5) * ROW)
    return figure


def draw_row(axes: Axes, step: dict, y: float) -> None:
    """Write one merge at height `y`, the tokens that it made with a darker face."""
    pair = " + ".join(shorten(drawable(part), 7) for part in step["pair"])
    write(axes, 32, y, str(step["id"] - 255), 24, color=GREY, ha="right")
    write(axes, 44, y, pair, PIECE, family=FONTS)
    write(axes, 290, y, number(step["count"]), PIECE, color=BLUE, weight=600, ha="center")
    left, made = float(BLOCKS), drawable(step["token"])
    for piece in map(drawable, step["pieces"]):
        width = CHARACTER * len(piece) + 3.5
        if left + width > WIDTH - 26:
            write(axes, left, y, "…", PIECE)
            break
        draw_piece(axes, piece, left, y, width, is_new=piece == made)
        left += width + 2


def draw_piece(
    axes: Axes, piece: str, left: float, y: float, width: float, *, is_new: bool
) -> None:
    """Draw one token as a block; a new one white on blue."""
    face, ink = (BLUE, PAPER) if is_new else (TINTS[0], INK)
    box = draw_box(axes, (left, y - 17, width, 34), radius=4, facecolor=face)
    label = write(axes, left + width / 2, y, piece, PIECE, family=FONTS, color=ink, ha="center")
    label.set_clip_path(box)  # a pile of accents stays in its block


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    text = one_line(facts["text"], 100)
    if not facts["rows"]:
        return (
            f"In «{text}» nessuna coppia di token vicini si trova due volte: "
            "non c’è niente da unire."
        )
    merges = ", ".join(map(described, facts["rows"][-N_ROWS:]))
    n_bytes, n_tokens = number(facts["n_bytes"]), number(facts["n_tokens"])
    return (
        f"Una riga per fusione, sul testo «{text}»: {merges}. "
        f"Da {n_bytes} byte si arriva a {n_tokens} token."
    )


def described(step: dict) -> str:
    """Say which pair was merged, and how often it was found.

    >>> described({"pair": ["g", "a"], "count": 4})
    'g + a (4 volte)'
    """
    pair = " + ".join(shorten(part, 9) for part in step["pair"])
    return f"{pair} ({step['count']} volte)"
