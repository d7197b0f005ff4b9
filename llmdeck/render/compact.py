"""A large number with the locale's word for its magnitude: `1 milione`, `174,6 miliardi`.

The patterns are CLDR's, as Babel has them. Babel's own `format_compact_decimal` takes the plural of
the number before it is rounded, zeros included: of `1.0`, which is `1 milioni`, for 1e6.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.numbers import format_decimal


def compact(value: float, decimals: int, locale: Locale) -> str:
    """Return a number with a word for its magnitude; as it is where it is too small for one.

    >>> it = Locale("it")
    >>> compact(1e6, 0, it), compact(1.04e6, 0, it), compact(1.5e6, 1, it), compact(999.5, 0, it)
    ('1 milione', '1 milione', '1,5 milioni', '999,5')
    """
    lengths = locale.compact_decimal_formats
    patterns = lengths["long" if "long" in lengths else "short"]
    size = _size(abs(value), patterns["other"])
    if not size:
        return format_decimal(value, locale=locale, decimal_quantization=False)
    unit = _unit(size, patterns["other"])
    amount = round(Decimal(str(value)) / unit, decimals)
    larger = _size(abs(amount) * unit, patterns["other"])
    if larger != size:  # rounded up to the next word: 999,6 mila is 1 milione
        return compact(float(amount * unit), decimals, locale)
    return _write(amount, size, patterns, locale)


def _size(value: float | Decimal, patterns: Mapping[str, Any]) -> int:
    """Return the largest power of ten up to a number that has a word; 0 where none has."""
    words = [int(size) for size, pattern in patterns.items() if pattern.pattern.strip("0")]
    return max((size for size in words if size <= value), default=0)


def _unit(size: int, patterns: Mapping[str, Any]) -> int:
    """Return what the word of a pattern stands for: `00 mila`, for 10,000, has two digits."""
    n_digits: int = patterns[str(size)].pattern.count("0")
    return int(size // 10 ** (n_digits - 1))


def _write(amount: Decimal, size: int, patterns: Mapping[str, Any], locale: Locale) -> str:
    """Return an amount in the pattern of its own plural: of the digits that are shown."""
    shown = Decimal(int(amount)) if amount == int(amount) else amount.normalize()
    forms = ("1",) if shown == 1 else ()  # `mille`, where the number itself is not said
    for form in (*forms, locale.plural_form(abs(shown)), "other"):
        pattern = patterns.get(form, {}).get(str(size))
        if pattern:
            break
    written: str = pattern.apply(shown, locale, decimal_quantization=False)
    return written
