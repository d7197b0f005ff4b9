"""Numbers as an Italian reader expects them: a comma before decimals, a dot between thousands."""

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
