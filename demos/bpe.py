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
from typing import Annotated

import regex

from demos.common.standalone import run_alone
from demos.common.text import require_text
from demos.common.tokens import one_line, shorten, visible
from demos.common.words import number

Pair = tuple[int, int]
MAX_CHARACTERS = 1000
PATTERN = r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+"  # no merge crosses these cuts: a word takes the space before it


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


if __name__ == "__main__":
    run_alone(run, show)
