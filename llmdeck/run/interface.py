"""A demo's interface: where it lies, and its parameters as its signature, as types and as JSON."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

from llmdeck.errors import ConfigError, did_you_mean
from llmdeck.model import Demo, Kind, Parameter, Place

if TYPE_CHECKING:
    from llmdeck.config import Config

TEXT_LIMIT = 10_000
"""The most characters that a text parameter may have."""
PLAIN = {
    bool: Kind.SWITCH,
    str: Kind.TEXT,
    int: Kind.NUMBER,
    float: Kind.NUMBER,
}
"""How a parameter with a plain type can be set."""
ACCEPTED: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "str": (str,),
    "int": (int,),
    "float": (int, float),
}
"""What values a parameter takes, by the name of its type."""


def find_demos(config: Config) -> dict[str, Demo]:
    """Return all demos by name: the modules directly in the demos' package.

    Its sub-packages are what demos share.

    Raises:
        ConfigError: where `deck.toml` sets limits for a demo that does not exist.
    """
    package = config.demos_folder
    found = {}
    for path in sorted(package.glob("*.py")):
        name = path.stem
        if name.startswith("_"):
            continue
        found[name] = Demo(
            name=name,
            module=f"{package.name}.{name}",
            file=config.relative(path),
        )
    for name in config.demos:
        if name not in found:
            raise ConfigError(
                f"[demos.{name}]: no such demo",
                place=Place(file="deck/deck.toml"),
                hint=did_you_mean(name, found),
            )
    return found


def controlled_names(config: Config, demos: Mapping[str, Demo]) -> set[str] | None:
    """Return the names of all parameters of all demos, read without running them.

    None where that can't be said: a demo gets its `run` from elsewhere, or is no Python now.
    """
    found: set[str] = set()
    for demo in demos.values():
        names = _names_in(config.root / demo.file)
        if names is None:
            return None
        found |= names
    return found


def _names_in(path: Path) -> set[str] | None:
    """Return the keywords of the `run` in a module; None where there is none to read."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "run":
            return {argument.arg for argument in node.args.kwonlyargs}
    return None


