"""What templates give our functions: taken as it was meant, or refused with the way to write it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import jinja2

from llmdeck import ledger
from llmdeck.render.environment import Pending


def rows_of(given: Any) -> list[Any]:
    """Return the rows of a table: dicts by column, or lists; a dict of them has them by id.

    Raises:
        ValueError: where they are something else.
    """
    what = f"a {type(given).__name__}"
    if not isinstance(given, str | bytes) and isinstance(given, Iterable):
        rows = list(given.values() if isinstance(given, Mapping) else given)
        wrong = [row for row in rows if not isinstance(row, dict | list | tuple)]
        if not wrong:
            return rows
        what = f"{ledger.short(wrong[0])} among them"
    raise ValueError(
        f"table: rows are dicts or lists, not {what}; a dict's names and values are rows in "
        'table(f.NAME | items, headers=["name", "value"])'
    )


def plain_list(value: Any) -> Any:
    """Return a range or a tuple as a list, any other value as it is."""
    return list(value) if isinstance(value, range | tuple) else value


def refuse_no_parameter(what: str, value: Any) -> None:
    """See that a value can be a parameter; what is not computed yet may become one.

    Raises:
        ValueError: where no signature can ask for it.
    """
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises the error that names it
    items = value if isinstance(value, list) else [value]
    for item in items:
        plain = isinstance(item, str | int | Pending)
        if not (plain or (isinstance(item, float) and math.isfinite(item))):
            shown = ledger.short(item)
            raise ValueError(f"{what} must be a text, a number, true or false, not {shown}")
