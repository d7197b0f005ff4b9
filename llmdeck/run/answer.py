"""What a demo gives for a request, as JSON: facts and printed lines, a figure, its interface."""

from __future__ import annotations

import importlib
import io
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from llmdeck.model import Facts, Parameter
from llmdeck.run import Line
from llmdeck.run.drawings import Drawing, joined
from llmdeck.run.failure import InvalidValueError, RejectedError
from llmdeck.run.grid import Axis, axes_of, points
from llmdeck.run.interface import bind, parameters_of, to_json
from llmdeck.run.sandbox import Echo, Inputs, too_large


def normalise(value: Any, path: str = "facts") -> Any:
    """Return facts as JSON data; every number stays as it was computed.

    Raises:
        RejectedError: where something is no JSON, with its path and type.

    >>> normalise({"total_gb": 1 / 3, "ids": (1, 2)})
    {'total_gb': 0.3333333333333333, 'ids': [1, 2]}
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _short_enough(value, path)
    if type(value) is float:
        return _finite(value, path)
    if isinstance(value, str):
        return _unicode(value, path)
    if isinstance(value, list | tuple):
        return [normalise(item, f"{path}[{n}]") for n, item in enumerate(value)]
    if isinstance(value, dict):
        return _normalised_dict(value, path)
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    raise RejectedError(f"{path} is a {kind}: facts are JSON (try float(), int() or .tolist())")


def _short_enough(value: int, path: str) -> int:
    """Return a whole number that Python reads and writes as text; it refuses very long ones."""
    most = sys.get_int_max_str_digits()
    if most and abs(value) >= 10**most:
        raise RejectedError(f"{path} has more than {most} digits: give it as a text, or as a float")
    return value


def _finite(value: float, path: str) -> float:
    if not math.isfinite(value):
        raise RejectedError(f"{path} is {value}: JSON has no such number")
    return value + 0.0  # which makes -0.0 a plain zero


def _unicode(value: str, path: str) -> str:
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise RejectedError(f"{path} holds a lone surrogate, which is no Unicode text")
    return value


def _normalised_dict(value: dict[Any, Any], path: str) -> dict[str, Any]:
    normalised = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise RejectedError(f"{path} has the key {key!r}: a JSON object's keys are strings")
        _unicode(key, f"a key of {path}")
        normalised[key] = normalise(item, f"{path}.{key}")
    return normalised


Settle = Callable[[Any], Any]
"""Puts the stored number wherever a fact moved by less than its tolerance."""


def settle_to(stored: Facts | None, tolerance: Mapping[str, float]) -> Settle:
    """Return what settles facts to the `stored` ones (see `results.compare`), if there are any."""
    if stored is None:
        return lambda facts: facts
    from llmdeck.results.compare import Tolerance, settled

    return partial(settled, stored, tolerance=Tolerance(**tolerance))


def run_variant(
    module: ModuleType,
    request: Line,
    inputs: Inputs,
    buffer: Echo,
    settle: Settle,
    most: Mapping[str, int],
) -> Line:
    """Run one variant: facts, what it prints into `buffer`, and the figure if one is asked for.

    `most` is how many bytes it may give of each.
    """
    values = checked(interface(module), request["values"])
    facts = normalise(module.run(**values))
    facts = settle(facts)
    if not isinstance(facts, dict):
        raise RejectedError(f"run must return a dict, not {type(facts).__name__}")
    _check_facts(facts, most["facts"])
    start = buffer.tell()
    module.show(facts)
    buffer.check()
    output = _as_text(buffer.getvalue()[start:])
    answer: Line = {"facts": facts, "output": output}
    if request.get("figure"):
        answer["figure"], answer["alt"] = _drawn(module, facts, most["figure"])
    return answer | {"inputs": inputs.so_far()}


def _check_facts(facts: Facts, limit: int) -> None:
    """See that facts are not too large.

    Raises:
        RejectedError: they are, as JSON, or are nested too deep to be JSON.
    """
    try:
        size = len(json.dumps(facts, ensure_ascii=False).encode())
    except RecursionError:
        raise RejectedError("its facts are nested too deep") from None
    if size > limit:
        raise too_large(f"its facts, {size / 1e6:.1f} MB as JSON, are", "facts_mb", limit)


def _as_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        wrong = f"0x{raw[error.start]:02x} at byte {error.start}"
        raise RejectedError(f"it prints bytes that are no text ({wrong})", "show") from None


def run_grid(
    module: ModuleType,
    request: Line,
    inputs: Inputs,
    settle: Settle,
    most: Mapping[str, int],
) -> Line:
    """Run all points of a grid: its axes, and the facts of each point in the order of `points`.

    Where a figure is asked for, each point has one. `most` is how many bytes it may give of each.
    """
    axes, wanted = _asked_points(interface(module), request["grid"], request["values"])
    found = []
    for values in wanted:
        facts = module.run(**values)
        found.append(normalise(facts, f"facts of {values}"))
    grid = {
        "axes": [_axis_to_json(axis) for axis in axes],
        "points": found,
    }
    _check_facts(grid, most["facts"])
    grid = settle(grid)
    answer: Line = {"facts": grid, "output": ""}
    if request.get("figure"):
        drawn = [_drawn(module, facts, most["figure"]) for facts in grid["points"]]
        answer["figure"] = joined(drawn)
    return answer | {"inputs": inputs.so_far()}


def _asked_points(
    parameters: tuple[Parameter, ...], names: Sequence[str], given: Mapping[str, Any]
) -> tuple[tuple[Axis, ...], list[dict[str, Any]]]:
    """Return the axes of a grid over the parameters `names`, and the values of each of its points.

    `given` are the values of the other parameters, and the lists that axes offer.

    Raises:
        InvalidValueError: where a parameter can't be an axis, or can't take a value.
    """
    try:
        axes = axes_of(parameters, names, given)
    except ValueError as error:
        raise InvalidValueError(str(error)) from None
    fixed = {name: value for name, value in given.items() if name not in names}
    return axes, [checked(parameters, values) for values in points(axes, fixed)]


def _drawn(module: ModuleType, facts: Facts, limit: int) -> Drawing:
    """Return the figure of some facts.

    Raises:
        RejectedError: where it has more bytes than the limit.
    """
    drawing = Drawing(*draw(module, facts))
    if len(drawing.svg.encode()) > limit:
        raise too_large("its figure is", "figure_mb", limit, "plot")
    return drawing


def _axis_to_json(axis: Axis) -> dict[str, Any]:
    plain = {
        "kind": axis.kind.value,
        "values": list(axis.values),
    }
    return vars(axis) | plain


DRAWS = {
    "plot": "`plot`: def plot(facts): … return figure, a matplotlib one",
    "alt": "`alt`, which says it in words: def alt(facts): return 'A curve that rises to …'",
}
"""The functions that draw a figure, and how they are written."""


def draw(demo: ModuleType, facts: Facts) -> tuple[str, str]:
    """Return the figure as SVG, the same bytes each time, and its words."""
    module = figure_module(demo)
    for name, example in DRAWS.items():
        if not callable(getattr(module, name, None)):
            message = f"a slide shows its figure, but it has no {example}"
            raise RejectedError(message, "plot", module)
    assert module is not None  # noqa: S101  it has both
    alt = module.alt(facts)
    if not isinstance(alt, str) or not alt.strip():
        raise RejectedError(f"alt must return the figure in words, not {alt!r}", "alt", module)
    figure = module.plot(facts)
    if not callable(getattr(figure, "savefig", None)):
        kind = type(figure).__name__
        message = f"plot must return a matplotlib figure, not {kind}: end it with `return figure`"
        raise RejectedError(message, "plot", module)
    return _svg(figure), _unicode(alt, "alt")


def _svg(figure: Any) -> str:
    """Return a matplotlib figure as SVG, without a date and with the same ids each time."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    salt = mpl.rcParams["svg.hashsalt"] or "llmdeck"
    with mpl.rc_context({"svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot:  # which keeps every figure that it has made, and warns of more than twenty
        pyplot.close(figure)
    return buffer.getvalue().decode("utf-8")


def figure_module(demo: ModuleType) -> ModuleType | None:
    """Return what draws: the demo itself, or `figures/NAME.py` beside it; None if neither does."""
    if hasattr(demo, "plot"):
        return demo
    package, _, name = demo.__name__.rpartition(".")
    try:
        beside = find_spec(f"{package}.figures.{name}")
    except ModuleNotFoundError:  # the demos have no folder `figures`
        return None
    return importlib.import_module(beside.name) if beside else None


def describe(module: ModuleType) -> Line:
    """Return a demo's docstring and parameters, and whether it draws and streams."""
    return {
        "doc": (module.__doc__ or "").strip(),
        "parameters": [to_json(parameter) for parameter in interface(module)],
        "plots": figure_module(module) is not None,
        "streams": hasattr(module, "stream"),
    }


def interface(module: ModuleType) -> tuple[Parameter, ...]:
    """Return the demo's parameters.

    Raises:
        RejectedError: where it has no `run` or no `show`, or where the signature of `run` has a
            parameter that no control can set.
    """
    for name in ("run", "show"):
        if not callable(getattr(module, name, None)):
            raise RejectedError(f"it has no function `{name}`")
    try:
        return parameters_of(module.run)
    except (TypeError, NameError) as error:
        raise RejectedError(str(error)) from None


def checked(parameters: tuple[Parameter, ...], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values for `run`.

    Raises:
        InvalidValueError: see `interface.bind`.
    """
    try:
        return bind(parameters, values)
    except ValueError as error:
        raise InvalidValueError(str(error)) from None