def parameters_of(run: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Read the parameters of a demo from the signature of its `run`.

    One without an annotation has the type of its default.

    Raises:
        TypeError: where a parameter is not keyword-only, has no default or one that is not
            allowed, or has an annotation that no control can set.

    >>> def run(*, dtype: Literal["a", "b"] = "a", n: Annotated[int, range(1, 9, 4)] = 5): ...
    >>> [(p.name, p.kind.value, p.choices) for p in parameters_of(run)]
    [('dtype', 'choice', ('a', 'b')), ('n', 'slider', (1, 5))]
    """
    hints = get_type_hints(run, include_extras=True)
    parameters = []
    for item in inspect.signature(run).parameters.values():
        hint = hints.get(item.name, type(item.default))
        parameter = _parameter(item, hint)
        try:
            _check(parameter, parameter.default)
        except ValueError as error:
            raise TypeError(f"the default of parameter {error}") from None
        parameters.append(parameter)
    return tuple(parameters)


def _parameter(item: inspect.Parameter, hint: Any) -> Parameter:
    name = item.name
    has_default = item.default is not inspect.Parameter.empty
    if item.kind is not inspect.Parameter.KEYWORD_ONLY or not has_default:
        raise TypeError(f"parameter `{name}` of run must be keyword-only and have a default")
    kind, choices = _settings_of(name, hint)
    if kind is Kind.CHOICE:
        type_ = type(item.default)
    elif kind is Kind.SLIDER:
        type_ = int
    else:
        type_ = hint
    return Parameter(
        name=name,
        kind=kind,
        default=item.default,
        choices=choices,
        type=type_.__name__,
    )


def _settings_of(name: str, hint: Any) -> tuple[Kind, tuple[Any, ...]]:
    """Return how a parameter can be set, and the values that it may take where they are listed."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return Kind.CHOICE, arguments
    if origin is Annotated and isinstance(arguments[1], range):
        return Kind.SLIDER, tuple(arguments[1])
    if hint in PLAIN:
        return PLAIN[hint], ()
    allowed = "Literal, Annotated[int, range(...)], bool, str, int or float"
    shown = hint if get_args(hint) else getattr(hint, "__name__", hint)
    raise TypeError(f"parameter `{name}` of run is {shown}: write `{name}: int = 2`, or {allowed}")


def bind(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """Check `values` against the parameters and return them; `run` has the defaults of the others.

    Raises:
        ValueError: an unknown name (with the nearest known one) or a value that is not allowed
            (with those that are).
    """
    known = {parameter.name: parameter for parameter in parameters}
    for name, value in values.items():
        parameter = parameter_named(name, known)
        _check(parameter, value)
    return dict(values)


def parameter_named(name: str, known: Mapping[str, Parameter]) -> Parameter:
    """Return the parameter of a name.

    Raises:
        ValueError: there is none; the message has the nearest known one, or all.
    """
    if name not in known:
        raise ValueError(f"no parameter `{name}`; {did_you_mean(name, known)}")
    return known[name]


def _check(parameter: Parameter, value: Any) -> None:
    name = parameter.name
    is_truth = isinstance(value, bool)  # for Python a bool is an int
    is_typed = isinstance(value, ACCEPTED.get(parameter.type, ()))
    if not is_typed or (is_truth and parameter.type != "bool"):
        way = _how_to_write(parameter, value)
        raise ValueError(f"`{name}` must be {parameter.type}, not {value!r}{way}")
    if parameter.choices and value not in parameter.choices:
        raise ValueError(f"`{name}` can't be {value!r}; allowed: {_allowed(parameter)}")
    if isinstance(value, str) and len(value) > TEXT_LIMIT:
        raise ValueError(f"`{name}` has {len(value)} characters; {TEXT_LIMIT} at most")


def _how_to_write(parameter: Parameter, value: Any) -> str:
    """Return how a value of another type is written as one of the right type; nothing for most.

    >>> _how_to_write(Parameter(name="n", kind=Kind.NUMBER, default=1, type="int"), "1000")
    ': write 1000, without quotes'
    """
    if parameter.type == "str":
        return f": write {str(value)!r}, in quotes"
    plain = str(value).strip().lower()
    is_number = parameter.type in ("int", "float") and re.fullmatch(r"[+-]?\d+", plain)
    is_float = parameter.type == "float" and re.fullmatch(r"[+-]?[\d.]+(e[+-]?\d+)?", plain)
    is_truth = parameter.type == "bool" and plain in ("true", "false")
    if isinstance(value, str) and (is_number or is_float or is_truth):
        return f": write {plain}, without quotes"
    return ""


def _allowed(parameter: Parameter) -> str:
    choices = parameter.choices
    if parameter.kind is Kind.SLIDER and len(choices) > 2:
        step = choices[1] - choices[0]
        return f"{choices[0]} to {choices[-1]} in steps of {step}"
    return ", ".join(map(str, choices))


def to_json(parameter: Parameter) -> dict[str, Any]:
    """Return a parameter as a demo's process describes it."""
    plain = {
        "kind": parameter.kind.value,
        "choices": list(parameter.choices),
    }
    return vars(parameter) | plain


def from_json(item: Mapping[str, Any]) -> Parameter:
    """Return the parameter that `to_json` was given.

    >>> from_json(to_json(Parameter(name="n", kind=Kind.NUMBER, default=1, type="int")))
    Parameter(name='n', kind=<Kind.NUMBER: 'number'>, default=1, choices=(), type='int')
    """
    typed = {
        "kind": Kind(item["kind"]),
        "choices": tuple(item["choices"]),
    }
    return Parameter(**{**item, **typed})
