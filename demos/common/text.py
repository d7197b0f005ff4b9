"""Texts that come in: refused, in Italian, where a demo can't read them."""

import re

from demos.common.tokens.pieces import piece, shorten
from demos.common.words import number

WORD = re.compile(r"[^\s'’]*\w[^\s'’]*['’]?")
"""A word ends at white space, or with the apostrophe that joins it to the next one."""


def count_words(text: str) -> int:
    """Count the words of a text: «l'autobus» is an article and a noun.

    >>> count_words("L'acqua bolle."), count_words("mezz’ora — 🦙")
    (3, 2)
    """
    return len(WORD.findall(text))


def require_text(text: str, most: int) -> None:
    """Refuse, in Italian, a text that is empty, is no valid Unicode, or has over `most` characters.

    >>> require_text("", most=500)
    Traceback (most recent call last):
    ValueError: Il testo è vuoto: scrivi almeno un carattere.
    """
    if not text:
        raise ValueError("Il testo è vuoto: scrivi almeno un carattere.")
    if len(text) > most:
        raise ValueError(f"Il testo ha {number(len(text))} caratteri: al massimo {number(most)}.")
    for position, character in enumerate(text, start=1):
        if is_half(character):
            code = f"U+{ord(character):04X}"
            raise ValueError(f"Il carattere {position} ({code}) non è Unicode valido: toglilo.")


def is_half(character: str) -> bool:
    """Tell whether this is half of a UTF-16 pair: it has no UTF-8, and would be replaced.

    >>> is_half(chr(0xD800)), is_half("è")
    (True, False)
    """
    return "\ud800" <= character <= "\udfff"


def read_prompt(text: str, most: int) -> list[int]:
    """Turn a text into ids, at most `most` of them.

    Raises ValueError, in Italian, on text that the model can't read.

    >>> read_prompt("The capital of Italy is", most=5)
    [504, 3575, 282, 7158, 314]
    >>> read_prompt("one two three", most=2)
    Traceback (most recent call last):
    ValueError: Il testo ha 3 token: qui al massimo 2.
    """
    from demos.smollm.tokenizer import encode  # here: other demos do without the LLM

    if any(map(is_half, text)):
        raise ValueError("Il testo contiene un carattere che non è Unicode valido: toglilo.")
    if len(text) > 100 * most:  # too long, and a whole book need not be cut to know it
        n = number(len(text))
        raise ValueError(f"Il testo ha {n} caratteri: sono troppi per {number(most)} token.")
    ids = encode(text)
    if not ids:
        raise ValueError("Il testo è vuoto: scrivi almeno un carattere che il modello conosca.")
    if len(ids) > most:
        raise ValueError(f"Il testo ha {number(len(ids))} token: qui al massimo {number(most)}.")
    return ids


def one_token(text: str) -> int:
    """Find the one token that a text is; ValueError, with its pieces, where it is several.

    >>> one_token("king") == read_prompt(" king", most=1)[0]
    True
    >>> one_token("incredibile")
    Traceback (most recent call last):
    ValueError: «incredibile» non è un token solo: diventa ·incred | ib | ile. Scegline uno.
    """
    from demos.smollm.tokenizer import encode  # here: other demos do without the LLM

    ids = in_sentence = read_prompt(text, most=64)
    if not text[0].isspace():  # most words follow a space, which is part of their token
        in_sentence = encode(f" {text}")
    for written in (in_sentence, ids):
        if len(written) == 1:
            return written[0]
    pieces = shorten(" | ".join(map(piece, in_sentence)), 200)
    raise ValueError(f"«{shorten(text, 40)}» non è un token solo: diventa {pieces}. Scegline uno.")
