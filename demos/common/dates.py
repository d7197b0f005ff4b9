"""Months as an Italian reader expects them."""

from datetime import date

from babel.dates import format_date


def month(year_month: str) -> str:
    """Write a month, given as `YYYY-MM`, in Italian; ValueError if it isn't one.

    >>> month("2024-04")
    'aprile 2024'
    """
    return format_date(date.fromisoformat(f"{year_month}-01"), "MMMM yyyy", locale="it")
