"""What is said of a claim that does not hold or can't be evaluated: place, facts, hint."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from jinja2 import Environment, TemplateError, nodes

from llmdeck.errors import ClaimError, did_you_mean
from llmdeck.ledger.parts import expressions
from llmdeck.model import Claim, Facts

LONGEST = 80
"""How many characters of a value a message has."""
BUILT_IN = "the README lists ours; Jinja's: https://jinja.palletsprojects.com/templates/#filters"
UNREADABLE = (
    TemplateError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RuntimeError,
    MemoryError,
)
"""What a mistake in an expression raises."""


def unreadable(
    environment: Environment, claim: Claim, part: str, error: Exception, facts: Facts
) -> ClaimError:
    """Return the error for a part of a claim that can't be evaluated, and how to write it."""
    message, hint = _mistake(environment, claim, error, facts)
    what = f"`{part}`"
    if part == "answer":
        what = "answer can't be evaluated"
    elif part.startswith("holds"):
        what = f"check can't be evaluated: `{expressions(claim)[part]}`"
    return ClaimError(
        f"claim {claim.id}: its {what}: {message}",
        place=claim.place_of(part),
        hint=hint or f"facts of {claim.variant}: {', '.join(sorted(facts)) or 'none'}",
    )


def _mistake(
    environment: Environment, claim: Claim, error: Exception, facts: Facts
) -> tuple[str, str]:
    """Return what is wrong in an expression, and what to write; no hint where the facts say it."""
    message = str(error.message if isinstance(error, TemplateError) else error)
    undefined = re.fullmatch(r"'(\w+)' is undefined", message)
    if undefined:
        near = did_you_mean(undefined[1], sorted(facts))
        return f"{claim.variant or 'a cited claim'} has no fact `{undefined[1]}`; {near}", ""
    if "got '='" in message:
        return "`=` sets a value", "compare with two: `==`"
    unknown = re.match(r"No (test|filter) named '(\w+)'", message)
    if unknown:
        known = environment.tests if unknown[1] == "test" else environment.filters
        near = did_you_mean(unknown[2], sorted(known))
        return f"no {unknown[1]} `{unknown[2]}`", BUILT_IN if near.startswith("there") else near
    return message or type(error).__name__, ""


def does_not_hold(
    environment: Environment, claim: Claim, check: str, facts: Facts, said_on: Sequence[str]
) -> ClaimError:
    """Return the error for a check that is not true, with the values that it looked at."""
    tree = environment.parse("{{ " + check + " }}")
    values = dict(_values_in(tree, facts))
    listed = ", ".join(f"{path} = {short(value)}" for path, value in values.items())
    return ClaimError(
        f"claim {claim.id} does not hold: {check} ({listed})",
        place=claim.place,
        used=said_on,
        hint=f"see the demo's facts: llmdeck demo {claim.variant and claim.variant.demo} --json",
    )


def _values_in(node: nodes.Node, facts: Facts) -> Iterator[tuple[str, Any]]:
    """Give the facts in an expression, as it writes them (`rows[0].gb`), with their values."""
    known = _fact(node, facts)
    if known:
        yield known
        return
    for child in node.iter_child_nodes():
        yield from _values_in(child, facts)


def _fact(node: nodes.Node, facts: Facts) -> tuple[str, Any] | None:
    """Return a fact's path and value, where a node is one: a name, and what is looked up in it."""
    if isinstance(node, nodes.Name):
        return (node.name, facts[node.name]) if node.name in facts else None
    if isinstance(node, nodes.Getattr):
        step: Any = node.attr
        written = f".{step}"
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        step = node.arg.value
        written = f"[{step!r}]"
    else:
        return None
    base = _fact(node.node, facts)
    try:
        return (base[0] + written, base[1][step]) if base else None
    except (LookupError, TypeError):
        return None


def short(value: Any) -> str:
    """Return a value as a message shows it; of a long list or table, only how long it is.

    >>> short("uno"), short(list(range(100)))
    ("'uno'", 'a list of 100')
    """
    shown = repr(value)
    if len(shown) <= LONGEST:
        return shown
    if isinstance(value, list | dict):
        return f"a {type(value).__name__} of {len(value)}"
    return f"{shown[: LONGEST - 3]}..."
