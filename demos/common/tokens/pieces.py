r"""Tokens as a reader can see them: spaces, control characters and lone bytes written out.

A character that is not seen becomes its code point, `\u{200b}`; a byte that is no character on its
own, `\xc3`.
"""

import unicodedata

from demos.common.words import number

SIGNS = {" ": "·", "\n": "↵", "\t": "→"}
# Printable to Unicode, and yet nothing is seen: joiners, fillers, the empty Braille cell, variation
# selectors.
UNSEEN = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
UNSEEN |= {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
NAMED = 20
"""How many pieces of a cut are named."""


def visible(piece: bytes) -> str:
    r"""Write the bytes of a token so that each is seen.

    >>> print(visible(" è\n".encode()), visible("è".encode()[:1]), visible("\u200b".encode()))
    ·è↵ \xc3 \u{200b}
    """
    return "".join(map(_visible_character, piece.decode("utf-8", errors="backslashreplace")))


def piece(token: int) -> str:
    r"""Write a token so that each of its characters is seen.

    >>> piece(7158), piece(198)
    ('·Italy', '↵')
    """
    from demos.smollm.tokenizer import token_bytes  # here: other demos do without the LLM

    return visible(token_bytes(token))


def _visible_character(character: str) -> str:
    r"""Write a character, or its stand-in where nothing would be seen.

    >>> print(_visible_character("è"), _visible_character("\t"), _visible_character("\0"))
    è → \u{0}
    """
    if character in SIGNS:
        return SIGNS[character]
    is_seen = character.isprintable() and ord(character) not in UNSEEN
    return character if is_seen else escape(character)


def escape(character: str) -> str:
    r"""Write a character as its code point.

    >>> print(escape("è"))
    \u{e8}
    """
    return f"\\u{{{ord(character):x}}}"


def shorten(text: str, length: int = 19) -> str:
    """Cut the middle out of a text longer than `length`.

    >>> shorten("·" * 128, 9)
    '····…····'
    """
    if len(text) <= length:
        return text
    half = (length - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def one_line(text: str, length: int = 300) -> str:
    r"""Write a text on one line: control characters visible, the middle cut out where it is long.

    >>> print(one_line("a\n b\0"))
    a b\u{0}
    """
    words = " ".join(visible(word.encode()) for word in text.split())
    return shorten(words or visible(text.encode()), length)


def name_pieces(heading: str, pieces: list[str]) -> str:
    """Name the pieces of a cut, the first `NAMED` of them.

    >>> name_pieces("BPE: 2 token", ["Chat", "GPT"])
    'BPE: 2 token, Chat | GPT'
    """
    named, n_more = " | ".join(map(shorten, pieces[:NAMED])), len(pieces) - NAMED
    others = f" e altri {number(n_more)}" if n_more > 0 else ""
    return f"{heading}, {named}{others}"


def kinds(pieces: list[bytes]) -> list[str]:
    r"""Say of each token of a text what it is to an Italian reader.

    >>> kinds([b"C", b"iao", b",", b" ", b"tu", b"\xc3", b"\xb9"])
    ['carattere', 'parte di parola', 'segno', 'spazio', 'parola', 'byte', 'byte']
    """
    # A byte that is no whole character decodes to a surrogate, which no valid text has.
    texts = [piece.decode(errors="surrogateescape") for piece in pieces]
    before, after = [" ", *texts], [*texts[1:], " "]
    return [kind(*three) for three in zip(before, texts, after, strict=False)]


def kind(before: str, piece: str, after: str) -> str:
    """Say what a token is, from its text and that of the tokens before and after it.

    >>> kind(" ", "Ciao", "!"), kind("C", "iao", "!"), kind(" ", "C", "iao"), kind(" ", "20", "24")
    ('parola', 'parte di parola', 'carattere', 'numero')
    """
    core = piece.strip()
    if any("\ud800" <= character <= "\udfff" for character in piece):
        return "byte"
    if not any(map(in_word, core)):
        return "segno" if core else "spazio"
    if core.isnumeric():
        return "numero"
    goes_on = in_word(before[-1] + piece[0]) or in_word(piece[-1] + after[0])
    if not goes_on:
        return "parola" if any(map(str.isalnum, core)) else "segno"  # an accent on nothing
    return "carattere" if len(core) == 1 else "parte di parola"


def in_word(characters: str) -> bool:
    """Tell whether all these are letters, accents or figures, and there is at least one.

    >>> in_word("è"), in_word("!"), in_word("è!"), in_word("")
    (True, False, False, False)
    """
    kinds_of_unicode = {unicodedata.category(character)[0] for character in characters}
    return characters != "" and kinds_of_unicode <= {"L", "M", "N"}
