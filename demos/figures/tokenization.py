"""The figure of `tokenization`: tokens as coloured blocks, the piece above its id."""

from matplotlib.figure import Figure

from demos.common.blocks import Size, draw_rows
from demos.common.tokens import name_pieces, one_line
from demos.tokenization import NAMES, heading

WIDTH, HEIGHT, TITLE = 1120, 420, 30  # slide pixels; TITLE is the strip above a vocabulary's blocks


def plot(facts: dict) -> Figure:
    """Draw each vocabulary's tokens as coloured blocks, as large as lets them all fit."""
    sizes = (Size(44, 26, rows=1), Size(32, 21, rows=1), Size(22, 18, rows=2))
    rows = [(heading(name, facts), facts[name]["pieces"], facts[name]["ids"]) for name in NAMES]
    return draw_rows(rows, sizes, WIDTH, HEIGHT, title=TITLE, points=22)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    rows = [name_pieces(heading(name, facts), facts[name]["pieces"]) for name in NAMES]
    text = one_line(facts["text"], 100)
    return f"«{text}» a blocchi colorati, uno per token, ciascuno con il suo id. {'. '.join(rows)}."
