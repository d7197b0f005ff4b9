"""Read a guess as people write it in the deck's locale: `349,2`, `350 GB`, `circa 175 miliardi`."""

from __future__ import annotations

import re

from babel.numbers import NumberFormatError, parse_decimal

from llmdeck.render.numbers import RAISED, Numbers
from llmdeck.render.units import BYTES, SYMBOLS

GUESS = re.compile(
    r"(?<!\w)(?P<sign>[-+]?)(?P<number>\d[\d.,'’ ]{0,40})"
    r"(?:(?:e|[x×·*] ?10 ?\^) ?(?P<power>[-+]?\d{1,2})\b)?(?P<rest>.*)",
    re.IGNORECASE,
)
"""The first number of a line, and what stands behind it."""
POWER = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
LOWERED = {raised: plain for plain, raised in RAISED.items()}
"""What the characters of an exponent are, written on the line."""
WORD = re.compile(r"[^\W\d_]+|%|\S")
PREFIXES = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "B": 1e9, "T": 1e12}
"""Short for a magnitude in any language: 7B, 300M."""
PLAIN = str.maketrans({"\u00a0": " ", "\u202f": " ", "−": "-"})
"""Spaces and a minus as typesetters write them."""


def read_number(line: str, numbers: Numbers, unit: str = "") -> float | None:
    r"""Return the number that a line means; None where there is none.

    It is brought to `unit` where both are sizes in bytes.

    >>> it = Numbers("it")
    >>> read_number("circa 175 miliardi di parametri", it), read_number("0,35 TB", it, "GB")
    (175000000000.0, 350.0)
    >>> read_number("boh", it)
    """
    plain = POWER.sub(lambda power: f"^{power[0].translate(LOWERED)}", line)
    match = GUESS.search(plain.translate(PLAIN))
    if match is None:
        return None
    digits = re.sub(r"['’ ]", "", match["number"]).rstrip(".,")
    value = _decimal(digits, numbers)
    if value is None:
        return None
    value *= 10.0 ** int(match["power"] or 0)
    if match["sign"] == "-":
        value = -value
    return value * _scale(match["rest"], numbers, unit)


def _decimal(digits: str, numbers: Numbers) -> float | None:
    """Digits grouped as in the locale, else with a point or comma that can only be a decimal one.

    >>> _decimal("1.234", Numbers("it")), _decimal("349.2", Numbers("it"))
    (1234.0, 349.2)
    """
    try:
        return float(parse_decimal(digits, locale=numbers.locale, strict=True))
    except NumberFormatError:
        decimal = re.fullmatch(r"\d+[.,]\d+", digits)
        return float(digits.replace(",", ".")) if decimal else None


def _scale(rest: str, numbers: Numbers, unit: str) -> float:
    """What the words behind a number multiply it by: magnitudes, then a size in bytes.

    >>> _scale(" mila miliardi", Numbers("it"), ""), _scale(" TB", Numbers("it"), "GB")
    (1000000000000.0, 1000.0)
    """
    scale = 1.0
    for word in WORD.findall(rest):
        magnitude = numbers.magnitudes.get(word.casefold()) or PREFIXES.get(word)
        if magnitude is None:
            given = SYMBOLS.get(word.casefold(), "")
            if given in BYTES and unit in BYTES:
                scale *= BYTES[given] / BYTES[unit]
            break
        scale *= magnitude
    return scale
