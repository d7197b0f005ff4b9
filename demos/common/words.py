"""Numbers, months, sizes and lines as an Italian reader expects them: 1.234,5 and not 1,234.5."""

from collections.abc import Iterable
from datetime import date
from textwrap import fill

from babel.dates import format_date
from babel.numbers import format_decimal

MINUS = "\N{MINUS SIGN}"


def number(value: float, decimals: int | None = None) -> str:
    r"""Write a number in Italian, with so many `decimals`, or else as many as it needs (3 at most).

    A number that would be a long row of zeros becomes a power of ten.

    The sign is a true minus (U+2212), as wide as a plus, and not the keyboard's hyphen.

    >>> number(174604259328)
    '174.604.259.328'
    >>> number(1234.5, 2)
    '1.234,50'
    >>> number(-0.5)
    '−0,5'
    >>> number(6.6743e-11)
    '6,67\xa0×\xa010⁻¹¹'
    """
    if decimals is None and value and not 1e-4 <= abs(value) < 1e15:
        return power_of_ten(value)
    pattern = None  # Babel's own: as many decimals as needed
    if decimals is not None:
        pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
    return format_decimal(value, format=pattern, locale="it").replace("-", MINUS)


def percent(share: float, decimals: int | None = None) -> str:
    """Write a share of 1 as a percentage: one decimal where none is asked for, two below 0.1 %.

    >>> percent(0.38), percent(0.00026), percent(0.75, 0)
    ('38,0%', '0,03%', '75%')
    """
    if decimals is None:
        decimals = 1 if share >= 0.001 else 2
    return f"{number(100 * share, decimals)}%"


def yes_or_no(holds: bool) -> str:
    """Answer in Italian.

    >>> yes_or_no(True), yes_or_no(False)
    ('sì', 'no')
    """
    return "sì" if holds else "no"


def columns(cells: Iterable[object], width: int) -> str:
    """Write cells side by side, each to the right of a column `width` wide.

    >>> columns(["38,0%", 7], 6)
    ' 38,0%     7'
    """
    return "".join(f"{cell:>{width}}" for cell in cells)


def wrap(text: str, width: int = 88, first: str = "", then: str = "   ") -> str:
    """Break a text into lines of at most `width` columns, the first and the others indented.

    >>> print(wrap("Nel mezzo del cammin di nostra vita", width=20))
    Nel mezzo del cammin
       di nostra vita
    """
    return fill(text, width, initial_indent=first, subsequent_indent=then)


def power_of_ten(value: float) -> str:
    r"""Write a number as digits times a power of ten; no line breaks at its spaces.

    >>> power_of_ten(3.1428766e23)
    '3,14\xa0×\xa010²³'
    """
    digits, _, exponent = f"{value:.2e}".partition("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits.replace('.', ',')}\xa0×\xa010{raised}"


def params_in_words(count: float) -> str:
    """Write a count of parameters as one says it.

    >>> params_in_words(174604259328), params_in_words(124439808)
    ('174,6 miliardi', '124 milioni')
    """
    return (
        f"{number(count / 1e9, 1)} miliardi"
        if count >= 1e9
        else f"{number(count / 1e6, 0)} milioni"
    )


def billions_in_words(billions: Iterable[float]) -> str:
    """Write several sizes, in billions of parameters, one decimal each.

    >>> billions_in_words([2.506172416, 8.537680896])
    '2,5 · 8,5'
    """
    return " · ".join(number(size, 1) for size in billions)


def interval_in_words(low: float, high: float, decimals: int = 2) -> str:
    """Write the ends of an interval, to stand behind «fra».

    >>> interval_in_words(1.3, 1.456)
    '1,30 e 1,46'
    """
    return f"{number(low, decimals)} e {number(high, decimals)}"


def month(year_month: str) -> str:
    """Write a month, given as `YYYY-MM`, in Italian; ValueError if it isn't one.

    >>> month("2024-04")
    'aprile 2024'
    """
    return format_date(date.fromisoformat(f"{year_month}-01"), "MMMM yyyy", locale="it")
