"""The figure of `vocabularies`: the same text as coloured blocks, a row a vocabulary."""

from matplotlib.figure import Figure

from demos.common.tokens.blocks import Size, draw_rows
from demos.common.tokens.pieces import name_pieces, one_line
from demos.common.words import number
from demos.vocabularies import NAMES

WIDTH, HEIGHT, TITLE = 1120, 420, 32  # slide pixels; TITLE is the strip above a vocabulary's blocks
SIZES = (Size(28, 24, rows=1), Size(24, 24, rows=1))


def heading(name: str, facts: dict) -> str:
    """Name a vocabulary, its size, and how many tokens it makes.

    >>> heading("bpe", {"bpe": {"n_vocab": 1000, "n_tokens": 13}})
    'BPE, 1.000 voci: 13 token'
    """
    cut = facts[name]
    return f"{NAMES[name]}, {number(cut['n_vocab'])} voci: {number(cut['n_tokens'])} token"


def plot(facts: dict) -> Figure:
    """Draw each vocabulary's tokens as coloured blocks, a row a vocabulary."""
    rows = []
    for name in NAMES:
        cut = facts[name]
        rows.append((heading(name, facts), cut["pieces"], cut["ids"]))
    return draw_rows(rows, SIZES, WIDTH, HEIGHT, title=TITLE, points=24)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    text = one_line(facts["text"], 100)
    rows = [name_pieces(heading(name, facts), facts[name]["pieces"]) for name in NAMES]
    return f"«{text}» divisa da quattro vocabolari. {'. '.join(rows)}."
