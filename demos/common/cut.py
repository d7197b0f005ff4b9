"""A text to cut into tokens: what may be cut, and a cut in words."""

from demos.common.italian import number
from demos.common.pieces import shorten

NAMED = 20
"""How many pieces of a cut are named."""


def check(text: str, most: int) -> None:
    """Refuse, in Italian, a text that is empty, has more than `most` characters, or is no valid Unicode.

    >>> check("", most=500)
    Traceback (most recent call last):
    ValueError: Il testo è vuoto: scrivi almeno un carattere.
    """
    if not text:
        raise ValueError("Il testo è vuoto: scrivi almeno un carattere.")
    if len(text) > most:
        raise ValueError(f"Il testo ha {number(len(text))} caratteri: al massimo {number(most)}.")
    for position, character in enumerate(text, start=1):
        if (
            "\ud800" <= character <= "\udfff"
        ):  # half of a UTF-16 pair: it has no UTF-8, and would be replaced
            raise ValueError(
                f"Il carattere {position} (U+{ord(character):04X}) non è Unicode valido: toglilo."
            )


def in_words(heading: str, pieces: list[str]) -> str:
    """Name the pieces of a cut, the first `NAMED` of them.

    >>> in_words("BPE: 2 token", ["Chat", "GPT"])
    'BPE: 2 token, Chat | GPT'
    """
    n_more = len(pieces) - NAMED
    others = f" e altri {number(n_more)}" if n_more > 0 else ""
    return f"{heading}, {' | '.join(map(shorten, pieces[:NAMED]))}{others}"
