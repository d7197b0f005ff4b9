"""What templates call, from `TemplateApi`, and the filters, each with an example from a deck."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2.defaults

from from_code.deck import new_deck
from from_code.markdown import constant_doc, fence, prose, table
from llmdeck.render import api
from llmdeck.render import units as known

ROOT = Path(__file__).parent.parent.parent
DECKS = {"a new deck": ROOT / "llmdeck/new/files/en", "the lecture": ROOT}
"""Where the examples are taken from, in this order."""
PASSED = ("self", "caller", "env")
"""The parameters that Python or Jinja fills in."""


def functions() -> str:
    """Return each function that templates call: how it is called, what it gives, an example."""
    parts = []
    for name in api.FUNCTIONS:
        method = getattr(api.TemplateApi, name)
        parts.append(f"## `{_call(name, method)}`\n\n{prose(method.__doc__)}\n")
        parts.append(_example(rf"\b{name}\("))
    return "\n".join(parts)


def _call(name: str, function: Callable[..., Any]) -> str:
    """Return how a function is called: its parameters with their defaults, without types."""
    shown = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in PASSED:
            continue
        bare = parameter.replace(annotation=inspect.Parameter.empty)
        shown.append(str(bare))
    return f"{name}({', '.join(shown)})"


def _example(pattern: str) -> str:
    """Return the shortest expression of a deck that matches, with its file; nothing for none."""
    for name, root in DECKS.items():
        found = []
        for path in sorted(root.glob("deck/**/*.j2")):
            expressions = re.findall(r"{{.*?}}|{%.*?%}", path.read_text(encoding="utf-8"))
            matching = [one for one in expressions if re.search(pattern, one)]
            found += [(len(one), one, path.relative_to(root)) for one in matching]
        if found:
            _, shortest, file = min(found)
            return f"In {name}, `{file}`:\n\n{fence(shortest)}"
    return ""


def filters() -> str:
    """Return each filter that is not Jinja's own: how it is called, and what it gives."""
    with new_deck() as config:
        templates = api.TemplateApi(config=config, demos={}, claims={}, results={})
    numeric = templates.numbers.filters
    parts = []
    for name, function in templates.env.filters.items():
        if jinja2.defaults.DEFAULT_FILTERS.get(name) is function:
            continue
        real = numeric.get(name, function)
        parts.append(f"## `{_filter(name, real)}`\n\n{prose(_doc(real))}\n")
        parts.append(_example(rf"\|\s*{name}\b"))
    return "\n".join(parts)


def _filter(name: str, function: Callable[..., Any]) -> str:
    """Return how a filter is called, behind the value that it is applied to."""
    if isinstance(function, type):  # Markdown itself
        return f"value | {name}"
    call = _call(name, function)
    arguments = call.removeprefix(f"{name}(").removesuffix(")").split(", ")
    rest = [one for one in arguments[1:] if one and not one.startswith(("/", "*"))]
    return f"value | {name}({', '.join(rest)})" if rest else f"value | {name}"


def _doc(function: Callable[..., Any]) -> str:
    """Return a function's docstring; of one made in another function, that one's."""
    if function.__doc__ or "<locals>" not in function.__qualname__:
        return function.__doc__ or ""
    outer = function.__qualname__.split(".<locals>")[0].split(".")
    found: Any = inspect.getmodule(function)
    for name in outer:
        found = getattr(found, name)
    return found.__doc__ or ""


def units() -> str:
    """Return what the name of a fact may end in, and how its unit is written."""
    symbols = [(f"`_{ending}`", symbol) for ending, symbol in known.SYMBOLS.items()]
    with_prefixes = [(symbol, prefixes) for symbol, prefixes in known.SI.items()]
    parts = [
        prose(known.__doc__),
        f"{constant_doc(known, 'SI')}\n\n{table(('symbol', 'prefixes'), with_prefixes)}",
        f"{constant_doc(known, 'SYMBOLS')}\n\n{table(('ending', 'written'), symbols)}",
        f"Currencies: {', '.join(f'`_{code}`' for code in known.CURRENCIES)}.",
    ]
    return "\n\n".join(parts) + "\n"
