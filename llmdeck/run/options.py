"""A demo's parameters as options of its own command line: `llmdeck demo NAME --dtype int4`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from llmdeck.model import Demo, Kind, Parameter, first_line

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
        parameter = Parameter.from_json(item)
        option = parameter.name.replace("_", "-")
        parser.add_argument(f"--{option}", dest=parameter.name, **_settings(parameter))
    return vars(parser.parse_args(list(given)))


def _settings(parameter: Parameter) -> dict[str, Any]:
    """What argparse must know of a parameter."""
    words = (_allowed(parameter), f"default: {parameter.default!r}")
    about = "; ".join(word for word in words if word).replace("%", "%%")
    if parameter.kind is Kind.SWITCH:
        return {"action": argparse.BooleanOptionalAction, "help": about}
    name = parameter.type
    return {"type": TYPES[name], "metavar": name.upper(), "help": about}


def _allowed(parameter: Parameter) -> str:
    """The values that a choice or a slider has, in words.

    >>> _allowed(Parameter(name="n", kind=Kind.SLIDER, default=2, choices=(2, 4, 6), type="int"))
    '2 to 6 in steps of 2'
    """
    choices = parameter.choices
    if parameter.kind is Kind.SLIDER:
        step = choices[1] - choices[0] if len(choices) > 1 else 1
        return f"{choices[0]} to {choices[-1]} in steps of {step}"
    return f"one of: {', '.join(map(str, choices))}" if choices else ""
