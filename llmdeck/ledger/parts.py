"""The parts of a claim that are compiled: templates, and expressions over the demo's facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from jinja2 import Environment, TemplateSyntaxError, meta

from llmdeck.model import Claim

FILE = "claims.toml"

Part = Literal["says", "often", "asks"]
"""A part of a claim that is a template."""


def source_name(claim: Claim, part: str = "says") -> str:
    """Return the name under which a part of a claim is compiled as a template."""
    return f"{FILE}#{claim.id} {part}"


def sources(claims: Mapping[str, Claim]) -> dict[str, str]:
    """Return the ledger as templates; an expression is one that sets `result`."""
    found: dict[str, str] = {}
    for claim in claims.values():
        found[source_name(claim, "says")] = claim.says
        for part, text in (("often", claim.often), ("asks", claim.asks)):
            if text is not None:
                found[source_name(claim, part)] = text
        for part, expression in expressions(claim).items():
            found[source_name(claim, part)] = f"{{% set result = ({expression}) %}}"
    return found


def expressions(claim: Claim) -> dict[str, str]:
    """Return the parts of a claim that are expressions: `answer`, `holds 1` and so on."""
    checks = {f"holds {number}": check for number, check in enumerate(claim.holds, 1)}
    return checks | ({"answer": claim.answer} if claim.answer else {})


def names_in(environment: Environment, claim: Claim) -> set[str]:
    """Return the top-level names of the facts that a claim reads, in any of its parts."""
    written = ["{{ " + expression + " }}" for expression in expressions(claim).values()]
    source = "".join([claim.says, claim.often or "", claim.asks or "", *written])
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError:  # that is an error of its own
        return set()
    return meta.find_undeclared_variables(tree) - set(environment.globals)
