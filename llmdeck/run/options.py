"""A demo's parameters as options of its own command line: `llmdeck demo NAME --dtype int4`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from llmdeck.model import Demo, Kind, Parameter, first_line
from llmdeck.run.interface import from_json

TYPES: Mapping[str, Any] = {"int": int, "float": float, "str": str}


def parse(demo: Demo, described: Mapping[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Return the parameters that are `given`; one that is left out is not in it.

    `described` is what the demo's process says of it (`batch.describe`). A wrong option and
    `--help` end the program, as in every command line that argparse reads.
    """
    parser = argparse.ArgumentParser(
        prog=f"llmdeck demo {demo.name}",
        description=first_line(described["doc"]),
        argument_default=argparse.SUPPRESS,
    )
    for item in described["parameters"]:
        _add(parser, from_json(item))
    options = parser.parse_args(list(given))
    return vars(options)


def _add(parser: argparse.ArgumentParser, parameter: Parameter) -> None:
    name = parameter.name
    option = f"--{name.replace('_', '-')}"
    about = _about(parameter).replace("%", "%%")  # which argparse would fill in
    if parameter.kind is Kind.SWITCH:
        parser.add_argument(option, dest=name, action=argparse.BooleanOptionalAction, help=about)
        return
    kind = parameter.type
    parser.add_argument(option, dest=name, type=TYPES[kind], metavar=kind.upper(), help=about)


def _about(parameter: Parameter) -> str:
    """What the help says of a parameter.

    >>> _about(Parameter(name="n", kind=Kind.NUMBER, default=2, type="int"))
    'default: 2'
    """
    default = f"default: {parameter.default!r}"
    allowed = _allowed(parameter)
    return f"{allowed}; {default}" if allowed else default


def _allowed(parameter: Parameter) -> str:
    """The values that a choice or a slider has, in words.

    >>> _allowed(Parameter(name="n", kind=Kind.SLIDER, default=2, choices=(2, 4, 6), type="int"))
    '2 to 6 in steps of 2'
    """
    choices = parameter.choices
    if not choices:
        return ""
    if parameter.kind is not Kind.SLIDER:
        return f"one of: {', '.join(map(str, choices))}"
    first, last = choices[0], choices[-1]
    step = choices[1] - first if len(choices) > 1 else 1
    return f"{first} to {last} in steps of {step}"
