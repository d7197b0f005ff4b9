"""Whether claims hold: that is decided here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jinja2 import Environment, TemplateError, Undefined

from llmdeck.errors import ClaimError
from llmdeck.ledger.messages import UNREADABLE, does_not_hold, short, unreadable
from llmdeck.ledger.parts import source_name
from llmdeck.model import Claim, Facts, Result, Variant


def close_to(
    value: float,
    target: float,
    rel: float = 1e-9,
    abs: float = 0.0,  # noqa: A002  Python's own name
) -> bool:
    """Return whether two numbers differ by at most `rel` of the larger one, or by `abs`."""
    return math.isclose(value, target, rel_tol=rel, abs_tol=abs)


def failures(
    environment: Environment,
    claims: Iterable[Claim],
    results: Mapping[Variant, Result],
    said_on: Callable[[Claim], Sequence[str]],
) -> dict[str, ClaimError]:
    """Return the claims that don't hold, or can't be evaluated, by id.

    `said_on` gives the slides that say a claim. One without a result is not judged.
    """
    found: dict[str, ClaimError] = {}
    for claim in claims:
        if claim.variant is None or claim.variant not in results:
            continue
        facts = results[claim.variant].facts
        try:
            _see_that_it_reads(environment, claim, facts)
            if claim.answer:
                answer(environment, claim, facts)
            failing = failing_check(environment, claim, facts)
        except ClaimError as error:
            found[claim.id] = error
        else:
            if failing:
                found[claim.id] = does_not_hold(environment, claim, failing, facts, said_on(claim))
    return found


def _see_that_it_reads(environment: Environment, claim: Claim, facts: Facts) -> None:
    """See that the parts which are templates are Jinja, also where no slide says them."""
    for part, text in (("says", claim.says), ("often", claim.often), ("asks", claim.asks)):
        if text is None:
            continue
        try:
            environment.get_template(source_name(claim, part))
        except TemplateError as error:
            raise unreadable(environment, claim, part, error, facts) from None


def failing_check(environment: Environment, claim: Claim, facts: Facts) -> str:
    """Return the first check of a claim that is not true of `facts`; nothing where all are.

    Raises:
        ClaimError: where a check can't be evaluated (a misspelt fact, a wrong expression), or gives
            something that is neither true nor false.
    """
    for number, check in enumerate(claim.holds, 1):
        part = f"holds {number}"
        value = _evaluate(environment, claim, part, facts)
        if not isinstance(value, bool):
            gives = f"its check `{check}` gives {short(value)}, not true or false"
            message = f"claim {claim.id}: {gives}"
            hint = f'say what must hold of it: holds = "{check} < 0.01"'
            raise ClaimError(message, place=claim.place_of(part), hint=hint)
        if not value:
            return check
    return ""


def answer(environment: Environment, claim: Claim, facts: Facts) -> float:
    """Return the number that a claim's question asks for.

    It has its unit where it is a fact seen by `environment.view`.

    Raises:
        ClaimError: where it can't be evaluated, or is no number.
    """
    value = _evaluate(environment, claim, "answer", facts)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value):
        message = f"claim {claim.id}: its answer is no number: {short(value)}"
        raise ClaimError(message, place=claim.place_of("answer"))
    return value  # type: ignore[no-any-return]  # a number: it was looked at


def _evaluate(environment: Environment, claim: Claim, part: str, facts: Facts) -> Any:
    """Return the value of an expression of a claim.

    Raises:
        ClaimError: where it has none.
    """
    try:
        template = environment.get_template(source_name(claim, part))
        value = template.make_module(facts).result  # type: ignore[attr-defined]
        if isinstance(value, Undefined):
            str(value)  # raises the error that names it
        return value
    except UNREADABLE as error:
        raise unreadable(environment, claim, part, error, facts) from None
