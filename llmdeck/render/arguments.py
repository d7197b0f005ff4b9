"""What templates give our functions: taken as it was meant, or refused with the way to write it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jinja2

from llmdeck import ledger
from llmdeck.model import Variant
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


def controlled_of(parameters: tuple[str, ...], values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what controls set: the named parameters, and those whose values are a list."""
    lists = [key for key, value in values.items() if isinstance(value, list)]
    return (*parameters, *(key for key in lists if key not in parameters))


def asked(name: str, values: Mapping[str, Any], grid: Sequence[str] = ()) -> Variant:
    """Return a variant as a template asks for it.

    Raises:
        ValueError: a name that is none, or a value that no parameter can have.
    """
    if not isinstance(name, str):
        raise ValueError(f'a demo is named by a text: demo("vram"), not {ledger.short(name)}')
    for key in grid:
        if not isinstance(key, str):
            named = ledger.short(str(key))  # or the error of what is undefined
            raise ValueError(f"live: a parameter is named by a text, not {named}")
    for key, value in values.items():
        _refuse_no_parameter(f"demo {name}: `{key}`", value)
    return Variant.of(name, values, grid)


def _refuse_no_parameter(what: str, value: Any) -> None:
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
