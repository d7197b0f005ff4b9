"""Tokens as coloured blocks, the piece above its id, row after row; all sizes are slide pixels.

Importing this module imports matplotlib: only what draws a figure does.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

from demos.common.style import TINTS, draw_box, new_canvas, write
from demos.common.tokens.pieces import escape, shorten
from demos.common.words import number

FONTS = ("Fantasque Sans Mono", "Inter", "DejaVu Sans")  # a piece's: the first that has a character
PLAIN = ("Inter",)  # of all other text
PADDING, GAP, NARROWEST = 9, 5, 36  # inside a block, between blocks, and the least width of one


class Size(NamedTuple):
    """How large blocks are."""

    piece: int
    """Points of the piece."""
    id: int
    """Points of its id."""
    rows: int
    """Rows of blocks that there is room for."""

    @property
    def height(self) -> float:
        """Height of a block."""
        return 1.15 * (self.piece + self.id) + 6


class Place(NamedTuple):
    """Where a block stands."""

    left: float
    row: int
    width: float


def more(n_tokens: int) -> str:
    """Say how many tokens are not shown.

    >>> more(1200)
    '… e altri 1.200 token'
    """
    return f"… e altri {number(n_tokens)} token"


def flow(widths: list[float], room: float, rows: int, reserved: float = 0) -> list[Place]:
    """Put blocks side by side in `rows` of `room` pixels, as many as fit.

    The last row keeps `reserved` pixels free.

    >>> [tuple(place) for place in flow([600, 500, 300, 900], room=1120, rows=2)]
    [(0.0, 0, 600), (605.0, 0, 500), (0.0, 1, 300)]
    """
    places: list[Place] = []
    left, row = 0.0, 0
    for width in widths:
        while row < rows and left + width > room - (reserved if row == rows - 1 else 0):
            left, row = 0.0, row + 1
        if row == rows:
            break
        places.append(Place(left, row, width))
        left += width + GAP
    return places


def fit(pieces: list[str], ids: list[int], size: Size, room: float) -> list[Place]:
    """Place as many blocks as fit, leaving room at the end to say how many don't.

    >>> [tuple(place) for place in fit(["!"], [0], Size(24, 18, 3), 1120)]
    [(0.0, 0, 36)]
    """
    some = slice(int(size.rows * room // NARROWEST))  # those beyond can't fit, whatever they are
    pairs = zip(pieces[some], ids[some], strict=True)
    widths = [block_width(piece, token, size) for piece, token in pairs]
    places = flow(widths, room, size.rows)
    if len(places) < len(pieces):
        reserved = text_width(more(len(pieces)), 24, PLAIN) + 3 * GAP
        places = flow(widths, room, size.rows, reserved)
    return places


def block_width(piece: str, token: int, size: Size) -> float:
    """Measure the block of a token.

    >>> block_width("!", 0, Size(24, 18, 3))
    36
    """
    texts = text_width(drawable(piece), size.piece), text_width(str(token), size.id, PLAIN)
    return max(NARROWEST, 2 * PADDING + max(texts))


def draw_blocks(
    axes: Axes, pieces: list[str], ids: list[int], size: Size, top: float, room: float
) -> None:
    """Draw the blocks from `top` down, on axes whose units are pixels and whose y runs down."""
    places = fit(pieces, ids, size, room)
    y = top + size.height / 2
    end = 0.0
    for n, place in enumerate(places):
        upper = top + place.row * (size.height + GAP)
        block = (place.left, upper, place.width, size.height)
        draw_block(axes, block, pieces[n], ids[n], size, TINTS[n % len(TINTS)])
        y, end = upper + size.height / 2, place.left + place.width
    if len(places) < len(pieces):
        write(axes, end + 2 * GAP, y, more(len(pieces) - len(places)), 24, family=PLAIN)


def draw_block(
    axes: Axes,
    place: tuple[float, float, float, float],
    piece: str,
    token: int,
    size: Size,
    colour: str,
) -> None:
    """Draw a block at left, top, width, height: the piece, and below it its id."""
    left, top, width, height = place
    middle = left + width / 2
    shape = draw_box(axes, place, facecolor=colour)
    look = {"ha": "center", "va": "baseline"}
    label = write(axes, middle, top + size.piece, drawable(piece), size.piece, family=FONTS, **look)
    label.set_clip_path(shape)  # a pile of accents stays in its block
    y = top + height - 0.35 * size.id
    write(axes, middle, y, str(token), size.id, family=PLAIN, **look)


def draw_rows(
    rows: Sequence[tuple[str, list[str], list[int]]],
    sizes: Sequence[Size],
    width: int,
    height: int,
    *,
    title: float,
    points: int,
) -> Figure:
    """Draw several cuts below one another: a heading, pieces and ids each.

    The blocks have the largest of `sizes` that all fit in. `title` is the height of the strip above
    a cut's blocks, `points` the size of the heading in it.
    """
    figure, axes = new_canvas(width, height)
    size = next((size for size in sizes if fits(rows, size, width)), sizes[-1])
    for place, (heading, pieces, ids) in enumerate(rows):
        top = place * height / len(rows)
        write(axes, 0, top + title / 2, heading, points, weight=600)
        draw_blocks(axes, pieces, ids, size, top + title, width)
    return figure


def fits(rows: Sequence[tuple[str, list[str], list[int]]], size: Size, width: float) -> bool:
    """Tell whether no block of any cut is left out.

    >>> fits([("", ["!"], [0])], Size(24, 18, 1), 36), fits([("", ["!"], [0])], Size(24, 18, 1), 35)
    (True, False)
    """
    return all(len(fit(pieces, ids, size, width)) == len(pieces) for _, pieces, ids in rows)


def drawable(piece: str) -> str:
    r"""Write a piece for the figure: short, with the code point of what no font here has.

    >>> print(drawable("è語"))
    è\u{8a9e}
    """
    seen = (character if has_glyph(character) else escape(character) for character in piece)
    return shorten("".join(seen))


@lru_cache(maxsize=4096)
def has_glyph(character: str) -> bool:
    """Tell whether a font of the figure has the character.

    >>> has_glyph("↵"), has_glyph("語")
    (True, False)
    """
    return any(get_font(findfont(font)).get_char_index(ord(character)) for font in FONTS)


def text_width(text: str, size: int, fonts: tuple[str, ...] = FONTS) -> float:
    """Measure a text at `size` points.

    >>> text_width("è", 100) == text_width("m", 100)
    True
    """
    font = FontProperties(family=fonts, size=size)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]
