"""The grid that a slide's controls step through: each combination of some parameters of a demo."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from llmdeck.model import Kind, Parameter
from llmdeck.run.interface import parameter_named

MOST_POINTS = 500
"""The most points of one grid: each is computed when the deck is built, and lies in its file."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One parameter of a grid, and the values that its control offers."""

    name: str
    kind: Kind
    values: tuple[Any, ...]
    """In the order of the control; those of a switch are false, then true."""
    default: int
    """The place in `values` of what is shown first: the parameter's default, else the first."""


def axes_of(
    parameters: Sequence[Parameter], names: Sequence[str], given: Mapping[str, Any]
) -> tuple[Axis, ...]:
    """Return the axes of a grid over the parameters `names`.

    Where `given` has a list for one of them, its control offers just these values.

    Raises:
        ValueError: an unknown name, free text or a number without a list, a list that is empty or
            has a value twice, or more than `MOST_POINTS` points (the message says which parameter
            to thin out).

    >>> dtype = Parameter(name="dtype", kind=Kind.CHOICE, default="int8", choices=("fp16", "int8"))
    >>> axes_of([dtype], ["dtype"], {})
    (Axis(name='dtype', kind=<Kind.CHOICE: 'choice'>, values=('fp16', 'int8'), default=1),)
    """
    known = {parameter.name: parameter for parameter in parameters}
    axes = []
    for name in names:
        parameter = parameter_named(name, known)
        axes.append(_axis(parameter, given.get(name)))
    n_points = math.prod(len(axis.values) for axis in axes)
    if n_points > MOST_POINTS:
        raise ValueError(_too_many(axes, n_points))
    return tuple(axes)


def _too_many(axes: Sequence[Axis], n_points: int) -> str:
    sizes = " × ".join(f"{len(axis.values)} of `{axis.name}`" for axis in axes)
    longest = max(axes, key=lambda axis: len(axis.values))
    name, n_values = longest.name, len(longest.values)
    two = list(longest.values[:2])
    example = f"{name}={two!r} offers two of its {n_values} values"
    most = f"{n_points} points; {MOST_POINTS} at most"
    return f"{sizes} make {most}: thin out `{name}`, {example}"


def _axis(parameter: Parameter, given: Any) -> Axis:
    values = _offered(parameter, given)
    is_slider = parameter.kind is Kind.SLIDER
    is_switch = parameter.kind is Kind.SWITCH and values == (False, True)
    kind = parameter.kind if is_slider or is_switch else Kind.CHOICE
    default = 0
    if parameter.default in values:
        default = values.index(parameter.default)
    return Axis(
        name=parameter.name,
        kind=kind,
        values=values,
        default=default,
    )


def _offered(parameter: Parameter, given: Any) -> tuple[Any, ...]:
    """Return the values that a control offers: those `given`, or all that the parameter has."""
    name = parameter.name
    if given is not None:
        return _given_values(name, given)
    if parameter.kind is Kind.SWITCH:
        return (False, True)
    if not parameter.choices:
        example = f"{name}=[{parameter.default!r}, …]"
        raise ValueError(f"`{name}` is free: list what its control offers, {example}")
    return parameter.choices


def _given_values(name: str, given: Any) -> tuple[Any, ...]:
    if not isinstance(given, list):
        hint = f"give a list of values, or leave it out, not {given!r}"
        raise ValueError(f"`{name}` is one of the controls: {hint}")
    is_twice = any(value in given[:n] for n, value in enumerate(given))
    if not given or is_twice:
        raise ValueError(f"the values of `{name}` must be at least one, each once, not {given!r}")
    return tuple(given)


def points(axes: Sequence[Axis], fixed: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the parameters of each point, the last axis changing fastest, with `fixed` in all.

    >>> a, b = (Axis(name=n, kind=Kind.CHOICE, values=(1, 2), default=0) for n in "ab")
    >>> list(points([a, b], {"c": 3}))[1]
    {'c': 3, 'a': 1, 'b': 2}
    """
    names = [axis.name for axis in axes]
    offered = [axis.values for axis in axes]
    for values in product(*offered):
        point = dict(zip(names, values, strict=True))
        yield dict(fixed) | point


def default_point(axes: Sequence[Axis]) -> int:
    """Return the number of the point at which all parameters have their default.

    >>> default_point([Axis(name=n, kind=Kind.CHOICE, values=(1, 2, 3), default=1) for n in "ab"])
    4
    """
    number = 0
    for axis in axes:
        number = number * len(axis.values) + axis.default
    return number
