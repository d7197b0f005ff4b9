"""How a vocabulary is learned: byte pair encoding, one merge at a time, on a short text.

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
from typing import Annotated

import regex

from demos.common.standalone import run_alone
from demos.common.text import require_text
from demos.common.tokens.pieces import one_line, shorten, visible
from demos.common.words import number, wrap, yes_or_no

Pair = tuple[int, int]
Words = list[list[int]]  # the text so far: no merge crosses from one word to the next
MAX_CHARACTERS = 1000
PATTERN = r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+"  # a word takes the space before it


def most_frequent(words: Words) -> tuple[Pair, int]:
    """Count each pair of neighbours; of equals, take the one that comes first in the text.

    >>> most_frequent([[1, 2, 3, 1, 2]])
    ((1, 2), 2)
    """
    counts = Counter(pair for word in words for pair in pairwise(word))
    nothing = ((0, 0), 0)  # where no word has two tokens left
    return max(counts.items(), key=lambda item: item[1], default=nothing)  # the first of equals


def merge(word: list[int], pair: Pair, new: int) -> list[int]:
    """Replace each occurrence of `pair`, from the left, with the token `new`.

    >>> merge([97, 97, 97, 98], (97, 97), 256)
    [256, 97, 98]
    """
    merged: list[int] = []
    position = 0
    while position < len(word):
        if tuple(word[position : position + 2]) == pair:
            merged.append(new)
            position += 2  # both are used up: of the two pairs in "aaa" only one can be replaced
        else:
            merged.append(word[position])
            position += 1
    return merged


def pieces(words: Words, vocabulary: dict[int, bytes]) -> list[str]:
    """Write the text as its tokens.

    >>> pieces([[97], [32, 98]], {byte: bytes([byte]) for byte in range(256)})
    ['a', '·', 'b']
    """
    return [visible(vocabulary[token]) for word in words for token in word]


def row(pair: Pair, count: int, new: int, words: Words, vocabulary: dict[int, bytes]) -> dict:
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


def learn(words: Words, n_merges: int) -> tuple[Words, dict[int, bytes], list[dict]]:
    """Learn up to `n_merges` merges: the text after them, the vocabulary, what each merge did.

    >>> words, vocabulary, rows = learn([[97, 97, 98], [97, 97]], 9)
    >>> words, vocabulary[256], len(rows)
    ([[256, 98], [256]], b'aa', 1)
    """
    vocabulary = {byte: bytes([byte]) for byte in range(256)}
    rows: list[dict] = []
    for new in range(256, 256 + n_merges):
        pair, count = most_frequent(words)
        if count < 2:  # what is found only once is not worth an entry
            break
        words = [merge(word, pair, new) for word in words]
        vocabulary[new] = vocabulary[pair[0]] + vocabulary[pair[1]]
        rows.append(row(pair, count, new, words, vocabulary))
    return words, vocabulary, rows


def run(
    *,
    text: str = "il gatto e la gatta, il gattino e la gattina",
    n_merges: Annotated[int, range(1, 31)] = 9,
) -> dict:
    """Learn up to `n_merges` merges from `text`.

    Raises ValueError, in Italian, on empty text, on more than `MAX_CHARACTERS`, and on text that is
    not valid Unicode.

    >>> facts = run(text="aaabdaaabac", n_merges=3)  # the example of minbpe and of Wikipedia
    >>> facts["ids"], facts["pieces"]
    ([258, 100, 258, 97, 99], ['aaab', 'd', 'aaab', 'a', 'c'])
    """
    require_text(text, MAX_CHARACTERS)
    start = [list(word.encode()) for word in regex.findall(PATTERN, text)]  # bytes are tokens
    words, vocabulary, rows = learn(start, n_merges)
    ids = [token for word in words for token in word]
    return {
        "text": text,
        "n_bytes": len(text.encode()),
        "start": pieces(start, vocabulary),
        "n_merges_asked": n_merges,
        "n_merges": len(rows),
        "rows": rows,
        "n_vocab": len(vocabulary),
        "ids": ids,
        "pieces": pieces(words, vocabulary),
        "n_tokens": len(ids),
        "round_trip": b"".join(vocabulary[token] for token in ids).decode() == text,
    }


def show(facts: dict) -> None:
    """Print the merges, a row each, and then the text."""
    text = wrap(f"1. Il testo: «{one_line(facts['text'])}»")
    print(f"""\
{text}
   All’inizio ogni byte è un token: sono {number(facts["n_bytes"])}. Il puntino · è lo spazio.
2. La coppia di vicini più frequente diventa un token nuovo. Poi si ricomincia.
     id  coppia                 volte  token nuovo    token rimasti""")
    for step in facts["rows"]:
        pair = " + ".join(shorten(part, 9) for part in step["pair"])
        made, left = shorten(step["token"], 13), step["n_tokens"]
        print(f"   {step['id']:>4}  {pair:<23}{step['count']:>5}  {made:<15}{left:>13}")
    show_end(facts)


def show_end(facts: dict) -> None:
    """Print what is left of the text."""
    if facts["n_merges"] < facts["n_merges_asked"]:
        print("   Qui ci si ferma: nessuna coppia si trova due volte.")
    left = " ".join(shorten(piece) for piece in facts["pieces"][:200])
    n_tokens, n_bytes = number(facts["n_tokens"]), number(facts["n_bytes"])
    n_merges, n_vocab = facts["n_merges"], facts["n_vocab"]
    print(f"""\
3. Il testo, alla fine:
{wrap(left, first="   ")}
   {n_tokens} token al posto di {n_bytes}, con {n_merges} voci in più nel vocabolario ({n_vocab}).
   I token, rimessi in fila, ridanno il testo: {yes_or_no(facts["round_trip"])}.""")


if __name__ == "__main__":
    run_alone(run, show)
