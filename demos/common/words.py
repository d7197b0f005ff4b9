"""Numbers, months and sizes as an Italian reader expects them: a comma before decimals, a dot between thousands."""

from collections.abc import Iterable
from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal


def number(value: float, decimals: int | None = None) -> str:
    """Write `value` in Italian, with exactly `decimals` digits after the comma, or as many as it needs (3 at most).

    >>> number(174604259328)
    '174.604.259.328'
    >>> number(1234.5, 2)
    '1.234,50'
    """
    if decimals is None:
        return format_decimal(value, locale="it")
    return format_decimal(
        value, format="#,##0." + "0" * decimals if decimals else "#,##0", locale="it"
    )


def power_of_ten(value: float) -> str:
    r"""Write a large number as digits times a power of ten, in Italian, with spaces that no line breaks at.

    >>> power_of_ten(3.1428766e23)
    '3,14\xa0×\xa010²³'
    """
    digits, _, exponent = f"{value:.2e}".partition("e+")
    raised = str(int(exponent)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
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


def month(year_month: str) -> str:
    """Write a month, given as `YYYY-MM`, in Italian; ValueError if it isn't one.

    >>> month("2024-04")
    'aprile 2024'
    """
    return format_date(date.fromisoformat(f"{year_month}-01"), "MMMM yyyy", locale="it")
