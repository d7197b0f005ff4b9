"""The grid that the controls of a slide step through: every combination of some parameters of a demo."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import product
from typing import Any

from llmdeck.model import Kind, Parameter

MOST_POINTS = 500
"""The most combinations of one grid: each is computed when the deck is built, and lies in its file."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One parameter of a grid, and the values that its control offers."""

    name: str
    kind: Kind
    values: tuple[Any, ...]
    """In the order of the control; those of a switch are false, then true."""
    default: int
    """The place in `values` of what is shown first: the parameter's default, or the first where that is not offered."""


def axes_of(
    parameters: Sequence[Parameter], names: Sequence[str], given: Mapping[str, Any]
) -> tuple[Axis, ...]:
    """The axes of a grid over the parameters `names`; where `given` has a list for one, it offers just these values.

    Raises: ValueError: an unknown name, free text or a number without a list, a list that is empty
        or has a value twice,
            or more than `MOST_POINTS` points (the message says which parameter to thin out).

    >>> dtype = Parameter(name="dtype", kind=Kind.CHOICE, default="int8", choices=("fp16", "int8"))
    >>> axes_of([dtype], ["dtype"], {})
    (Axis(name='dtype', kind=<Kind.CHOICE: 'choice'>, values=('fp16', 'int8'), default=1),)
    """
    known = {parameter.name: parameter for parameter in parameters}
    axes = tuple(_axis(known, name, given.get(name)) for name in names)
    n_points = math.prod(len(axis.values) for axis in axes)
    if n_points > MOST_POINTS:
        sizes = " × ".join(f"{len(axis.values)} of `{axis.name}`" for axis in axes)
        most = max(axes, key=lambda axis: len(axis.values))
        raise ValueError(
            f"{sizes} make {n_points} points; {MOST_POINTS} at most: "
            f"thin out `{most.name}`, {most.name}={[*most.values[:2]]!r} offers two of its {len(most.values)} values"
        )
    return axes


def _axis(known: Mapping[str, Parameter], name: str, given: Any) -> Axis:
    if name not in known:
        near = get_close_matches(name, known, 1)
        guess = f"; did you mean `{near[0]}`?" if near else ""
        raise ValueError(f"no parameter `{name}`; it has: {', '.join(known) or 'none'}{guess}")
    parameter = known[name]
    if isinstance(given, list):
        values = tuple(given)
        if not values or any(value in values[:n] for n, value in enumerate(values)):
            raise ValueError(
                f"the values of `{name}` must be at least one, each once, not {given!r}"
            )
    elif given is not None:
        raise ValueError(
            f"`{name}` is one of the controls: give a list of values, or leave it out, not {given!r}"
        )
    elif parameter.kind is Kind.SWITCH:
        values = (False, True)
    else:
        values = parameter.choices
    if not values:
        raise ValueError(
            f"`{name}` is free: list what its control offers, {name}=[{parameter.default!r}, …]"
        )
    default = values.index(parameter.default) if parameter.default in values else 0
    kind = Kind.CHOICE if parameter.kind in (Kind.TEXT, Kind.NUMBER) else parameter.kind
    if parameter.kind is Kind.SWITCH and values != (False, True):
        kind = Kind.CHOICE
    return Axis(name=name, kind=kind, values=values, default=default)


def points(axes: Sequence[Axis], fixed: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The parameters of each point, the last axis changing fastest; `fixed` are the same in all.

    >>> a, b = (Axis(name=n, kind=Kind.CHOICE, values=(1, 2), default=0) for n in "ab")
    >>> list(points([a, b], {"c": 3}))[1]
    {'c': 3, 'a': 1, 'b': 2}
    """
    for combination in product(*(axis.values for axis in axes)):
        yield dict(fixed) | {
            axis.name: value for axis, value in zip(axes, combination, strict=True)
        }


def default_point(axes: Sequence[Axis]) -> int:
    """The number of the point at which all parameters have their default.

    >>> default_point([Axis(name=n, kind=Kind.CHOICE, values=(1, 2, 3), default=1) for n in "ab"])
    4
    """
    number = 0
    for axis in axes:
        number = number * len(axis.values) + axis.default
    return number
