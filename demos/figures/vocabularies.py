"""The figure of `vocabularies`: the same text as coloured blocks, a row a vocabulary."""

from matplotlib.figure import Figure

from demos.common.blocks import Size, draw_rows
from demos.common.tokens import name_pieces, one_line
from demos.common.words import number
from demos.vocabularies import NAMES

WIDTH, HEIGHT, TITLE = 1120, 420, 32  # slide pixels; TITLE is the strip above a vocabulary's blocks


def heading(name: str, facts: dict) -> str:
    """Name a vocabulary, its size, and how many tokens it makes.

    >>> heading("bpe", {"bpe": {"n_vocab": 1000, "n_tokens": 13}})
    'BPE, 1.000 voci: 13 token'
    """
    return f"{NAMES[name]}, {number(facts[name]['n_vocab'])} voci: {number(facts[name]['n_tokens'])} token"


def plot(facts: dict) -> Figure:
    """Draw each vocabulary's tokens as coloured blocks, a row a vocabulary."""
    sizes = (Size(32, 18, rows=1), Size(24, 18, rows=1))
    rows = [(heading(name, facts), facts[name]["pieces"], facts[name]["ids"]) for name in NAMES]
    return draw_rows(rows, sizes, WIDTH, HEIGHT, title=TITLE, points=20)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    rows = [name_pieces(heading(name, facts), facts[name]["pieces"]) for name in NAMES]
    return f"«{one_line(facts['text'], 100)}» divisa da quattro vocabolari. {'. '.join(rows)}."
