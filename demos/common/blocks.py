"""Tokens as coloured blocks, the piece above its id, row after row as words on a page; all sizes are slide pixels.

Importing this module imports matplotlib: only what draws a figure does.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import FancyBboxPatch
from matplotlib.textpath import text_to_path

from demos.common.style import TINTS, new_figure
from demos.common.tokens import escape, shorten
from demos.common.words import number

FONTS = (
    "Fantasque Sans Mono",
    "Inter",
    "DejaVu Sans",
)  # of a piece: the first that has the character draws it
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
    """Put blocks side by side in `rows` of `room` pixels, as many as fit; the last row keeps `reserved` pixels free.

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
    widths = [
        max(
            NARROWEST,
            2 * PADDING
            + max(
                text_width(drawable(piece), size.piece), text_width(str(token_id), size.id, PLAIN)
            ),
        )
        for piece, token_id in zip(pieces[some], ids[some], strict=True)
    ]
    places = flow(widths, room, size.rows)
    if len(places) < len(pieces):
        places = flow(
            widths, room, size.rows, reserved=text_width(more(len(pieces)), 20, PLAIN) + 3 * GAP
        )
    return places


def draw_blocks(
    axes: Axes, pieces: list[str], ids: list[int], size: Size, top: float, room: float
) -> None:
    """Draw the blocks from `top` down, on axes whose units are pixels and whose y runs down."""
    places = fit(pieces, ids, size, room)
    for token, (piece, token_id, place) in enumerate(zip(pieces, ids, places, strict=False)):
        y, middle = top + place.row * (size.height + GAP), place.left + place.width / 2
        shape = FancyBboxPatch(
            (place.left, y), place.width, size.height, "round,pad=0,rounding_size=6", ec="none"
        )
        shape.set_facecolor(TINTS[token % len(TINTS)])
        axes.add_patch(shape)
        label = axes.text(
            middle, y + size.piece, drawable(piece), size=size.piece, family=FONTS, ha="center"
        )
        label.set(
            parse_math=False, clip_path=shape
        )  # "$" is a dollar, and a pile of accents stays in its block
        axes.text(
            middle,
            y + size.height - 0.35 * size.id,
            str(token_id),
            size=size.id,
            family=PLAIN,
            ha="center",
        )
    if len(places) < len(pieces):
        last = places[-1] if places else Place(0.0, 0, 0.0)
        y = top + last.row * (size.height + GAP) + size.height / 2
        axes.text(
            last.left + last.width + 2 * GAP,
            y,
            more(len(pieces) - len(places)),
            size=20,
            family=PLAIN,
            va="center",
        )


def draw_rows(
    rows: Sequence[tuple[str, list[str], list[int]]],
    sizes: Sequence[Size],
    width: int,
    height: int,
    *,
    title: float,
    points: int,
) -> Figure:
    """Draw several cuts below one another: a heading, pieces and ids each, in the largest of `sizes` that all fit in.

    `title` is the height of the strip above a cut's blocks, `points` the size of the heading in it.
    """
    figure = new_figure(width, height)
    figure.set_layout_engine("none")  # the blocks are placed by hand, in slide pixels
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    all_fit = (
        s
        for s in sizes
        if all(len(fit(pieces, ids, s, width)) == len(pieces) for _, pieces, ids in rows)
    )
    size = next(all_fit, sizes[-1])
    for place, (heading, pieces, ids) in enumerate(rows):
        top = place * height / len(rows)
        axes.text(0, top + title / 2, heading, size=points, weight=600, va="center")
        draw_blocks(axes, pieces, ids, size, top + title, width)
    return figure


def drawable(piece: str) -> str:
    r"""Write a piece for the figure: short, and with the code point of each character that no font here has.

    >>> print(drawable("è語"))
    è\u{8a9e}
    """
    return shorten(
        "".join(character if has_glyph(character) else escape(character) for character in piece)
    )


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
    return text_to_path.get_text_width_height_descent(
        text, FontProperties(family=fonts, size=size), ismath=False
    )[0]
