"""WordPiece as BERT does it: all-MiniLM-L6-v2's own vocabulary, of 30,522 pieces without capitals and accents.

A word is cut from the left into the longest pieces that the vocabulary has; a piece that goes on
begins with `##`. Algorithm: https://github.com/google-research/bert/blob/eedf571/tokenization.py
(FullTokenizer, do_lower_case=True).

Leaves out: pieces of text that mean a special token, such as "[SEP]": they are read as plain text.
"""

import unicodedata
from functools import lru_cache

from demos.common.minilm import model_file

LONGEST = 100  # characters; a longer word is unknown
CJK = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)  # ideograms


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, int]:
    """Read the vocabulary: a piece a line, whose number is the id.

    >>> vocabulary()["[CLS]"], vocabulary()["##ing"], len(vocabulary())
    (101, 2075, 30522)
    """
    lines = model_file("vocab.txt").read_text(encoding="utf-8").split("\n")
    return {piece: i for i, piece in enumerate(line for line in lines if line)}


def words(text: str) -> list[str]:
    """Cut a text into words, small and without accents; each sign of punctuation and each ideogram is a word.

    >>> words("Perché no? It's 東京!")
    ['perche', 'no', '?', 'it', "'", 's', '東', '京', '!']
    """
    spaced = "".join(map(set_apart, text))
    bare = (c for c in unicodedata.normalize("NFD", spaced) if unicodedata.category(c) != "Mn")
    return "".join(f" {c} " if is_sign(c) else c for c in bare).split()


def set_apart(character: str) -> str:
    r"""Make a letter small, put spaces around an ideogram, make every blank a space, and take out what is not text.

    >>> set_apart("A"), set_apart("京"), set_apart("\t"), set_apart("\0")
    ('a', ' 京 ', ' ', '')
    """
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if character in "\0\ufffd" or unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs"}:
        return ""
    return (
        f" {character} "
        if any(low <= ord(character) <= high for low, high in CJK)
        else character.lower()
    )


def is_sign(character: str) -> bool:
    """Tell whether a character is punctuation: what Unicode calls so, and all signs of ASCII.

    >>> is_sign("$"), is_sign("«"), is_sign("è")
    (True, True, False)
    """
    if character.isascii():
        return character > " " and not character.isalnum()
    return unicodedata.category(character)[0] == "P"


def pieces(word: str) -> list[str]:
    """Cut a word into the longest pieces of the vocabulary, from the left; `[UNK]` where that fails.

    >>> pieces("quantization"), pieces("🦙")
    (['quan', '##ti', '##zation'], ['[UNK]'])
    """
    found: list[str] = []
    start = 0
    while start < len(word):
        ends = range(len(word), start, -1) if len(word) <= LONGEST else ()
        candidates = (("##" if start else "") + word[start:end] for end in ends)
        piece = next((piece for piece in candidates if piece in vocabulary()), None)
        if piece is None:
            return ["[UNK]"]
        found.append(piece)
        start += len(piece) - (2 if start else 0)
    return found


def encode(text: str) -> list[int]:
    """Turn a text into ids, between `[CLS]` and `[SEP]`.

    >>> encode("Hello, world!")
    [101, 7592, 1010, 2088, 999, 102]
    """
    parts = [piece for word in words(text) for piece in pieces(word)]
    return [vocabulary()[piece] for piece in ["[CLS]", *parts, "[SEP]"]]
