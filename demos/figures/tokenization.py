"""The figure of `tokenization`: tokens as coloured blocks, the piece above its id."""

from matplotlib.figure import Figure

from demos.common.tokens.blocks import Size, draw_rows
from demos.common.tokens.pieces import name_pieces, one_line
from demos.tokenization import NAMES, heading

WIDTH, HEIGHT, TITLE = 1120, 420, 32  # slide pixels; TITLE is the strip above a vocabulary's blocks
SIZES = (Size(44, 26, rows=1), Size(32, 24, rows=1), Size(24, 24, rows=1))


def plot(facts: dict) -> Figure:
    """Draw each vocabulary's tokens as coloured blocks, as large as lets them all fit."""
    rows = []
    for name in NAMES:
        cut = facts[name]
        rows.append((heading(name, facts), cut["pieces"], cut["ids"]))
    return draw_rows(rows, SIZES, WIDTH, HEIGHT, title=TITLE, points=24)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    text = one_line(facts["text"], 100)
    rows = [name_pieces(heading(name, facts), facts[name]["pieces"]) for name in NAMES]
    return f"«{text}» a blocchi colorati, uno per token, ciascuno con il suo id. {'. '.join(rows)}."
