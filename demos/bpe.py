"""How a vocabulary is learned: byte pair encoding, one merge at a time, on a text short enough to follow by eye.

A token is first a single byte. The pair of neighbours that is found most often becomes a new token,
everywhere in the text; then the counting starts again. (Gage, A New Algorithm for Data Compression,
1994; Sennrich et al., 2016, https://arxiv.org/abs/1508.07909; on bytes: Radford et al., 2019,
section 2.2.)

Leaves out: how a new text is cut with merges that are already learned (`demos.tokenization` does it
with ChatGPT's), and what makes this quick on gigabytes: real trainers don't count all the pairs
again after each merge.
"""

from collections import Counter
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import regex

from demos.common.standalone import run_alone
from demos.common.text import require_text
from demos.common.tokens import one_line, shorten, visible
from demos.common.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Pair = tuple[int, int]
MAX_CHARACTERS = 1000
PATTERN = r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+"  # no merge crosses these cuts: a word takes the space before it
WIDTH, ROW, N_ROWS = 1120, 40, 10  # slide pixels; the most rows that a figure has room for
BLOCKS, CHARACTER, PIECE = (
    378,
    10.2,
    20,
)  # where the text so far begins, pixels of a character, points of its letters


def run(
    *,
    text: str = "il gatto e la gatta, il gattino e la gattina",
    n_merges: Annotated[int, range(1, 31)] = 9,
) -> dict:
    """Learn up to `n_merges` merges from `text`; a pair that is found only once is not worth an entry.

    Raises ValueError, in Italian, on empty text, on more than `MAX_CHARACTERS`, and on text that is
    not valid Unicode.

    >>> facts = run(text="aaabdaaabac", n_merges=3)  # the example of minbpe and of Wikipedia
    >>> facts["ids"], facts["pieces"]
    ([258, 100, 258, 97, 99], ['aaab', 'd', 'aaab', 'a', 'c'])
    """
    require_text(text, MAX_CHARACTERS)
    vocabulary = {byte: bytes([byte]) for byte in range(256)}
    words = [list(word.encode()) for word in regex.findall(PATTERN, text)]
    n_bytes, rows = sum(map(len, words)), []
    start = pieces(words, vocabulary)
    for new in range(256, 256 + n_merges):
        pair, count = most_frequent(words)
        if count < 2:
            break
        words = [merge(word, pair, new) for word in words]
        vocabulary[new] = vocabulary[pair[0]] + vocabulary[pair[1]]
        rows.append(row(pair, count, new, words, vocabulary))
    return {
        "text": text,
        "n_bytes": n_bytes,
        "start": start,
        "n_merges_asked": n_merges,
        "n_merges": len(rows),
        "rows": rows,
        "n_vocab": len(vocabulary),
        "ids": [token for word in words for token in word],
        "pieces": pieces(words, vocabulary),
        "n_tokens": sum(map(len, words)),
        "round_trip": b"".join(vocabulary[token] for word in words for token in word).decode()
        == text,
    }


def most_frequent(words: list[list[int]]) -> tuple[Pair, int]:
    """Count each pair of neighbours; of those found equally often, take the one that comes first in the text.

    >>> most_frequent([[1, 2, 3, 1, 2]])
    ((1, 2), 2)
    """
    counts = Counter(pair for word in words for pair in pairwise(word))
    return max(
        counts.items(), key=lambda item: item[1], default=((0, 0), 0)
    )  # max keeps the first of equals


def merge(word: list[int], pair: Pair, new: int) -> list[int]:
    """Replace each occurrence of `pair`, from the left, with the token `new`.

    >>> merge([97, 97, 97, 98], (97, 97), 256)
    [256, 97, 98]
    """
    merged: list[int] = []
    position = 0
    while position < len(word):
        found = tuple(word[position : position + 2]) == pair
        merged.append(new if found else word[position])
        position += (
            2 if found else 1
        )  # what is merged is used up: "aaa" has two pairs, and only one can be replaced
    return merged


def pieces(words: list[list[int]], vocabulary: dict[int, bytes]) -> list[str]:
    """Write the text as its tokens.

    >>> pieces([[97], [32, 98]], {byte: bytes([byte]) for byte in range(256)})
    ['a', '·', 'b']
    """
    return [visible(vocabulary[token]) for word in words for token in word]


def row(
    pair: Pair, count: int, new: int, words: list[list[int]], vocabulary: dict[int, bytes]
) -> dict:
    """Say what one merge did.

    >>> vocabulary = {byte: bytes([byte]) for byte in range(256)} | {256: b"aa"}
    >>> row((97, 97), 2, 256, [[256, 256]], vocabulary)["token"]
    'aa'
    """
    return {
        "id": new,
        "pair_ids": list(pair),
        "pair": [visible(vocabulary[token]) for token in pair],
        "count": count,
        "token": visible(vocabulary[new]),
        "n_tokens": sum(map(len, words)),
        "pieces": pieces(words, vocabulary),
    }


def show(facts: dict) -> None:
    """Print the merges, a row each, and what is left of the text."""
    print(fill(f"1. Il testo: «{one_line(facts['text'])}»", 88, subsequent_indent="   "))
    print(
        f"   All'inizio ogni byte è un token: sono {number(facts['n_bytes'])}. Il puntino · è lo spazio."
    )
    print("2. La coppia di vicini più frequente diventa un token nuovo. Poi si ricomincia.")
    print(f"   {'id':>4}  {'coppia':<23}{'volte':>5}  {'token nuovo':<15}{'token rimasti':>13}")
    for step in facts["rows"]:
        pair = " + ".join(shorten(part, 9) for part in step["pair"])
        print(
            f"   {step['id']:>4}  {pair:<23}{step['count']:>5}  {shorten(step['token'], 13):<15}{step['n_tokens']:>13}"
        )
    if facts["n_merges"] < facts["n_merges_asked"]:
        print("   Qui ci si ferma: nessuna coppia si trova due volte.")
    print("3. Il testo, alla fine:")
    text = " ".join(shorten(piece) for piece in facts["pieces"][:200])
    print(fill(text, 88, initial_indent="   ", subsequent_indent="   "))
    print(f"   {number(facts['n_tokens'])} token al posto di {number(facts['n_bytes'])}, "
          f"con {facts['n_merges']} voci in più nel vocabolario ({facts['n_vocab']}).")  # fmt: skip
    print(
        f"   I token, rimessi in fila, ridanno il testo: {'sì' if facts['round_trip'] else 'no'}."
    )


def plot(facts: dict) -> "Figure":
    """Draw a row a merge: the pair, how often it is found, the new token, and the text as blocks."""
    from demos.common.style import GREY, new_figure

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


def draw_row(axes: "Axes", step: dict, y: float) -> None:
    """Write one merge at height `y`, the tokens that it made with a darker face."""
    from demos.common.blocks import FONTS
    from demos.common.style import BLUE, GREY

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
    axes: "Axes", piece: str, left: float, y: float, width: float, *, is_new: bool
) -> None:
    """Draw one token as a block; a new one white on blue."""
    from matplotlib.patches import FancyBboxPatch

    from demos.common.blocks import FONTS
    from demos.common.style import BLUE, INK, PAPER, TINTS

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
    from demos.common.blocks import drawable

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


if __name__ == "__main__":
    run_alone(run, show, plot)
