"""Demos on disk: find them, read parameters from a signature, and digest the files that an answer came from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from llmdeck.config import Config
from llmdeck.errors import ConfigError
from llmdeck.model import Demo, Kind, Parameter, Place
from llmdeck.results.files import digest

TEXT_LIMIT = 10_000
"""The most characters that a text parameter may have."""


def find_demos(config: Config) -> dict[str, Demo]:
    """All demos by name: the modules directly in the demos' package (sub-packages are what demos share).

    Raises:
        ConfigError: where `deck.toml` sets limits for a demo that there isn't.
    """
    package = config.demos_folder
    found = {
        path.stem: Demo(
            name=path.stem, module=f"{package.name}.{path.stem}", file=config.relative(path)
        )
        for path in sorted(package.glob("*.py"))
        if not path.stem.startswith("_")
    }
    for name in config.demos:
        if name not in found:
            near = get_close_matches(name, found, 1)
            guess = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(found)}"
            raise ConfigError(
                f"[demos.{name}]: no such demo", place=Place(file="deck/deck.toml"), hint=guess
            )
    return found


def parameters_of(run: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Read the parameters of a demo from the signature of its `run`.

    Raises: TypeError: where a parameter is not keyword-only, has no default, one that is not
        allowed, or an annotation that
            is no control.

    >>> def run(*, dtype: Literal["fp16", "int8"] = "fp16", context: Annotated[int, range(512, 1025, 512)] = 512): ...
    >>> [(p.name, p.kind.value, p.choices) for p in parameters_of(run)]
    [('dtype', 'choice', ('fp16', 'int8')), ('context', 'slider', (512, 1024))]
    """
    hints = get_type_hints(run, include_extras=True)
    parameters = tuple(
        _parameter(item, hints) for item in inspect.signature(run).parameters.values()
    )
    for parameter in parameters:
        try:
            _check(parameter, parameter.default)
        except ValueError as error:
            raise TypeError(f"the default of parameter {error}") from None
    return parameters


def _parameter(item: inspect.Parameter, hints: Mapping[str, Any]) -> Parameter:
    if item.kind is not inspect.Parameter.KEYWORD_ONLY or item.default is inspect.Parameter.empty:
        raise TypeError(f"parameter `{item.name}` of run must be keyword-only and have a default")
    hint = hints.get(item.name, str)
    if get_origin(hint) is Literal:
        return Parameter(
            name=item.name,
            kind=Kind.CHOICE,
            default=item.default,
            choices=get_args(hint),
            type=type(item.default).__name__,
        )
    if get_origin(hint) is Annotated and isinstance(get_args(hint)[1], range):
        return Parameter(
            name=item.name,
            kind=Kind.SLIDER,
            default=item.default,
            choices=tuple(get_args(hint)[1]),
            type="int",
        )
    kinds = {bool: Kind.SWITCH, str: Kind.TEXT, int: Kind.NUMBER, float: Kind.NUMBER}
    if hint not in kinds:
        raise TypeError(
            f"parameter `{item.name}` of run is {hint}: "
            "use Literal, Annotated[int, range(...)], bool, str, int or float"
        )
    return Parameter(name=item.name, kind=kinds[hint], default=item.default, type=hint.__name__)


def bind(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """Check `values` against the parameters and return them; what is left out takes its default in `run`.

    Raises: ValueError: an unknown name (with the nearest known one) or a value that is not allowed
        (with those that are).
    """
    known = {parameter.name: parameter for parameter in parameters}
    for name, value in values.items():
        if name not in known:
            near = get_close_matches(name, known, 1)
            guess = f"; did you mean `{near[0]}`?" if near else ""
            raise ValueError(f"no parameter `{name}`; it has: {', '.join(known) or 'none'}{guess}")
        _check(known[name], value)
    return dict(values)


def _check(parameter: Parameter, value: Any) -> None:
    name = parameter.name
    types: dict[str, tuple[type, ...]]
    types = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
    truth = isinstance(value, bool) and parameter.type != "bool"
    if truth or not isinstance(value, types.get(parameter.type, ())):
        raise ValueError(f"`{name}` must be {parameter.type}, not {value!r}")
    if parameter.choices and value not in parameter.choices:
        shown = ", ".join(map(str, parameter.choices))
        if parameter.kind is Kind.SLIDER and len(parameter.choices) > 2:
            low, step, high = (
                parameter.choices[0],
                parameter.choices[1] - parameter.choices[0],
                parameter.choices[-1],
            )
            shown = f"{low} to {high} in steps of {step}"
        raise ValueError(f"`{name}` can't be {value!r}; allowed: {shown}")
    if isinstance(value, str) and len(value) > TEXT_LIMIT:
        raise ValueError(f"`{name}` has {len(value)} characters; {TEXT_LIMIT} at most")


def changed_inputs(root: Path, inputs: Mapping[str, str], known: dict[str, str]) -> list[str]:
    """Which of the files (relative to `root`) no longer have the digest recorded for them.

    `known` caches digests over several calls: a file that ten variants read is read once.
    """
    for name in inputs:
        if name not in known:
            known[name] = digest(root / name)
    return [name for name, old in inputs.items() if known[name] != old]
